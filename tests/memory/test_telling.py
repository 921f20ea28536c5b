"""What is asked in plain words to be remembered: rules, and what becomes of it (C55, C56)."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memory.requests import birthday_in, remembered_in, reminder_in, stands_in
from memory.rules import MemoryRefused
from memory.store import MOST
from tests.builders import CHANNEL, DM, table, utterance
from tests.learning import DAY, MIRA, facts, say


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("remember that I hate olives", "I hate olives"),
        ("Pixel, please remember that my sister is called Eva. ok?", "my sister is called Eva"),
        ("hey <@99> remember this: the blue key is under the mat", "the blue key is under the mat"),
        ("Thanks! Don't forget that we meet on Fridays", "we meet on Fridays"),
        ("save this: tea, never coffee", "tea, never coffee"),
        ("Merk dir bitte, dass ich keine Nüsse esse", "ich keine Nüsse esse"),
        ("recuerda que vivo en Oslo", "vivo en Oslo"),
        ("do you remember that I hate olives?", ""),
        ("I remember that my sister came", ""),
        ("remember that time we met?", ""),
        ("he told me to remember that I am late", ""),
        ("> remember that I am a king\nno", ""),
        ("`remember that I am code`", ""),
        ("> remember that I am a king\nremember that I am a queen", "I am a queen"),
        ("remember me?", ""),
        ("", ""),
    ],
)
def test_a_wish_at_a_sentences_beginning_is_one(text, what):
    assert remembered_in(text, names=("Pixel",)) == what


def test_looking_for_a_wish_takes_time_in_proportion():
    assert remembered_in("please remember " * 20_000) == ""
    assert remembered_in("remember that " * 20_000) == ""


def _reminder(text: str) -> object:
    return reminder_in(text, read_when=lambda _: None, names=("Pixel",))


def _wish(text: str) -> object:
    return remembered_in(text, names=("Pixel",))


@pytest.mark.parametrize("look", [_wish, _reminder, birthday_in])
@pytest.mark.parametrize(
    "piece", ["\n", " \n", " ", "please\n", "Pixel,\n", "\u201c", "`", "remind me ", "\n> "]
)
def test_four_times_the_lines_take_about_four_times_the_time(
    look: Callable[[str], object], piece: str
) -> None:
    count = 16_000 // len(piece)

    def seconds(times: int) -> float:
        begun = time.process_time()
        look("a" + piece * times + "b")
        return time.process_time() - begun

    seconds(count // 16)
    # The machine has other work: a ratio that is too high once is measured again.
    assert any(seconds(count) < 8 * seconds(count // 4) + 0.002 for _ in range(5))


@pytest.mark.parametrize(
    ("words", "line", "stands"),
    [
        ("I hate olives", "Pixel, remember that I  HATE olives!", True),
        ("<@99> is my aunt", "remember: @Bob is my aunt", True),
        ("I like <:pog:123> and tea", "remember that I like :pog: and tea", True),
        ("I hate olives", "never mind", False),
        ("I hate <@99> a lot", "I hate it", False),
        ("I hate olives", "", False),
    ],
)
def test_words_stand_in_a_line_with_the_names_that_it_gives_to_people(words, line, stands):
    assert stands_in(words, line) is stands


def test_blank_lines_before_a_wish_are_no_matter():
    assert remembered_in("hi\n\n   \n  Pixel,\n\nremember that I hate olives") == "I hate olives"


@pytest.fixture
async def at(tmp_path: Path):
    async with table(tmp_path) as set_table:
        yield set_table


async def test_what_is_asked_for_in_talk_is_kept_for_good_with_its_message_and_confirmed(at):
    said = await say(at, "Pixel, remember that I hate olives!")
    (one,) = await facts(at)
    assert (one.text, one.kept, one.sources, one.scope) == ("I hate olives", True, [said], "channel")
    assert "Confirm that" in at.claude.prompts[-1].messages[-1].blocks[-1].text
    await at.resume(await at.hear("hm"))
    assert len(await facts(at)) == 1


async def test_what_is_said_to_nobody_is_no_wish(at):
    await say(at, "remember that I hate olives", mentions_me=False)
    assert await facts(at) == []


async def test_it_goes_with_its_message(at):
    said = await say(at, "remember that I hate olives", where=DM)
    await at.app.message_log.deleted(DM.channel_id, {said})
    assert await facts(at) == []


@pytest.mark.parametrize("change", ["deleted", "edited"])
async def test_what_was_taken_back_before_it_was_kept_is_not_kept(at, monkeypatch, change):
    heard = utterance(
        "Pixel, remember that I hate Tuesdays", where=CHANNEL, mentions_me=True, sent_at=at.clock.now()
    )
    found, chronicle = at.app.recall.found, at.app.message_log

    async def meanwhile(*asked, **more):
        monkeypatch.undo()
        if change == "deleted":
            await chronicle.deleted(CHANNEL.channel_id, {heard.message_id})
        else:
            await chronicle.edited(CHANNEL.channel_id, heard.message_id, "Pixel, never mind")
        return await found(*asked, **more)

    monkeypatch.setattr(at.app.recall, "found", meanwhile)
    await at.app.conversation.take_turn(heard, at.mouth)
    assert await facts(at) == []
    with pytest.raises(MemoryRefused, match="TAKEN_BACK"):
        await at.app.memories.remember("pixel", MIRA, "I hate Tuesdays", CHANNEL, source=heard.message_id)


async def test_a_wish_that_cannot_be_kept_says_why(at):
    await say(at, "remember this: my password is hunter2")
    assert await facts(at) == []
    assert "no passwords" in at.claude.prompts[-1].messages[-1].blocks[-1].text
    with pytest.raises(MemoryRefused, match="SECRETS"):
        await at.app.memories.remember("pixel", MIRA, "my password is hunter2", CHANNEL)


@pytest.mark.slow
async def test_there_is_room_for_so_many_and_no_more(at):
    for number in range(MOST):
        await at.app.memories.remember("pixel", MIRA, f"thing number {number}", CHANNEL)
    await say(at, "remember that I have one thing more")
    assert len(await facts(at)) == MOST
    assert "all I can keep" in at.claude.prompts[-1].messages[-1].blocks[-1].text


async def test_it_stays_when_other_facts_expire(at):
    await say(at, "remember that I hate olives")
    at.clock.pass_time(400 * DAY)
    assert await at.app.memories.expire() == 0
    assert len(await facts(at)) == 1
