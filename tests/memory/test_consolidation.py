"""Facts drawn from a day's talk: true, consented, once, whatever happens meanwhile (C51-C57, C59)."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.llm.errors import ClaudeRefused, ClaudeTimeout
from memory.core import SaidLine
from memory.extraction import own_words
from memory.places import audience_of
from tests.builders import AT_ONCE, CHANNEL, DM, Table, table, utterance
from tests.learning import (
    BOB,
    DAY,
    HOUR,
    MIRA,
    agree,
    all_of_it,
    archived,
    deciding,
    fact,
    facts,
    finding,
    say,
    texts,
)

OSLO, BERGEN = "I live in Oslo with my cat", "I moved to Bergen last week"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
async def at(tmp_path: Path):
    async with table(tmp_path) as set_table:
        await agree(set_table)
        yield set_table


async def run(at: Table):
    return await at.app.consolidation.run("pixel")


# --- What is a fact ------------------------------------------------------------------------------------


async def test_a_fact_has_its_source_its_words_and_its_place(at):
    said = await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in Oslo", "live in Oslo", category="places", tags=["Home"])))
    tally = await run(at)
    (one,) = await facts(at)
    assert (tally.added, tally.refused, one.text, one.quote) == (1, 0, "Lives in Oslo", "live in Oslo")
    assert (one.sources, one.scope, one.channel_id) == ([said], "channel", CHANNEL.channel_id)
    assert (one.category, one.tags, one.mentions, one.kept) == ("places", ["home"], 1, False)
    assert one.first_at == one.last_at == at.clock.now()


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Lives in Paris", "live in Paris"),  # never said
        ("Lives in Oslo", "in Oslo"),  # too short to bear anything out
        ("Likes purring", "I purr all day long"),  # the character's own words
        ("x" * 600, "live in Oslo"),
        ("The key is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789", "live in Oslo"),
    ],
)
async def test_what_nobody_said_is_no_fact(at, text, quote):
    await say(at, OSLO, reply="I purr all day long")
    at.claude.will_find(finding(fact(text, quote)))
    assert (await run(at)).refused == 1
    assert await facts(at) == []


async def test_what_others_said_is_no_fact_about_somebody(at):
    await say(at, OSLO)
    await say(at, "I have a dog called Rex", author_id=BOB, author_name="Bob")
    at.claude.will_find(finding(fact("Has a dog", "have a dog called Rex")))
    assert (await run(at)).refused == 1


async def test_what_is_quoted_is_not_ones_own_words():
    lines = ["> I live in Oslo\nno I don't", ">>> all of it\nis quoted", "plain"]
    kept = own_words(SaidLine(number, MIRA, text) for number, text in enumerate(lines))
    assert [one.text for one in kept] == ["no I don't", "plain"]


async def test_a_claim_about_somebody_else_stays_with_who_made_it(at):
    await agree(at, BOB)
    await say(at, "you know Bob is allergic to nuts", where=CHANNEL)
    await say(at, "hello everybody in here", author_id=BOB, author_name="Bob")
    at.claude.will_find(
        finding(fact("Is allergic to nuts", "Bob is allergic to nuts", about="Bob")), finding()
    )
    await run(at)
    (claim,) = await facts(at)
    assert (claim.subject, claim.person_id, await facts(at, BOB)) == ("Bob", MIRA, [])
    at.clock.pass_time(2 * DAY)
    await say(at, "what do you know about nuts and allergies?", author_id=BOB, author_name="Bob")
    tail = at.claude.prompts[-1].messages[-1].blocks[-1].text
    assert "What Pixel remembers" not in tail
    assert "allergic to nuts" in tail, "it was said here, before Bob's eyes: that much may be quoted"
    await say(at, "what do you know about nuts and allergies?")
    assert "of Bob" in at.claude.prompts[-1].text
    assert "allergic to nuts" in at.claude.prompts[-1].messages[-1].blocks[-1].text


@pytest.mark.parametrize(
    "secret",
    ["my password is hunter2, remember", "mail me at mira@example.org please", "4111 1111 1111 1111 it is"],
)
async def test_what_holds_a_secret_brings_no_fact_and_is_masked_in_the_archive(at, secret):
    await say(at, secret)
    await say(at, OSLO)
    at.claude.finds = all_of_it
    await run(at)
    assert await texts(at) == [f"“{OSLO}”"]
    kept = " ".join(one.text for one in await archived(at))
    assert OSLO in kept
    assert not any(word in kept for word in ("hunter2", "mira@", "4111"))
    asked = at.claude.background[-1].text
    assert not any(word in asked for word in ("hunter2", "mira@", "4111"))


# --- Said again, overtaken -----------------------------------------------------------------------------


async def test_the_same_said_again_counts_and_adds_nothing(at):
    first = await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in Oslo", "live in Oslo")))
    await run(at)
    at.clock.pass_time(DAY)
    again, said_at = await say(at, "yes I live in Oslo still"), at.clock.now()
    at.clock.pass_time(9 * HOUR)  # it is consolidated at night, and not while somebody speaks
    at.claude.will_find(finding(fact("lives in Oslo.", "live in Oslo still")))
    assert (await run(at)).reinforced == 1
    (one,) = await facts(at)
    assert (one.mentions, one.sources, one.last_at) == (2, [first, again], said_at)


async def test_of_what_a_model_has_the_same_words_for_it_says_whether_it_is_the_same(at):
    for words, *decided in (("Oslo is where we live now",), ("this winter Oslo is our home", (1, "same", 1))):
        await say(at, words)
        at.clock.pass_time(9 * HOUR)
        at.claude.will_find(finding(fact("Lives in Oslo", words)), *map(deciding, decided))
        await run(at)
    (one,) = await facts(at)
    assert (one.text, one.search_text, one.mentions) == ("“Oslo is where we live now”", "Lives in Oslo", 2)


async def test_what_holds_no_more_is_ended_and_says_by_what(at):
    await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in the city of Oslo", "live in Oslo")))
    await run(at)
    at.clock.pass_time(DAY)
    await say(at, BERGEN)
    at.clock.pass_time(9 * HOUR)
    at.claude.will_find(
        finding(fact("Lives in the city of Bergen", "moved to Bergen last")), deciding((1, "update", 1))
    )
    assert (await run(at)).superseded == 1
    old, new = await facts(at)
    assert (old.ended_at, old.superseded_by, new.ended_at) == (new.first_at, new.id, None)
    at.clock.pass_time(2 * DAY)
    await say(at, "which city do I live in by now?")
    tail = at.claude.prompts[-1].messages[-1].blocks[-1].text
    assert BERGEN in tail
    assert f"“{OSLO}”" not in tail


async def test_what_overtook_a_fact_goes_and_the_fact_holds_again(at):
    await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in the city of Oslo", "live in Oslo")))
    await run(at)
    moved = await say(at, BERGEN)
    at.claude.will_find(
        finding(fact("Lives in the city of Bergen", "moved to Bergen last")), deciding((1, "update", 1))
    )
    await run(at)
    await at.app.message_log.deleted(CHANNEL.channel_id, {moved})
    (old,) = await facts(at)
    assert (old.text, old.ended_at, old.superseded_by) == (f"“{OSLO}”", None, None)


async def test_what_is_pinned_is_never_ended(at):
    await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in the city of Oslo", "live in Oslo")))
    await run(at)
    await at.app.memories.pin("pixel", MIRA, 1)
    await say(at, BERGEN)
    at.claude.will_find(
        finding(fact("Lives in the city of Bergen", "moved to Bergen last")), deciding((1, "update", 1))
    )
    assert (await run(at)).superseded == 0
    assert [one.ended_at for one in await facts(at)] == [None, None]


@pytest.mark.parametrize(
    "answer",
    ["what?", deciding((1, "update", 9)), '{"decisions": [{"fact": [1], "verdict": "update", "number": 1}]}'],
)
async def test_a_model_that_does_not_decide_ends_nothing(at, answer):
    await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in the city of Oslo", "live in Oslo")))
    await run(at)
    await say(at, BERGEN)
    at.claude.will_find(finding(fact("Lives in the city of Bergen", "moved to Bergen last")), answer)
    await run(at)
    assert [one.ended_at for one in await facts(at)] == [None, None]


async def test_what_was_told_for_everywhere_is_not_ended_by_what_is_said_in_private(at):
    await at.app.memories.remember("pixel", MIRA, "Lives in the city of Oslo", CHANNEL, reach="everywhere")
    await say(at, BERGEN, where=DM)
    at.claude.will_find(
        finding(fact("Lives in the city of Bergen", "moved to Bergen last")), deciding((1, "update", 1))
    )
    assert (await run(at)).superseded == 0
    assert [one.ended_at for one in await facts(at)] == [None, None]


async def test_a_fact_that_is_edited_while_a_model_compares_it_stays_as_it_was_edited(at):
    await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in the city of Oslo", "live in Oslo")))
    await run(at)
    await say(at, "my home is in the city of Oslo")

    async def edited() -> None:
        if at.claude.questions[-1].purpose == "same facts":
            await at.app.memories.edit("pixel", MIRA, 1, "I will not say where I live")

    at.claude.while_thinking = edited
    found = fact("Has a home in the city of Oslo", "home is in the city of Oslo")
    at.claude.will_find(finding(found), deciding((1, "same", 1)))
    await run(at)
    first, second = await facts(at)
    assert (first.text, first.mentions, first.quote) == ("I will not say where I live", 1, "")
    assert second.text == "Has a home in the city of Oslo"


async def test_what_took_the_place_of_a_fact_and_is_joined_is_still_named(at):
    await say(at, OSLO)
    at.claude.will_find(finding(fact("Lives in the city of Oslo", "live in Oslo")))
    await run(at)
    await say(at, BERGEN)
    at.claude.will_find(
        finding(fact("Lives in the city of Bergen", "moved to Bergen last")), deciding((1, "update", 1))
    )
    await run(at)
    async with at.database.begin() as db:
        old, new = await db.memories.of(MIRA, "pixel")
        batch = await db.memories.new_batch()
        await db.memories.repoint(new.id, 99, batch=batch, at=at.clock.now())
        assert old.superseded_by == 99


@pytest.mark.slow
async def test_a_hundred_days_of_its_own_recalled_words_add_no_fact(at):
    await say(at, OSLO)
    at.claude.finds = all_of_it
    await run(at)
    for _ in range(100):
        at.clock.pass_time(DAY)
        await say(at, "hm", reply=f"You told me: {OSLO}. Said: {OSLO}")
        await run(at)
    assert [(one.text, one.mentions) for one in await facts(at)] == [(f"“{OSLO}”", 1)]


# --- Consent -------------------------------------------------------------------------------------------


async def test_of_who_did_not_agree_nothing_is_asked_kept_or_archived(at):
    await agree(at, BOB, given=False)
    for person_id, name in ((BOB, "Bob"), (44, "Kim")):
        await say(at, f"I am {name} and I have a dog", author_id=person_id, author_name=name)
    at.claude.finds = all_of_it
    tally = await run(at)
    assert (tally.lines, tally.archived, at.claude.background) == (4, 0, [])
    assert [await facts(at, one) + await archived(at, one) for one in (BOB, 44)] == [[], []]


async def test_nobody_sees_the_words_of_others_who_did_not_agree(at):
    await say(at, "Bob is silent, I think", mentions_me=False)
    await say(at, "a word of Bob's own", author_id=BOB, author_name="Bob", reply="to Bob alone")
    await say(at, OSLO, reply="to Mira")
    at.claude.finds = all_of_it
    await run(at)
    asked = "".join(one.text for one in at.claude.background)
    assert "to Mira" in asked
    assert "of Bob's own" not in asked
    assert "to Bob alone" not in asked
    assert {one.text for one in await archived(at)} == {"Bob is silent, I think", OSLO, "to Mira"}


async def test_a_reply_to_several_people_is_archived_for_none_of_them(at):
    await agree(at, BOB)
    at.claude.will_say("to both of you")
    heard = [
        utterance("Pixel, I like cats", where=CHANNEL, mentions_me=True),
        utterance("and I like dogs", where=CHANNEL, mentions_me=True, author_id=BOB, author_name="Bob"),
    ]
    async with at.app.rooms.enter(CHANNEL.channel_id) as room, room.lock:
        turns = [asyncio.create_task(at.app.conversation.take_turn(one, at.mouth)) for one in heard]
        while len(room.waiting) < 2:
            await asyncio.sleep(0.01)
    await asyncio.gather(*turns)
    assert at.mouth.said == ["to both of you"]
    at.claude.finds = all_of_it
    await run(at)
    kept = [one.text for person in (MIRA, BOB) for one in await archived(at, person)]
    assert sorted(kept) == ["Pixel, I like cats", "and I like dogs"]


async def test_who_withdraws_while_a_model_thinks_is_not_noted(at):
    await say(at, OSLO)
    at.claude.finds = all_of_it
    at.claude.while_thinking = lambda: at.app.memories.let_learn(MIRA, False)
    await run(at)
    assert (await facts(at), await archived(at)) == ([], [])


@pytest.mark.parametrize(
    ("consent", "noted"), [("opt_in", [1, 0, 0]), ("opt_out", [1, 0, 1]), ("off", [0, 0, 0])]
)
async def test_the_mode_says_who_is_noted(tmp_path, consent, noted):
    async with table(tmp_path, manner=replace(AT_ONCE, consent=consent)) as at:
        await agree(at, MIRA)
        await agree(at, BOB, given=False)
        for person_id in (MIRA, BOB, 44):
            await say(at, OSLO, author_id=person_id, author_name="Somebody")
        at.claude.finds = all_of_it
        await run(at)
        assert [len(await facts(at, one)) for one in (MIRA, BOB, 44)] == noted


# --- Once, whatever happens (C54, B2, B4) --------------------------------------------------------------


async def _a_day(at: Table) -> None:
    for text in (OSLO, "I have two cats at home", "my sister Eva is a nurse"):
        await say(at, text)
        await say(at, f"in private, {text}", where=DM)
    at.claude.finds = all_of_it


async def _state(at: Table) -> tuple[Any, ...]:
    held = [(one.text, one.mentions, one.scope, one.ended_at) for one in await facts(at)]
    async with at.database.read() as db:
        windows = [await db.archive.windows(one.channel_id) for one in (CHANNEL, DM)]
    counts = [[(one.lines, one.archived, one.added, one.reinforced) for one in each] for each in windows]
    return sorted(held, key=str), sorted(one.text for one in await archived(at)), counts


async def test_a_day_consolidated_twice_is_consolidated_once(at):
    await _a_day(at)
    await run(at)
    once = await _state(at)
    assert (await run(at)).lines == 0
    assert await _state(at) == once
    assert len(once[0]) == 6


@pytest.mark.parametrize("point", ["read", "asked", "embedded", "written", "kept"])
@pytest.mark.parametrize("nth", [1, pytest.param(2, marks=pytest.mark.slow)])
async def test_killed_at_any_point_and_run_again_it_comes_to_the_same(tmp_path, point, nth):
    """Each point is passed once for each of the two places, or once for both."""
    async with table(tmp_path / "whole") as at:
        await agree(at)
        await _a_day(at)
        await run(at)
        whole = await _state(at)
    async with table(tmp_path / "killed") as at:
        await agree(at)
        await _a_day(at)
        seen: Counter[str] = Counter()

        def dies(stage: str) -> None:
            seen[stage] += 1
            if stage == point and seen[stage] == nth:
                raise Killed

        at.app.consolidation._reached = dies
        with suppress(Killed):
            await run(at)
        assert seen[point] == nth or point in ("read", "asked")
    async with table(tmp_path / "killed") as at:
        at.claude.finds = all_of_it
        await run(at)
        assert await _state(at) == whole


async def test_what_comes_in_meanwhile_is_for_the_next_run(at):
    await say(at, OSLO)
    at.claude.finds = all_of_it
    late = "I said this while you were thinking"

    async def meanwhile() -> None:
        at.claude.while_thinking = None
        await say(at, late)

    at.claude.while_thinking = meanwhile
    await run(at)
    assert await texts(at) == [f"“{OSLO}”"]
    await run(at)
    assert await texts(at) == [f"“{OSLO}”", f"“{late}”"]


async def test_what_is_deleted_meanwhile_is_neither_a_fact_nor_archived(at):
    said = await say(at, OSLO)
    at.claude.finds = all_of_it
    at.claude.while_thinking = lambda: at.app.message_log.deleted(CHANNEL.channel_id, {said})
    await run(at)
    assert await facts(at) == []
    assert OSLO not in [one.text for one in await archived(at)]


async def test_a_model_that_fails_leaves_the_talk_for_later_and_not_for_ever(at):
    await say(at, OSLO)
    at.claude.will_find(*[ClaudeTimeout("late")] * 5, ClaudeRefused("no"), "no JSON")
    assert [(await run(at)).left for _ in range(7)] == [1] * 7, "an outage does not count"
    async with at.database.read() as db:
        assert await db.archive.due("pixel") == [CHANNEL.channel_id]
    at.claude.will_find("still no JSON")
    tally = await run(at)
    assert (tally.left, tally.archived, tally.added) == (0, 2, 0)


async def test_two_runs_at_once_are_one_after_the_other(at):
    await _a_day(at)
    await asyncio.gather(run(at), run(at))
    assert len(await facts(at)) == 6


async def test_the_log_is_emptied_into_the_archive(at):
    await say(at, OSLO)
    at.claude.finds = all_of_it
    at.clock.pass_time(DAY + 60)
    at.claude.will_note('{"summary": "Mira lives in Oslo, she said.", "operations": []}')
    await at.app.summaries.catch_up()
    await at.app.message_log.prune()
    async with at.database.read() as db:
        assert len(await db.messages.ids_in(CHANNEL.channel_id)) == 2, "not before facts were drawn"
    await run(at)
    async with at.database.read() as db:
        assert await db.messages.ids_in(CHANNEL.channel_id) == []
    assert [one.text for one in await archived(at)] == [OSLO, "I see."]


# --- The day -------------------------------------------------------------------------------------------


async def _runs(at: Table, hours: list[datetime]) -> list[datetime]:
    """Look each of some hours whether a run is due; return when one was made."""
    ran: list[datetime] = []

    async def counted(character: str, **_: object):
        ran.append(at.clock.now())
        return await whole(character)

    whole = at.app.consolidation.run
    at.app.consolidation.run = counted  # type: ignore[method-assign]
    for hour in hours:
        at.clock._at = hour
        await at.app.nightly.run_due("pixel")
    return ran


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
async def test_it_runs_once_a_day_across_every_clock_change(at, zone, month):
    """However the host's own clock is set: days are counted in UTC (faults B12)."""
    begin = datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(minute=7)
    ran = await _runs(at, [begin + timedelta(hours=hour) for hour in range(12 * 24)])
    days = [two.date() - one.date() for one, two in pairwise(ran[1:])]
    assert set(days) == {timedelta(days=1)}
    assert len(ran) in (12, 13)


async def test_days_that_were_slept_through_are_made_up_for_once(at):
    begin = datetime(2026, 11, 1, 5, tzinfo=UTC)
    hours = [begin, begin + timedelta(days=6, hours=3), begin + timedelta(days=6, hours=4)]
    assert await _runs(at, hours) == hours[:2]


async def test_a_clock_that_jumps_back_makes_no_second_run(at):
    begin = datetime(2026, 11, 1, 5, tzinfo=UTC)
    hours = [begin + timedelta(hours=one) for one in (0, -1, -2, 1, 2)]
    assert await _runs(at, hours) == hours[:1]


async def test_what_failed_is_tried_again_an_hour_later(at):
    await say(at, OSLO)
    at.claude.will_find(ClaudeTimeout("late"), finding())
    begin = datetime(2026, 11, 22, 5, tzinfo=UTC)
    hours = [begin + timedelta(hours=one) for one in range(4)]
    assert await _runs(at, hours) == hours[:2]


# --- Expiry (C59) --------------------------------------------------------------------------------------


async def test_a_fact_goes_two_weeks_after_the_person_was_there_and_what_is_kept_stays(at):
    await say(at, OSLO)
    await at.app.memories.remember("pixel", MIRA, "I like tea", CHANNEL)
    at.claude.finds = all_of_it
    await run(at)
    at.clock.pass_time(13 * DAY)
    await say(at, "hm", mentions_me=False)
    at.clock.pass_time(14 * DAY)
    assert await at.app.memories.expire() == 0
    at.clock.pass_time(1)
    assert await at.app.memories.expire() == 1
    assert await texts(at) == ["I like tea"]
    async with at.database.read() as db:
        assert OSLO not in str(await db.memories.since(MIRA, "pixel", 0))


async def test_a_fact_that_expired_is_not_recalled_before_it_is_pruned(at):
    await say(at, OSLO)
    at.claude.finds = all_of_it
    await run(at)
    async with at.database.read() as db:
        for days, found in ((14, 1), (14 + 1 / 86_400, 0)):
            since = at.clock.now() + timedelta(days=days) - timedelta(days=14)
            known = await db.memories.recallable([MIRA], "pixel", audience_of(CHANNEL), there_since=since)
            assert len(known) == found
        here = {"there_since": since, "here": [MIRA]}
        assert len(await db.memories.recallable([MIRA], "pixel", audience_of(CHANNEL), **here)) == 1


async def test_what_was_archived_stays_in_prompts_for_the_rest_of_its_day(at):
    """C28, F043."""
    await say(at, OSLO)
    at.claude.finds = all_of_it
    at.clock.pass_time(23 * HOUR)
    await run(at)
    assert OSLO in [one.text for one in await archived(at)]
    await at.app.message_log.prune()
    await say(at, "Pixel, hello")
    transcript = at.claude.prompts[-1].messages[:-1]
    assert any(OSLO in block.text for message in transcript for block in message.blocks)
