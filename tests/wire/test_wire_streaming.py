"""main.py on the real wire with stream_replies: a reply is seen while it is written, and said once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from itertools import pairwise, product
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.support.streaming import EDITS, GAP, PLACES, SETTINGS, StreamedTalk, held, words, written
from tests.thorough import usually
from tests.world import discord_faults as faults
from tests.world.claude_faults import CutStream, ResetStream, Say, paced
from tests.world.process import BotProcess, world
from tests.world.replies import lawful

pytestmark = pytest.mark.timeout(240)

BEFORE_THE_PLEDGE = ("drafted", "draft_posted", "draft_noted", "edited", "edited:2", "composed")
AFTER_IT = ("pledged", "part_posted", "part_said", "settled")
LETTERS = {1: 600, 3: 5_000}
"""Letters of a reply by the messages that it takes."""
WITHIN = 60.0


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotProcess]:
    async with world(tmp_path, **SETTINGS) as started_later:
        yield started_later
        lawful(started_later)


def killings() -> list[ParameterSet]:
    """Return where, of how many parts, and at which stage it is killed, and if its question goes then.

    Usually each stage in each place, with the parts and the question taken in turn.
    """
    every = [
        case
        for case in product(PLACES, LETTERS, (*BEFORE_THE_PLEDGE, *AFTER_IT), (False, True))
        if case[1:3] != (1, "part_said")  # the only part is the last one: with that it is settled
    ]
    stages = [*BEFORE_THE_PLEDGE, *AFTER_IT]
    some = []
    for (number, place), (turn, stage) in product(enumerate(PLACES), enumerate(stages)):
        parts = 3 if stage == "part_said" or (number + turn) % 2 else 1
        some.append((place, parts, stage, (number + turn) % 3 == 0))
    return [pytest.param(*case, marks=pytest.mark.slow) for case in usually(some, every)]


@pytest.mark.slow
async def test_a_reply_is_seen_while_it_is_written_and_stands_whole_in_channel_and_log(bot):
    talk, text = StreamedTalk.in_place(bot, "dm"), words("it", 600)
    answer = held(text, after=300)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    begun = await talk.until_begun()
    assert text.startswith(begun)
    [first] = talk.channel.said_by(bot.discord.bot)
    assert first.allowed_mentions is not None
    await bot.discord.wait_until(lambda: len(first.content) > 200, what="an edit")
    assert talk.drafts == 1
    assert "sentence 1" not in str(talk.rows("SELECT text FROM messages"))
    answer.goes_on.set()
    await talk.until_over(text)
    assert [message.id for message in talk.channel.said_by(bot.discord.bot)] == [first.id]


@pytest.mark.slow
async def test_killed_in_the_middle_of_its_words_it_says_them_in_the_message_that_is_there(bot):
    talk = StreamedTalk.in_place(bot, "dm")
    talk.will_write(written(words("once", 600), seconds=20), written(words("again", 600)))
    await bot.start(crash_at="edited")
    await talk.call()
    assert await bot.ended(within=WITHIN) == -9
    [draft] = talk.channel.said_by(bot.discord.bot)
    await bot.start()
    await talk.until_over(talk.takes[1])
    assert [message.id for message in talk.channel.said_by(bot.discord.bot)] == [draft.id]


@pytest.mark.parametrize(("place", "parts", "stage", "deleted"), killings())
async def test_killed_at_any_stage_one_whole_reply_is_left_or_none_where_its_question_went(
    bot, place, parts, stage, deleted
):
    talk, letters = StreamedTalk.in_place(bot, place), LETTERS[parts]
    at_once = letters - 400 if stage in AFTER_IT else letters // 4  # so that much is left to be said then
    seconds = 1.2 if stage in (*AFTER_IT, "composed") else 20.0  # of which it lives to see few
    talk.will_write(written(words("once", letters), seconds=seconds, at_once=at_once))
    talk.will_write(written(words("again", letters)))
    await bot.start(crash_at=stage)
    await talk.call()
    assert await bot.ended(within=WITHIN) == -9
    bot.discord.nonce_window = -1  # gone for longer than Discord remembers what it posted
    if deleted:
        bot.discord.delete(talk.asked[0])
    await bot.start()
    if not deleted:
        await talk.until_over(*talk.takes)
        assert len(talk.shown) == parts
    else:  # what was said to its end stays, as any reply does
        await talk.until_over(talk.takes[0] if stage == "settled" else "")
    standing = talk.all_shown
    asked = len(talk.prompts)
    await talk.call("and on")
    await bot.discord.wait_until(lambda: talk.prompts[asked:], what="a prompt")
    # Nothing that was only a draft comes up in it.
    found = [take for take in talk.takes if take[:40] in talk.prompts[asked].text]
    assert found == [standing] * bool(standing)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("place", "count"), [("dm", 20), ("guild", 4), ("webhook", 4)])
async def test_under_discords_limit_replies_of_all_lengths_stand_whole_and_edits_keep_their_distance(
    bot, place, count
):
    talk, gap = StreamedTalk.in_place(bot, place), 1.0
    bot.settings["STREAM_GAP"] = str(gap)
    bot.discord.faults.limit_edits()
    await bot.start()
    for number in range(count):
        letters = 100 + round(number * 4_900 / (count - 1))
        text, seconds = words(f"{number} it", letters), letters / 500
        shown, edits, posts = len(talk.shown), len(talk.edits), len(bot.discord.bot_messages)
        talk.will_write(written(text, seconds=seconds))
        await talk.call()
        await bot.discord.wait_until(
            lambda shown=shown, text=text: " ".join(talk.shown[shown:]) == text,
            timeout=WITHIN,
            what=f"a reply of {letters} letters",
        )
        await talk.until_agreed()
        made = talk.edits[edits:]
        assert [later.time - sooner.time >= gap * 0.9 for sooner, later in pairwise(made)].count(False) == 0
        assert {one.status for one in made} <= {200}
        assert len(made) <= 1 + seconds / gap
        assert len(bot.discord.bot_messages) - posts == len(talk.shown) - shown
        if made:
            ended = talk.prompts[-1].ended_at
            assert ended is not None
            assert made[-1].time - ended <= 3 * gap  # usually less than 2
    assert talk.drafts == 0


@pytest.mark.slow
async def test_faster_than_discord_lets_it_edit_it_shows_the_newest_words_and_waits_for_none(bot):
    talk, text = StreamedTalk.in_place(bot, "guild"), words("it", 1_900)
    bot.discord.faults.limit_edits()
    talk.will_write(written(text, seconds=8))
    await bot.start()
    await talk.call()
    await talk.until_over(text)
    # Five at once, then five in the next five seconds, and what ends it: none was kept for later.
    assert len(talk.edits) <= 12
    taken = [edit.body["content"] for edit in talk.edits]
    assert all(later.startswith(sooner) for sooner, later in pairwise(taken))


@pytest.mark.parametrize("place", ["dm", *(pytest.param(one, marks=pytest.mark.slow) for one in PLACES[1:])])
async def test_a_draft_that_a_moderator_deletes_is_not_posted_again(bot, place):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("it", 1_200), after=400)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    await talk.until_begun()
    bot.discord.delete(talk.channel.said_by(bot.discord.bot)[0])
    answer.goes_on.set()
    await talk.until_over("")
    talk.will_write(Say("a second one."))
    await talk.call()
    await talk.until_over("a second one.")


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
async def test_a_second_message_of_a_draft_that_a_moderator_deletes_ends_the_reply(bot, place):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("it", 5_000), after=3_000)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    await bot.discord.wait_until(lambda: len(talk.shown) == 2, what="two messages")
    bot.discord.delete(talk.channel.said_by(bot.discord.bot)[1])
    answer.goes_on.set()
    await talk.until_over("")


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
async def test_what_is_asked_goes_while_the_reply_is_written_and_so_does_the_reply(bot, place):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("it", 1_200), after=400)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    await talk.until_begun()
    bot.discord.delete(talk.asked[0])
    answer.goes_on.set()
    await talk.until_over("")


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
async def test_what_is_asked_is_edited_while_the_reply_is_written_and_the_same_message_has_the_new_one(
    bot, place
):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("first", 1_200), after=400)
    talk.will_write(answer, written(words("second", 300)))
    await bot.start()
    await talk.call()
    await talk.until_begun()
    draft = talk.channel.said_by(bot.discord.bot)[0]
    bot.discord.edit(talk.asked[0], content=f"{talk.name}, tell me less")
    answer.goes_on.set()
    await talk.until_over(talk.takes[1])
    assert [message.id for message in talk.channel.said_by(bot.discord.bot)] == [draft.id]


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
async def test_where_edits_fail_for_half_a_minute_the_whole_text_stands_there_once_afterwards(bot, place):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("it", 800), after=400)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    begun = await talk.until_begun()
    rule = bot.discord.faults.on("PATCH", EDITS, then=faults.server_error(), lasts=30)
    answer.goes_on.set()
    await bot.discord.wait_until(lambda: rule.hits, what="an edit that fails")
    await asyncio.sleep(30)
    assert talk.all_shown.startswith(begun)
    await bot.discord.wait_until(
        lambda: talk.all_shown == answer.text, timeout=90, what="the whole text, by the job that goes on"
    )
    await talk.until_over(answer.text)
    assert len(talk.prompts) == 1


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", [faults.reset(stores=True), faults.server_error(500, stores=True)])
async def test_first_words_that_discord_kept_but_did_not_confirm_are_not_there_twice(bot, place, fault):
    talk, text = StreamedTalk.in_place(bot, place), words("it", 800)
    talk.will_write(written(text))
    bot.discord.faults.on("POST", r"/(channels/\d+/messages|webhooks/\d+/[^/]+)", then=fault, times=5)
    await bot.start()
    await talk.call()
    await talk.until_over(text)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [CutStream, ResetStream])
async def test_a_model_that_breaks_off_is_asked_again_and_the_same_message_has_its_second_answer(bot, kind):
    talk = StreamedTalk.in_place(bot, "guild")
    broken = paced(words("first", 800), first=0.1, per_second=100, kind=kind, tokens=120)
    talk.will_write(broken, written(words("second", 500)))
    await bot.start()
    await talk.call()
    await talk.until_over(talk.takes[1])
    assert len({one.path for one in talk.edits}) == 1


@pytest.mark.slow
async def test_a_model_that_falls_silent_is_cut_at_the_last_whole_sentence(bot):
    bot.settings["LLM_TIMEOUT"] = "4"
    talk, answer = StreamedTalk.in_place(bot, "guild"), held(words("it", 1_200), after=402)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    whole = answer.text[:402].rpartition(".")[0] + "."
    await talk.until_over(whole)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
async def test_stopped_while_a_reply_is_written_it_ends_it_then_or_after_the_restart(bot, place):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("first", 1_200), after=400)
    talk.will_write(answer, written(words("second", 500)))
    await bot.start()
    await talk.call()
    await talk.until_begun()
    stopping = asyncio.create_task(bot._signal(signal.SIGTERM))
    await asyncio.sleep(0.5)
    answer.goes_on.set()
    assert await stopping == 0
    await bot.start()
    await talk.until_over(*talk.takes)
    assert len(talk.shown) == 1


@pytest.mark.slow
async def test_the_first_words_are_seen_long_before_the_last_are_written(bot):
    talk = StreamedTalk.in_place(bot, "dm")
    await bot.start()
    late = list[float]()
    for number in range(10):
        text = words(f"{number} it", 360)
        posted = len(bot.discord.requests)
        talk.will_write(paced(text, first=0.3, per_second=30))
        await talk.call()
        await bot.discord.wait_until(
            lambda text=text: talk.shown and talk.shown[-1] == text, timeout=WITHIN, what="the whole reply"
        )
        await talk.until_agreed()
        post = next(one for one in bot.discord.requests[posted:] if one.path.endswith("/messages"))
        asked = talk.prompts[-1]
        assert asked.first_words_at is not None
        assert asked.ended_at is not None
        late.append((post.time - asked.first_words_at) / (asked.ended_at - asked.first_words_at))
    # A sentence comes in a quarter of a second, the whole reply in three; the machine may be busy.
    assert sorted(late)[len(late) // 2] < 0.35


@pytest.mark.slow
async def test_without_the_setting_nothing_is_shown_before_it_is_whole(bot):
    bot.settings["STREAM_REPLIES"] = "false"
    talk, answer = StreamedTalk.in_place(bot, "dm"), held(words("it", 400), after=200)
    bot.claude.will_say(answer)
    await bot.start()
    await talk.call()
    await bot.claude.received(1)
    await asyncio.sleep(2 * GAP)
    assert talk.shown == []
    answer.goes_on.set()
    await talk.until_over(answer.text)
    assert talk.edits == []
