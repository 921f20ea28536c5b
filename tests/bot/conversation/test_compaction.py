"""Older talk is summed up in one step, all of it or nothing, and before it leaves the log (C49, C7)."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.conversation.rethinking import CannotRemake, Requester
from bot.conversation.summaries import summary_prompt
from bot.conversation.text.names import speaker_label
from bot.conversation.types import Utterance
from bot.core.errors import Unsaid
from bot.llm.client import Answer
from bot.llm.errors import (
    ClaudeCut,
    ClaudeDenied,
    ClaudeEmpty,
    ClaudeError,
    ClaudeRefused,
    ClaudeTimeout,
    ClaudeUnavailable,
    PromptTooLong,
)
from bot.llm.types import Prompt, Question, TokenEstimate
from bot.settings import Settings
from database.models import MessageRow
from database.repositories.messages import Uncovered
from memory.places import Place, Where
from tests.builders import CHANNEL, DM, PIXEL, Table, table, utterance
from tests.fakes import EPOCH
from tests.summing import (
    DAY,
    HOUR,
    NOTE,
    contents,
    filling,
    joined,
    note,
    remembering,
    summaries,
    talk,
    transcript,
    uncovered,
)
from tests.support.prompts import as_bytes, blocks, prefix

MIRA = 42
SMALL = remembering(2_000)


@pytest.fixture
async def at_small_table(tmp_path):
    async with table(tmp_path, manner=SMALL) as set_table:
        yield set_table


async def fill_up(at: Table, where: Where = DM, *, condensed: int = 2_000) -> None:
    """Let people talk until it is too much, and Claude fail to sum it up."""
    left = await talk(at, condensed, where=where)
    await at.hear(filling(left + 30), where=where)
    await at.app.summaries.settled()
    at.clock.pass_time(3 * HOUR)


async def consent(at: Table, *people: int) -> None:
    for person in people:
        await at.app.memories.let_learn(person, True)


async def texts(at: Table, person: int = MIRA) -> list[str]:
    return [one.text for one in await at.app.memories.of("pixel", person)]


def while_summing_up(at: Table, happens: Callable[[], Any]) -> None:
    """Let something happen once, while the model writes a summary."""

    async def once() -> None:
        if at.claude.questions[-1].purpose == "summary":
            at.claude.while_thinking = None
            await happens()

    at.claude.while_thinking = once


def answers_differently(at: Table, change: Callable[[Answer], Answer]) -> None:
    ask = at.claude.ask

    async def asked(prompt: Prompt, question: Question) -> Answer:
        return change(await ask(prompt, question))

    at.claude.ask = asked  # type: ignore[method-assign]


# --- When, and how much (C49) --------------------------------------------------------------------------


@pytest.mark.parametrize(("over", "summed_up"), [(30, 1), (-30, 0)])
async def test_talk_just_over_6_000_tokens_is_summed_up_once_and_just_under_it_not_at_all(
    at_table, over, summed_up
):
    left = await talk(at_table, 6_000)
    at_table.claude.will_note(note(NOTE * 5))
    await at_table.hear(filling(left + over))
    await at_table.app.summaries.settled()
    assert len(at_table.claude.background) == len(await summaries(at_table.database)) == summed_up
    await at_table.hear("so?")
    await at_table.app.summaries.settled()
    assert len(at_table.claude.background) == summed_up


async def test_the_prompt_falls_to_about_a_third_and_the_last_two_exchanges_stay_word_for_word(at_table):
    left = await talk(at_table, 6_000)
    at_table.claude.will_note(note(NOTE * 5))
    at_table.claude.will_say("the reply before the last", "the last reply", "and then")
    await at_table.hear("the line before the last")
    await at_table.hear(filling(left + 30))
    await at_table.app.summaries.settled()
    await at_table.hear("so?")
    before, after = (transcript(prompt) for prompt in at_table.claude.prompts[-2:])
    tokens = TokenEstimate()
    assert tokens(before) > 6_000
    assert 0.2 <= tokens(after) / 6_000 <= 0.45
    assert NOTE.strip() in after
    for words in (
        "the line before the last",
        "the reply before the last",
        filling(left + 30),
        "the last reply",
    ):
        assert words in after
    assert "number 1:" in before
    assert "number 1:" not in after


async def test_two_exchanges_stay_even_where_they_are_more_than_a_third(at_small_table):
    at = at_small_table
    await talk(at, 1_400)
    for number in range(2):
        at.claude.will_say(f"long {number} " + "purr " * 290)
        at.claude.will_note(note())
        await at.hear(f"Pixel, long {number} " + "tell " * 230)
        await at.app.summaries.settled()
    assert len(await summaries(at.database)) == 1
    kept = "\n".join(row.text for row in await uncovered(at.database))
    for words in ("Pixel, long 0", "long 0 purr", "Pixel, long 1", "long 1 purr"):
        assert words in kept


@pytest.mark.parametrize(("reported", "summed_up"), [(1, 0), (2, 1)])
async def test_the_estimate_as_corrected_by_what_the_server_reports_decides(at_table, reported, summed_up):
    def counted(answer: Answer) -> Answer:
        usage = replace(answer.call.usage, input=(answer.call.usage.input or 0) * reported)
        return replace(answer, call=replace(answer.call, usage=usage))

    answers_differently(at_table, counted)
    at_table.claude.will_note(note(NOTE * 5))
    await talk(at_table, 4_000)
    await at_table.app.summaries.settled()
    assert len(await summaries(at_table.database)) == summed_up


async def test_of_very_many_short_lines_the_older_ones_are_summed_up_too(at_table):
    """Only 2,000 lines are read for a prompt: its beginning must not move with every line."""
    async with at_table.database.begin() as db:
        heard = utterance("hi", where=CHANNEL)
        await db.channels.note(600, place="guild", name="", guild_id=700, guild_name="", heard=0)
        for number in range(1_600):
            line = replace(heard, message_id=10**12 + number, text="lol", sent_at=at_table.clock.now())
            await db.messages.add(_row(line))
    at_table.claude.will_note(note("They laughed a lot. " * 10))
    await at_table.hear("Pixel?", where=CHANNEL)
    await at_table.app.summaries.settled()
    assert len(await summaries(at_table.database, CHANNEL)) == 1
    assert 400 < len(await uncovered(at_table.database, CHANNEL)) < 600


def _row(line: Utterance) -> MessageRow:
    return MessageRow(
        id=line.message_id,
        channel_id=line.where.channel_id,
        author_id=line.author_id,
        author_name=line.author_name,
        text=line.text,
        sent_at=line.sent_at,
    )


# --- What must not take the place of the talk (C7) -----------------------------------------------------

SHRUNKEN = "We talked"
OLD_FORM = "SUMMARY:\n" + NOTE
BAD = [
    "",
    "Hm.",
    NOTE,
    OLD_FORM,
    "[" * 50_000,
    "{" * 50_000,
    '{"summary": "' + NOTE,
    "[1, 2, 3]",
    "null",
    json.dumps({"operations": []}),
    json.dumps({"summary": None, "operations": []}),
    json.dumps({"summary": 7, "operations": []}),
    json.dumps({"summary": ["a", "b"], "operations": []}),
    json.dumps({"summary": "", "operations": []}),
    json.dumps({"summary": "  \n\u200b ", "operations": []}),
    json.dumps({"summary": NOTE, "operations": "none"}),
    json.dumps({"summary": NOTE, "operations": ["none"]}),
    json.dumps({"summary": NOTE, "operations": {}}),
    note(SHRUNKEN),
    note("words " * 2_000),
    ClaudeTimeout("no answer within 30 s"),
    ClaudeUnavailable("529: Overloaded"),
    ClaudeRefused("declined"),
    ClaudeDenied("401"),
    ClaudeEmpty("no text"),
    ClaudeCut("broke off"),
    PromptTooLong("400: prompt is too long"),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "bad", BAD, ids=lambda bad: str(bad)[:30] if isinstance(bad, str) else type(bad).__name__
)
async def test_an_answer_that_is_no_summary_leaves_everything_as_it_was_and_is_asked_for_again(
    at_small_table, tmp_path, bad
):
    at = at_small_table
    await consent(at, MIRA)
    await at.app.memories.remember("pixel", MIRA, "I like tea", DM)
    await fill_up(at)
    before, asked = contents(tmp_path), len(at.claude.background)
    at.claude.will_note(bad)
    assert await at.app.summaries.condense("pixel", DM) == 0
    assert contents(tmp_path) == before
    assert len(at.claude.background) == asked + 1
    at.clock.pass_time(3 * HOUR)
    at.claude.will_note(note())
    assert await at.app.summaries.condense("pixel", DM) > 5
    assert len(await summaries(at.database)) == 1


async def test_a_summary_that_was_cut_short_is_none(at_small_table, tmp_path):
    at = at_small_table
    await fill_up(at)
    before = contents(tmp_path)
    answers_differently(at, lambda answer: replace(answer, cut_short=True))
    at.claude.will_note(note())
    assert await at.app.summaries.condense("pixel", DM) == 0
    assert contents(tmp_path) == before


async def test_a_character_that_was_let_go_sums_up_nothing_and_finds_its_talk_when_it_comes_back(
    at_small_table,
):
    at = at_small_table
    await fill_up(at)
    pixel = at.app.company.by_slug["pixel"]
    at.app.company.part("pixel")
    asked = len(at.claude.background)
    assert await at.app.summaries.condense("pixel", DM) == 0
    assert len(at.claude.background) == asked
    at.app.company.join(pixel)
    at.claude.will_note(note())
    assert await at.app.summaries.condense("pixel", DM) > 5


async def test_a_tenth_of_what_a_summary_usually_is_is_none(at_table, tmp_path):
    """A usual one has 5 % of the words: 150 for 3,000."""
    await fill_up(at_table, condensed=6_000)
    before = contents(tmp_path)
    at_table.claude.will_note(note("word " * 15))
    assert await at_table.app.summaries.condense("pixel", DM) == 0
    assert contents(tmp_path) == before
    at_table.clock.pass_time(3 * HOUR)
    at_table.claude.will_note(note("word " * 150))
    assert await at_table.app.summaries.condense("pixel", DM) > 0


async def test_what_a_summary_cost_is_booked_whether_it_can_be_used_or_not(at_small_table):
    at = at_small_table
    await fill_up(at)
    refused = ClaudeRefused("declined")
    for answer in ("Hm.", refused, note()):
        at.claude.will_note(answer)
        await at.app.summaries.condense("pixel", DM)
        at.clock.pass_time(3 * HOUR)
    async with at.database.read() as db:
        spent = await db.calls.spending(since=at.clock.now() - timedelta(days=1))
    assert spent.calls == len(at.claude.questions)


@pytest.mark.slow
async def test_a_summary_that_fails_is_tried_again_with_the_next_reply_and_then_ever_more_rarely(
    at_small_table,
):
    """Each try costs as much as a long reply; a model that refuses the talk would refuse it for days."""
    at = at_small_table
    left = await talk(at, 2_000)
    at.claude.will_note(*[ClaudeRefused("declined")] * 500)
    tries = []
    for text in (filling(left + 30), *["and?"] * 200):
        await at.hear(text)
        await at.app.summaries.settled()
        tries.append(len(at.claude.background))
        at.clock.pass_time(120)
    assert tries[:2] == [1, 2]
    assert tries[-1] <= 8
    for _ in range(144):
        await at.app.summaries.catch_up()
        at.clock.pass_time(600)
    assert tries[-1] + 6 <= len(at.claude.background) <= tries[-1] + 13


async def test_while_it_fails_the_prompt_stays_within_a_bound(at_small_table):
    at = at_small_table
    for number in range(40):
        at.claude.will_say("purr " * 60)
        await at.hear(f"number {number} " + "tell " * 60)
        at.clock.pass_time(60)
    assert max(TokenEstimate()(transcript(prompt)) for prompt in at.claude.prompts) <= 2_500 * 1.05


# --- What the question holds ---------------------------------------------------------------------------


async def test_the_question_holds_the_characters_own_prompts_and_users_words_stand_in_no_system_text(
    tmp_path,
):
    character = PIXEL.model_copy(
        update={"summarization_prompt": "Purr it briefly.", "core_memory_prompt": "Keep what glitters."}
    )
    async with table(tmp_path, manner=SMALL, character=character) as at:
        await consent(at, MIRA)
        await at.app.memories.remember("pixel", MIRA, "canary of a memory", DM)
        await talk(at, 1_500, author_name="CanaryName")
        at.claude.will_note(note(f"canary of a note. {NOTE}"), note())
        await at.hear("canary of a line " + "x" * 3_000, author_name="CanaryName")
        await at.app.summaries.settled()
        await talk(at, 1_500, author_name="CanaryName")
        await at.hear("x" * 3_000, author_name="CanaryName")
        await at.app.summaries.settled()
        assert len(at.claude.background) == 2
        for prompt in at.claude.background:
            system = "".join(block.text for block in prompt.system)
            assert "Purr it briefly." in system
            assert "Keep what glitters." in system
            assert "canary" not in system.casefold()
            assert [message.mine for message in prompt.messages] == [False]
        assert "canary of a memory" in at.claude.background[0].text
        assert "CanaryName" in at.claude.background[0].text


async def test_a_summary_is_made_of_its_own_lines_alone(at_small_table):
    """Earlier notes in it would outlive the lines that they came from."""
    at = at_small_table
    await fill_up(at)
    at.claude.will_note(note(f"canary. {NOTE}"))
    await at.app.summaries.condense("pixel", DM)
    await talk(at, 2_000)
    at.claude.will_note(note())
    await at.hear("x" * 2_400)
    await at.app.summaries.settled()
    assert len(await summaries(at.database)) == 2
    assert "canary" in at.claude.prompts[-1].text
    assert "canary" not in at.claude.background[-1].text


async def test_a_smaller_budget_asks_for_fewer_words_than_a_summary_may_have(tmp_path):
    async with table(tmp_path, manner=remembering(400)) as at:
        await fill_up(at, condensed=400)
        await at.app.summaries.condense("pixel", DM)
        system = at.claude.background[-1].system[0].text
        assert "At most 60 words" in system
        at.clock.pass_time(3 * HOUR)
        at.claude.will_note(note("words " * 60))
        assert await at.app.summaries.condense("pixel", DM) > 0


# --- The provider's cache (C30) ------------------------------------------------------------------------


async def long_talk(at: Table, exchanges: int, *, remember: tuple[int, ...] = ()) -> list[int]:
    """Talk, and return the prompts right before which something was summed up."""
    steps, known = [], 0
    for number in range(exchanges):
        at.claude.notes.clear()
        at.claude.will_note(
            note(f"Note {number}: {NOTE}", _add("Mira", f"thing {number}", f"Pixel, number {number}"))
        )
        at.claude.will_say(f"answer {number} " + "purr " * 50)
        await at.hear(f"Pixel, number {number} " + "tell " * 50, where=CHANNEL)
        if number in remember:
            await at.app.memories.remember("pixel", MIRA, f"I told you {number}", CHANNEL)
        await at.app.summaries.settled()
        if len(at.claude.background) > known:
            known = len(at.claude.background)
            steps.append(number + 1)
        at.clock.pass_time(60)
    return steps


def _add(name: str, text: str, quote: str, person: int = MIRA) -> dict[str, Any]:
    return {"op": "add", "person": speaker_label(name, person), "text": text, "quote": quote}


@pytest.mark.slow
async def test_between_two_summaries_each_prompt_begins_with_the_one_before(at_small_table):
    at = at_small_table
    await consent(at, MIRA)
    await at.app.memories.remember("pixel", MIRA, "I like tea", CHANNEL)
    steps = await long_talk(at, 50, remember=(3, 20, 30))
    prompts = at.claude.prompts
    broken = [
        number
        for number, (one, following) in enumerate(pairwise(prompts), 1)
        if not as_bytes(blocks(following)).startswith(prefix(one))
    ]
    assert broken == [step for step in steps if step < len(prompts)]
    assert 2 <= len(steps) <= 6
    assert "thing" in prompts[-1].text
    assert "I like tea" in prompts[-1].text
    for prompt in prompts:
        marked = [index for index, (_, block) in enumerate(blocks(prompt)) if "cache_control" in block]
        assert 1 <= len(marked) <= 4


async def test_what_is_told_newly_stands_at_the_prompts_end_until_the_cache_is_cold(at_table):
    await at_table.hear("Pixel?", where=CHANNEL)
    at_table.clock.pass_time(60)
    await at_table.app.memories.remember("pixel", MIRA, "I like tea", CHANNEL)
    await at_table.hear("Pixel?", where=CHANNEL)
    at_table.clock.pass_time(HOUR)
    await at_table.hear("Pixel?", where=CHANNEL)
    first, second, third = at_table.claude.prompts
    assert "I like tea" not in first.text
    assert b"I like tea" not in prefix(second)
    assert "I like tea" in second.messages[-1].blocks[-1].text
    assert b"I like tea" in prefix(third)
    assert "I like tea" not in third.messages[-1].blocks[-1].text


async def test_what_a_summary_taught_stands_at_the_head_at_once(at_small_table):
    at = at_small_table
    await consent(at, MIRA)
    left = await talk(at, 2_000)
    at.claude.takes = 5.0
    at.claude.will_note(note(NOTE, _add("Mira", "Mira counts things", "Pixel, number 1")))
    await at.hear(filling(left + 30))
    await at.app.summaries.settled()
    await at.hear("so?")
    assert b"Mira counts things" in prefix(at.claude.prompts[-1])
    assert "Mira counts things" not in at.claude.prompts[-1].messages[-1].blocks[-1].text


# --- Core memory from talk (C50) -----------------------------------------------------------------------


@pytest.mark.parametrize("agreed", [True, False])
async def test_something_is_learnt_only_about_who_agreed(at_small_table, agreed):
    at = at_small_table
    if agreed:
        await consent(at, MIRA)
    await fill_up(at)
    at.claude.will_note(note(NOTE, _add("Mira", "Mira counts things", "Pixel, number 1")))
    assert await at.app.summaries.condense("pixel", DM) > 0
    assert await texts(at) == (["Mira counts things"] if agreed else [])


async def test_who_no_longer_agrees_while_the_summary_is_made_is_not_remembered(at_small_table):
    at = at_small_table
    await consent(at, MIRA)
    await fill_up(at)
    while_summing_up(at, lambda: at.app.memories.let_learn(MIRA, False))
    at.claude.will_note(note(NOTE, _add("Mira", "Mira counts things", "Pixel, number 1")))
    assert await at.app.summaries.condense("pixel", DM) > 0
    assert await texts(at) == []


async def test_nothing_is_learnt_without_words_that_the_person_said(at_small_table):
    at = at_small_table
    await consent(at, MIRA)
    await fill_up(at)
    operations = [
        _add("Mira", "Mira is a spy", "I am a spy"),
        _add("Mira", "Mira purrs", "purr and purr again"),
        _add("Tom", "Tom counts things", "number 1", person=7),
        {"op": "add"},
        {"op": "replace", "number": 1, "text": "x", "quote": "Pixel, number 1"},
        {"op": "remove", "number": "1"},
        {"op": "DROP TABLE", "number": 1},
    ]
    at.claude.will_note(note(NOTE, *operations))
    assert await at.app.summaries.condense("pixel", DM) > 0
    assert await texts(at) == await texts(at, 7) == []


async def test_a_memory_that_its_person_reworded_while_the_summary_was_made_keeps_their_words(at_small_table):
    at = at_small_table
    await consent(at, MIRA)
    await at.app.memories.remember("pixel", MIRA, "I count to number 3", DM)
    await fill_up(at)
    while_summing_up(at, lambda: at.app.memories.edit("pixel", MIRA, 1, "I count to number 4"))
    change = {"op": "replace", "number": 1, "text": "Mira counts to number 1", "quote": "Pixel, number 1"}
    at.claude.will_note(note(NOTE, change))
    assert await at.app.summaries.condense("pixel", DM) > 0
    assert await texts(at) == ["I count to number 4"]


@pytest.mark.parametrize("reach", ["", "guild", "everywhere"])
async def test_words_said_in_private_are_not_put_into_a_memory_that_comes_up_elsewhere(at_small_table, reach):
    at = at_small_table
    await consent(at, MIRA)
    await at.app.memories.remember("pixel", MIRA, "I count to a hundred", CHANNEL, reach=reach)
    await fill_up(at)
    change = {"op": "replace", "number": 1, "text": "Mira counts her canaries", "quote": "Pixel, number 1"}
    at.claude.will_note(note(NOTE, change))
    assert await at.app.summaries.condense("pixel", DM) > 0
    await at.hear("Pixel?", where=CHANNEL)
    await at.hear("hello?")
    in_channel, in_private = at.claude.prompts[-2:]
    assert "I count to a hundred" in in_channel.text
    assert "canaries" not in in_channel.text
    assert "canaries" in in_private.text


# --- What happens meanwhile ----------------------------------------------------------------------------


async def _edited(at: Table, message_id: int) -> None:
    await at.app.message_log.edited(DM.channel_id, message_id, "I never said that")


async def _deleted(at: Table, message_id: int) -> None:
    await at.app.message_log.deleted(DM.channel_id, {message_id})


async def _reset(at: Table, message_id: int) -> None:
    await at.app.forgetting.reset(MIRA, DM)


@pytest.mark.slow
@pytest.mark.parametrize("happens", [_edited, _deleted, _reset])
@pytest.mark.parametrize("line", [0, 1])
async def test_of_talk_that_changes_while_it_is_summed_up_nothing_is_kept(at_small_table, happens, line):
    at = at_small_table
    await consent(at, MIRA)
    await fill_up(at)
    at.clock.pass_time(3 * HOUR)
    touched = (await uncovered(at.database))[line].id
    while_summing_up(at, lambda: happens(at, touched))
    at.claude.will_note(note(f"canary {NOTE}", _add("Mira", "Mira counts things", "Pixel, number 1")))
    assert await at.app.summaries.condense("pixel", DM) == 0
    assert await summaries(at.database) == []
    assert await texts(at) == []


async def test_what_is_said_while_it_is_summed_up_stays_word_for_word(at_small_table):
    at = at_small_table
    await fill_up(at)
    while_summing_up(at, lambda: at.hear("and another thing"))
    at.claude.will_note(note())
    assert await at.app.summaries.condense("pixel", DM) > 0
    assert [row.text for row in await uncovered(at.database)][-2:] == ["and another thing", "Hm."]


async def test_one_place_is_never_summed_up_twice_at_a_time(at_small_table):
    at = at_small_table
    await fill_up(at)
    going_on, most = 0, 0

    async def count() -> None:
        nonlocal going_on, most
        going_on += 1
        most = max(most, going_on)
        await asyncio.sleep(0.02)
        going_on -= 1

    at.claude.while_thinking = count
    at.claude.will_note(note(), note(), note())
    done = await asyncio.gather(*(at.app.summaries.condense("pixel", DM) for _ in range(3)))
    assert most == 1
    assert sorted(done)[:2] == [0, 0]
    assert len(at.claude.background) - len(await summaries(at.database)) == 1  # the one that filled it up


async def test_two_processes_that_sum_up_one_place_keep_one_summary(tmp_path):
    async with table(tmp_path, manner=SMALL) as at, table(tmp_path, manner=SMALL) as other:
        await fill_up(at)
        at.claude.will_note(note())
        other.claude.will_note(note())
        while_summing_up(at, lambda: other.app.summaries.condense("pixel", DM))
        assert await at.app.summaries.condense("pixel", DM) == 0
        assert len(await summaries(at.database)) == 1


async def test_several_places_are_summed_up_each_on_its_own(at_small_table):
    at = at_small_table
    for where in (DM, CHANNEL):
        left = await talk(at, 2_000, where=where)
        at.claude.will_note(note(f"of {where.place}: {NOTE}"))
        await at.hear(filling(left + 30), where=where)
        await at.app.summaries.settled()
    await at.hear("Pixel?", where=CHANNEL)
    assert "of guild" in at.claude.prompts[-1].text
    assert "of dm" not in at.claude.prompts[-1].text


async def test_a_reply_that_is_being_changed_is_summed_up_only_afterwards(at_small_table):
    at = at_small_table
    where, asker = DM, Requester(MIRA, "Mira")
    at.claude.will_say("the first take", "canary of the second")
    await at.hear("hello")
    takes = await at.app.revisions.another("pixel", asker, where)
    at.mouth.will_fail.append(Unsaid("503"))
    with pytest.raises(CannotRemake):
        await at.app.revisions.choose("pixel", asker, where, turn_id=takes.turn_id, number=2, mouth=at.mouth)
    at.clock.pass_time(23 * HOUR)
    at.claude.will_note(note("They greeted each other."))
    await at.app.summaries.catch_up()
    assert "the first take" not in "".join(prompt.text for prompt in at.claude.background)
    at.clock.pass_time(30)
    await at.app.finish_replies(lambda _channel: at.mouth)
    await at.app.summaries.catch_up()
    assert "canary of the second" in at.claude.background[-1].text
    assert [row.text for row in await uncovered(at.database)] == []


async def test_a_reply_that_was_summed_up_can_not_be_changed_any_more(at_small_table):
    """The summary would go on telling the words of before."""
    at = at_small_table
    await at.hear("hello")
    at.clock.pass_time(23 * HOUR)
    at.claude.will_note(note("They greeted each other."))
    await at.app.summaries.catch_up()
    with pytest.raises(CannotRemake):
        await at.app.revisions.rewrite("pixel", Requester(MIRA, "Mira"), DM, "other words", mouth=at.mouth)


# --- Talk that grows old -------------------------------------------------------------------------------


async def test_talk_with_the_character_is_summed_up_before_it_leaves_the_log(at_table):
    await at_table.hear("the password is swordfish", where=CHANNEL)
    await at_table.hear("Pixel, keep it", where=CHANNEL)
    at_table.clock.pass_time(21 * HOUR)
    await at_table.app.summaries.catch_up()
    assert at_table.claude.background == []
    at_table.clock.pass_time(1.5 * HOUR)
    at_table.claude.will_note(note("Mira told Pixel the password, swordfish."))
    await at_table.app.summaries.catch_up()
    at_table.clock.pass_time(10 * HOUR)
    await at_table.app.message_log.prune()
    assert "swordfish" in at_table.claude.background[0].text
    async with at_table.database.read() as db:
        assert await db.messages.ids_in(CHANNEL.channel_id) == []
    await at_table.hear("Pixel?", where=CHANNEL)
    assert "Mira told Pixel the password" in at_table.claude.prompts[-1].text


@pytest.mark.slow
async def test_talk_in_which_it_took_no_part_costs_no_call_and_goes_after_a_day(at_table):
    for number in range(30):
        await at_table.hear(f"line {number}", where=CHANNEL, author_id=number % 3 + 1)
        at_table.clock.pass_time(HOUR)
        await at_table.app.summaries.catch_up()
        await at_table.app.message_log.prune()
    assert at_table.claude.questions == []
    kept = [row.text for row in await uncovered(at_table.database, CHANNEL)]
    assert kept == [f"line {number}" for number in range(6, 30)]


@pytest.mark.slow
async def test_what_ages_is_summed_up_in_steps_half_a_day_apart(at_table):
    at_table.claude.will_note(*[note("They greeted each other, as each hour. " * 3)] * 100)
    for number in range(72):
        await at_table.hear(f"hello {number}")
        at_table.clock.pass_time(HOUR)
        for _ in range(6):
            await at_table.app.summaries.catch_up()
        await at_table.app.message_log.prune()
    assert 4 <= len(await summaries(at_table.database)) + 1 <= 6
    assert len([one for one in at_table.claude.questions if one.purpose == "summary"]) <= 8


@pytest.mark.slow
async def test_what_could_not_be_summed_up_for_days_waits_and_is_caught_up_with_step_by_step(tmp_path):
    async with table(tmp_path, manner=remembering(300)) as at:
        at.claude.will_note(*[ClaudeUnavailable("529")] * 10_000)
        for day in range(5):
            for number in range(6):
                at.claude.will_say("purr " * 20)
                await at.hear(f"day {day}, number {number} " + "tell " * 20)
                await at.app.summaries.settled()
                at.clock.pass_time(600)
            at.clock.pass_time(23 * HOUR)
            await at.app.summaries.catch_up()
            await at.app.message_log.prune()
        said = [row.text for row in await uncovered(at.database)]
        assert said[0].startswith("day 0, number 0")
        assert "day 0" not in at.claude.prompts[-1].text
        at.claude.notes.clear()
        at.clock.pass_time(3 * HOUR)
        at.claude.will_note(*[note("It was a day like any other, with purring and telling.")] * 40)
        asked = len(at.claude.background)
        await at.app.summaries.catch_up()
        steps = [one for one in at.claude.background[asked:] if "day " in one.text]
        assert 4 <= len(steps) <= 8
        tokens = TokenEstimate()
        assert max(tokens(one.messages[0].blocks[0].text) for one in steps) < 500
        at.clock.pass_time(HOUR)
        await at.app.summaries.catch_up()
        async with at.database.read() as db:
            lines = await db.summaries.lines_covered(DM.channel_id)
        assert lines + len(await uncovered(at.database)) == len(said)


async def test_after_seven_days_what_could_not_be_summed_up_goes_all_the_same(at_table):
    at_table.claude.will_note(*[ClaudeUnavailable("529")] * 10_000)
    await at_table.hear("canary")
    for day in range(8):
        at_table.clock.pass_time(DAY)
        await at_table.app.summaries.catch_up()
        await at_table.app.message_log.prune()
        assert bool(await uncovered(at_table.database)) == (day < 7)


async def test_one_place_that_can_not_be_summed_up_keeps_no_other_from_it(at_table):
    other = Where(501, Place.DM)
    for where in (DM, other):
        await at_table.hear("hello", where=where)
    at_table.clock.pass_time(23 * HOUR)

    def fails_first() -> None:
        at_table.claude.while_thinking = None
        raise RuntimeError("something nobody thought of")

    at_table.claude.while_thinking = fails_first
    at_table.claude.will_note(note("They greeted each other."))
    await at_table.app.summaries.catch_up()
    found = [await summaries(at_table.database, where) for where in (DM, other)]
    assert sorted(map(len, found)) == [0, 1]


async def test_lines_before_the_transcript_are_summed_up_even_if_no_reply_is_among_them(at_small_table):
    at = at_small_table
    at.claude.will_say("canary of a reply")
    for number in range(5):
        await at.hear(f"line {number}", where=CHANNEL, author_id=7, author_name="Tom")
    await at.hear("Pixel?", where=CHANNEL)
    at.clock.pass_time(23 * HOUR)
    at.claude.will_note(note("canary: Tom counted and Mira called."))
    await at.app.summaries.catch_up()
    replies = [one for one, _ in at.mouth.posted.values()]
    await at.app.message_log.deleted(CHANNEL.channel_id, set(replies))
    await at.app.summaries.settled()
    at.clock.pass_time(3 * HOUR)
    await at.app.message_log.prune()
    counted = "Tom counted his lines, from zero to four."
    at.claude.will_note(note(counted))
    await at.app.summaries.catch_up()
    assert [one.text for one in await summaries(at.database, CHANNEL)] == [
        "Tom counted his lines, from zero to four."
    ]


# --- Notes that become many ----------------------------------------------------------------------------


async def notes_become_many(at: Table, *answers: str | ClaudeError) -> None:
    """Have five notes made, and answer what is asked for their joining."""
    for number in range(5):
        await talk(at, 2_000)
        at.claude.will_note(note(f"Note {number}: " + "a thing that happened, and another. " * 8), *answers)
        await at.hear("x" * 1_600)
        await at.app.summaries.settled()
        at.claude.notes.clear()


@pytest.mark.slow
async def test_notes_that_have_become_many_are_joined_into_one_before_the_newest(at_small_table):
    at = at_small_table
    everything = joined("Notes 0 to 3 in one: " + "things that happened, and others. " * 10)
    await notes_become_many(at, everything)
    kept = await summaries(at.database)
    assert 2 <= len(kept) <= 3
    assert kept[0].text.startswith("Notes 0 to 3 in one")
    async with at.database.read() as db:
        covered = await db.summaries.lines_covered(DM.channel_id)
        log = await db.messages.ids_in(DM.channel_id)
    assert covered + len(await uncovered(at.database)) == len(log)
    assert kept[0].first_place < kept[0].last_place < kept[-1].first_place


@pytest.mark.slow
@pytest.mark.parametrize(
    "bad",
    [
        "",
        "Hm.",
        joined(""),
        joined("much shorter"),
        joined("longer " * 900),
        ClaudeTimeout("slow"),
        note("x"),
    ],
    ids=lambda bad: str(bad)[:20],
)
async def test_notes_that_can_not_be_joined_without_a_loss_stay_as_they_are(at_small_table, bad):
    at = at_small_table
    await notes_become_many(at, bad)
    kept = [one.text[:6] for one in await summaries(at.database)]
    assert kept == [f"Note {number}" for number in range(5)]


@pytest.mark.slow
async def test_a_note_that_is_forgotten_while_it_is_joined_is_not_in_the_one(at_small_table):
    at = at_small_table
    await notes_become_many(at)
    async with at.database.read() as db:
        rows = await db.messages.ids_in(DM.channel_id)
        covering = await db.summaries.covering(rows)
    line = covering[0].message_id

    async def delete_when_joined() -> None:
        if (
            at.claude.questions[-1].purpose == "summary"
            and "have become many" in at.claude.background[-1].text
        ):
            at.claude.while_thinking = None
            await at.app.message_log.deleted(DM.channel_id, {line})

    at.claude.while_thinking = delete_when_joined
    at.claude.will_note(
        note("Note 5: " + "a thing. " * 30), joined("canary, all in one: " + "things. " * 100)
    )
    await talk(at, 2_000)
    await at.hear("x" * 2_400)
    await at.app.summaries.settled()
    assert not any("canary" in one.text for one in await summaries(at.database))


async def test_what_is_summed_up_of_a_place_goes_when_nobody_spoke_there_for_14_days(at_table):
    at_table.claude.will_note(note("They greeted each other."), note("They greeted each other."))
    for where in (DM, CHANNEL):
        await at_table.hear("hello, Pixel", where=where)
    at_table.clock.pass_time(23 * HOUR)
    await at_table.app.summaries.catch_up()
    at_table.clock.pass_time(12.5 * DAY)
    await at_table.hear("lol", where=CHANNEL, author_id=7)
    at_table.clock.pass_time(0.9 * DAY)
    await at_table.app.message_log.prune()
    assert [len(await summaries(at_table.database, where)) for where in (DM, CHANNEL)] == [0, 1]


# --- Forgetting what was summed up (C63) ----------------------------------------------------------------


async def summed_up(at: Table) -> dict[int, str]:
    """Sum up a small talk; return its lines by id, the summary of which holds a canary."""
    for number in range(4):
        await at.hear(f"Pixel, number {number}", where=CHANNEL)
    at.clock.pass_time(12.5 * HOUR)
    lines = {row.id: row.text for row in await uncovered(at.database, CHANNEL)}
    at.clock.pass_time(10 * HOUR)
    at.claude.will_note(note("canary: Mira counted from zero to three."))
    await at.app.summaries.catch_up()
    assert len(await summaries(at.database, CHANNEL)) == 1
    return lines


async def test_a_deleted_message_takes_its_summary_along_and_the_rest_is_summed_up_anew(at_table):
    gone, *_ = await summed_up(at_table)
    at_table.claude.will_note(note("Mira counted on, from one to three."))
    await at_table.app.message_log.deleted(CHANNEL.channel_id, {gone})
    await at_table.app.summaries.settled()
    assert "number 0" not in at_table.claude.background[-1].text
    assert "number 1" in at_table.claude.background[-1].text
    await at_table.hear("Pixel?", where=CHANNEL)
    assert "canary" not in at_table.claude.prompts[-1].text
    assert "from one to three" in at_table.claude.prompts[-1].text


async def test_an_edited_message_does_so_too(at_table):
    edited, *_ = await summed_up(at_table)
    at_table.claude.will_note(note("Mira counted on, from one to three."))
    await at_table.app.message_log.edited(CHANNEL.channel_id, edited, "Pixel, never mind")
    await at_table.app.summaries.settled()
    assert "never mind" in at_table.claude.background[-1].text
    await at_table.hear("Pixel?", where=CHANNEL)
    assert "canary" not in at_table.claude.prompts[-1].text


@pytest.mark.parametrize("left_the_log", [False, True])
async def test_the_preview_of_a_link_drops_nothing(at_table, left_the_log):
    lines = await summed_up(at_table)
    if left_the_log:
        at_table.clock.pass_time(3 * HOUR)
        await at_table.app.message_log.prune()
    asked = len(at_table.claude.background)
    for message_id, text in lines.items():
        await at_table.app.message_log.edited(CHANNEL.channel_id, message_id, text)
    await at_table.app.summaries.settled()
    assert len(await summaries(at_table.database, CHANNEL)) == 1
    assert len(at_table.claude.background) == asked


@pytest.mark.parametrize("edited", [True, False])
async def test_a_message_that_has_left_the_log_still_takes_its_summary_along(at_table, edited):
    gone, *_ = await summed_up(at_table)
    at_table.clock.pass_time(3 * HOUR)
    await at_table.app.message_log.prune()
    chronicle = at_table.app.message_log
    if edited:
        await chronicle.edited(CHANNEL.channel_id, gone, "other words")
    else:
        await chronicle.deleted(CHANNEL.channel_id, {gone})
    assert await summaries(at_table.database, CHANNEL) == []


async def test_a_reset_takes_along_the_summary_of_a_reply_that_has_left_the_log(at_table):
    """What was said and what was answered may stand in two summaries."""
    async with at_table.database.read() as db:
        assert await db.summaries.drawn_from(MIRA) == set()
    await summed_up(at_table)
    at_table.clock.pass_time(3 * HOUR)
    await at_table.app.message_log.prune()
    async with at_table.database.begin() as db:
        (summary,) = await db.summaries.of(CHANNEL.channel_id, PIXEL.slug)
        covering = await db.summaries.drawn_from(MIRA)
        assert covering == {summary.id}
        replies = [one for one, _ in at_table.mouth.posted.values()]
        found = await db.summaries.covering(replies)
    assert {one.author_id for one in found} == {MIRA}


def logged(number: int, text: str, *, author: int = 42, to: int | None = None) -> Uncovered:
    mine = to is not None
    return Uncovered(
        place=number,
        position=number,
        author_id=author,
        author_name="Mira",
        text=text,
        sent_at=EPOCH,
        heard_through=number if mine else None,
        character="pixel" if mine else None,
        drew_on=None,
        reply_to=None,
        attachments=None,
        id=number,
        from_bot=mine,
        said_to=to,
        under_way=False,
    )


def test_of_words_of_distress_and_of_what_they_were_answered_nothing_lasting_is_made():
    """C91: the log has them for its time, notes and core memory do not."""
    rows = [
        logged(1, "I like tea"),
        logged(2, "I want to kill myself"),
        logged(3, "I am here.", author=99, to=42),
        logged(4, "me too, tea", author=7),
        logged(5, "Good!", author=99, to=7),
        logged(6, "thank you. tea helps"),
        logged(7, "It does.", author=99, to=42),
    ]
    assert [row.id for row in summary_prompt.without_distress(rows)] == [1, 4, 5, 6, 7]


async def test_words_of_distress_are_not_before_the_model_that_sums_up(at_small_table):
    at = at_small_table
    await at.hear("my cat is ill")
    await at.hear("I want to kill myself")
    at.claude.will_note(note())
    await fill_up(at)
    said = "\n".join(prompt.text for prompt in at.claude.background)
    assert "my cat is ill" in said
    assert "kill myself" not in said


async def test_a_summary_is_waited_for_as_long_as_is_set_and_no_longer(at_small_table):
    """F019."""
    at = at_small_table
    await fill_up(at)
    at.claude.will_note(note())
    assert await at.app.summaries.condense("pixel", DM) > 0
    (asked,) = {one.deadline for one in at.claude.questions if one.purpose == "summary"}
    assert asked == at.app.manner.summary_deadline == Settings().summarize_timeout
