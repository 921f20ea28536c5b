"""The layouts whose cost is compared: seed 000's as it was coded, ours, and ours with one thing changed."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.bench_layout import OURS, REPLIES, WHOLE
from benchmarks.billing import Books
from benchmarks.layouts import (
    RECALLED_LINES,
    WINDOW_LINES,
    recalling,
    sliding,
    spoken_lines,
    stamped,
    uncached,
)
from benchmarks.pair_talk import ANSWERED, Said, pair_talk
from benchmarks.playing import MODEL, play_ours, play_seed
from benchmarks.seed_layout import LONGEST_HISTORY, SeedLayout
from bot.conversation.prompt import compose_prompt
from bot.conversation.types import Episode, Head, Line, Recollection
from bot.llm.types import Prompt, Question
from tests.builders import CHANNEL, PIXEL, utterance
from tests.fakes import EPOCH, FakeClock
from tests.world.claude_cache import breakpoints_of, objection, render

QUESTION = Question(purpose="reply", model=MODEL, max_tokens=100, deadline=60)


def said(text: str = "hello", *, channel: int = 0, author_id: int = 1, answer: str | None = "hi") -> Said:
    return Said(channel, 0.0, author_id, f"Person{author_id}", text, answer)


def a_prompt(lines: int = 300) -> Prompt:
    """Return a prompt of ours with a summary and so many lines, every third of which is the character's."""
    transcript = tuple(
        Line(number, "Mira#123456", f"and {number}\n  indented", number % 3 == 2, EPOCH)
        for number in range(lines)
    )
    head = Head(episodes=(Episode("We spoke of lakes.", EPOCH, EPOCH),))
    remembered = Recollection(lines=transcript, floor=0, heard_through=lines, head=head)
    return compose_prompt(PIXEL, remembered, [utterance(where=CHANNEL)], now=EPOCH)


# --- The talk -----------------------------------------------------------------------------------


@pytest.mark.parametrize("generated", [True, None])
def test_a_channel_belongs_to_two_people_and_about_a_third_of_what_they_say_is_answered(generated):
    talk = pair_talk(channels=6, messages=400, gap=60, generated=generated)
    people = [{one.author_id for one in talk if one.channel == channel} for channel in range(6)]
    assert all(len(pair) == 2 for pair in people)
    assert len(set().union(*people)) == 12
    answered = sum(one.answer is not None for one in talk) / len(talk)
    assert answered == pytest.approx(ANSWERED, abs=0.03)
    assert [one.seconds for one in talk] == sorted(one.seconds for one in talk)


def test_another_gap_stretches_the_same_talk():
    near, far = (pair_talk(channels=3, messages=200, gap=gap, generated=True) for gap in (20, 240))
    assert [(one.text, one.answer) for one in near] == [(one.text, one.answer) for one in far]
    assert far[-1].seconds == pytest.approx(12 * near[-1].seconds)
    assert far[-1].seconds == pytest.approx(200 * 240, rel=0.3)


# --- Seed 000 -----------------------------------------------------------------------------------


def test_no_two_system_prompts_of_the_seed_are_alike_and_nothing_asks_for_a_cache():
    seed, books = SeedLayout(PIXEL, MODEL), Books(FakeClock().monotonic)
    systems = []
    for one in pair_talk(channels=1, messages=100, gap=20, generated=True):
        seed.hear(one)
        request = seed.request(one)
        assert objection(request) is None
        assert breakpoints_of(request) == []
        systems.append(request["system"])
        books.enter("reply", request, "yes")
        seed.answered(one, "yes")
    assert len(set(systems)) == 100
    assert all(PIXEL.core_prompt in system for system in systems)
    assert books.hit_rate("reply") == 0


def test_the_seed_shows_the_last_ten_lines_of_the_channel_and_no_other_channels():
    seed = SeedLayout(PIXEL, MODEL)
    for number in range(12):
        seed.hear(said(f"line {number:02}", answer=None))
    seed.hear(said("elsewhere", channel=1))
    system = seed.request(said())["system"]
    assert "line 02" in system
    assert "line 01" not in system
    assert "elsewhere" not in system


def test_the_seed_takes_a_persons_history_from_channel_to_channel_and_only_what_it_answered():
    seed = SeedLayout(PIXEL, MODEL)
    seed.hear(said("not answered"))
    seed.answered(said("first"), "one")
    request = seed.request(said("second", channel=1))
    assert [message["content"] for message in request["messages"]] == ["first", "one", "second"]
    assert len(seed.request(said("mine", author_id=2))["messages"]) == 1


def test_the_seed_condenses_a_long_history_and_its_memories_double():
    seed = SeedLayout(PIXEL, MODEL)
    sizes = [0]
    for number in range(3):
        while not seed.is_too_long(1):
            seed.answered(said("blah " * 1_000), f"well {number}")
        assert render(seed.summary_request(1)).total > LONGEST_HISTORY
        answer = seed.summary_answer(1, "so it was")
        seed.condense(1, answer)
        request = seed.request(said("and now?"))
        assert [message["role"] for message in request["messages"]] == [
            *("user", "user", "assistant", "user", "assistant"),
            "user",
        ]
        assert request["messages"][0]["content"] == "(Summary) so it was"
        sizes.append(len(request["system"].split("Core memories:\n")[1]))
    assert all(after > 2 * before for before, after in pairwise(sizes))


# --- Ours, and what was tried -------------------------------------------------------------------


@pytest.mark.parametrize("layout", [*REPLIES, WHOLE], ids=lambda layout: layout.name)
@pytest.mark.parametrize("lines", [1, 300])
def test_every_layout_is_a_request_that_the_service_takes(layout, lines):
    request = layout.request(a_prompt(lines), QUESTION, EPOCH)
    request.pop("timeout")
    assert objection(request) is None
    assert a_prompt(lines).messages[-1].blocks[-1].text in request["messages"][-1]["content"][-1]["text"]


def test_a_time_in_the_system_prompt_changes_its_beginning_and_nothing_else():
    prompt, later = a_prompt(), EPOCH + timedelta(minutes=1)
    one, other = stamped(prompt, EPOCH), stamped(prompt, later)
    assert one.system[0].text.endswith(prompt.system[0].text)
    assert one.system[0].text[:20] != prompt.system[0].text[:20]
    assert one.system != other.system
    assert one.messages == prompt.messages


def test_memories_in_the_system_prompt_are_others_for_another_prompt_and_stand_behind_the_character():
    prompt = a_prompt()
    one, other = recalling(prompt, EPOCH), recalling(a_prompt(301), EPOCH)
    assert one.system[0] == prompt.system[0]
    assert one.system[1:] != other.system[1:]
    assert one.system[1].text.count("Mira#123456: ") == RECALLED_LINES
    assert one.messages == prompt.messages


def test_a_sliding_window_holds_the_last_lines_and_neither_summary_nor_cache_points():
    prompt = a_prompt()
    slid = sliding(prompt, EPOCH)
    assert spoken_lines(slid) == spoken_lines(prompt)[-len(spoken_lines(slid)) :]
    assert WINDOW_LINES - 1 <= len(spoken_lines(slid)) <= WINDOW_LINES
    short = a_prompt(5)
    assert "We spoke of lakes." in short.text
    assert "We spoke of lakes." not in sliding(short, EPOCH).text
    assert len(spoken_lines(short)) == 5
    assert slid.messages[-1].blocks[-1] == prompt.messages[-1].blocks[-1]
    assert [block.cache for block in slid.system] == [True]
    assert not any(block.cache for message in slid.messages for block in message.blocks)


def test_what_is_not_cached_has_no_cache_points_and_the_same_words():
    prompt = a_prompt()
    request = REPLIES[0].request(uncached(prompt, EPOCH), QUESTION, EPOCH)
    assert breakpoints_of(request) == []
    assert uncached(prompt, EPOCH).text == prompt.text


def test_the_books_price_what_is_written_for_an_hour_and_what_is_read():
    clock = FakeClock()
    books, layout = Books(clock.monotonic), REPLIES[0]
    request = layout.request(a_prompt(), QUESTION, EPOCH)
    first = books.enter("reply", request, "x" * 40)
    total = render(request).total
    assert first.cache_read == 0
    assert first.cache_write_1h + (first.input or 0) == total
    spent = books.spent["reply"]
    assert spent == pytest.approx((4 * first.cache_write_1h + 2 * (first.input or 0) + 10 * 10) / 1e6)
    second = books.enter("reply", request, "x" * 40)
    assert second.cache_read == first.cache_write_1h
    assert books.spent["reply"] - spent == pytest.approx(
        (0.1 * second.cache_read + 2 * (second.input or 0) + 10 * 10) / 1e6
    )
    assert books.hit_rate("reply") == pytest.approx(second.cache_read / (2 * total))
    clock.pass_time(3601)
    assert books.enter("reply", request, "x").cache_read == 0


def test_a_model_without_a_price_is_not_taken_for_free():
    request = REPLIES[0].request(a_prompt(1), replace(QUESTION, model="claude-unheard-of"), EPOCH)
    with pytest.raises(ValueError, match="claude-unheard-of"):
        Books(FakeClock().monotonic).enter("reply", request, "x")


@pytest.mark.slow
async def test_both_answer_the_same_messages_and_ours_is_billed_with_its_summaries(tmp_path: Path):
    talk = pair_talk(channels=2, messages=60, gap=60, generated=True)
    answered = sum(one.answer is not None for one in talk)
    ours = await play_ours(tmp_path / "played", talk, REPLIES, tokens=900)
    assert play_seed(talk).calls["reply"] == answered
    assert {bill.calls["reply"] for bill in ours.values()} == {answered}
    assert ours[OURS].calls["summary"] >= 2
    assert "summary" not in ours["sliding window"].calls
    assert ours["not cached"].hit_rate == 0
    assert ours[OURS].hit_rate == max(bill.hit_rate for bill in ours.values()) > 0.5


@pytest.mark.slow
async def test_the_whole_bill_has_votes_tones_and_the_facts_of_the_night_in_it(tmp_path: Path):
    talk = pair_talk(channels=1, messages=60, gap=1_800, generated=True)
    mixed = replace(talk[5], text="Thank you, you are a liar and an idiot", answer="Well.")
    bills = await play_ours(tmp_path / "played", [*talk[:5], mixed, *talk[6:]], [WHOLE], tokens=900)
    spent = bills[WHOLE.name].spent
    assert {"reply", "summary", "vote", "appraisal", "facts"} <= spent.keys()
    assert min(spent.values()) > 0
    assert bills[WHOLE.name].dollars == pytest.approx(sum(spent.values()))
