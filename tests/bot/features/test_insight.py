"""What characters did, day by day: counted once, kept as counts, and nobody's business else (F109)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot.conversation.rethinking import Requester
from bot.features.operations.insight import NO_COUNTS, Counts
from bot.features.operations.insight_words import COUNTED_SINCE, lines_of, strips_of, subtitle_of
from memory.places import Place, Where
from personas.character import Character
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, table
from tests.support.votes import ASKING, VOTING

CURIOUS = PIXEL.model_copy(update={"interests": ("debugging", "tea", "rain")})
OTHER = Character(slug="onyx", name="Onyx", core_prompt="You are Onyx.", interests=("rain",))
ELSEWHERE = Where(601, Place.GUILD, name="general", guild_id=701, guild_name="Another")
QUIET = replace(AT_ONCE, direction=replace(AT_ONCE.direction, banter=0.0))
MIRA = Requester(42, "Mira")
HOUR, DAY = 3600, 24 * 3600


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path, character=CURIOUS, manner=VOTING) as entered:
        await entered.app.insight.keep()  # as at each start
        yield entered


async def rows(at: Table, query: str) -> list[tuple[Any, ...]]:
    async with at.database.read() as db:
        return [tuple(row) for row in await db._session.execute(text(query))]


async def change(at: Table, *statements: str) -> None:
    async with at.database.begin() as db:
        for one in statements:
            await db._session.execute(text(one))


async def ask(at: Table, words: str = "Pixel, hello", *, reply: str = "Hm.", where: Where = CHANNEL) -> Any:
    at.claude.will_say(reply)
    return await at.hear(words, where=where)


async def seen(at: Table, guild_id: int | None = CHANNEL.guild_id, *, days: int = 3) -> tuple[Counts, ...]:
    overview = await at.app.insight.of([at.app.company.primary], days=days, guild_id=guild_id)
    return overview.records[0].days


async def total(at: Table, guild_id: int | None = CHANNEL.guild_id) -> Counts:
    return sum(await seen(at, guild_id), start=NO_COUNTS)


# --- What is counted ------------------------------------------------------------------------------------


async def test_replies_are_counted_with_their_letters_and_what_they_cost(at):
    await ask(at, reply="four")
    await ask(at, reply="and eleven.")
    counts = (await seen(at))[-1]
    assert (counts.replies, counts.letters, counts.mean_letters) == (2, 15, 7.5)
    assert await rows(at, "SELECT COUNT(*), SUM(cost) FROM calls WHERE purpose = 'reply'") == [
        (2, pytest.approx(counts.cost))
    ]
    assert counts.cost > 0
    assert counts.calls == 2


async def test_votes_are_counted_once_each_won_or_lost_and_not_for_each_message(at):
    at.claude.will_say("yes", "yes", "Let me see.")
    await at.hear(ASKING, where=CHANNEL)
    at.claude.will_say("no", "no")
    await at.hear(ASKING, where=CHANNEL)
    counts = await total(at)
    assert (counts.votes, counts.won, counts.replies) == (2, 1, 1)
    assert counts.calls == 5, "the votes cost something, too"
    assert counts.calls == (await rows(at, "SELECT COUNT(*) FROM calls WHERE character = 'pixel'"))[0][0]


async def test_rerolls_and_swipes_count_for_the_day_of_the_reply(at):
    await ask(at)
    at.clock.pass_time(13 * HOUR)  # it is another day by now
    at.claude.will_say("Well.")
    takes = await at.app.revisions.another("pixel", MIRA, CHANNEL)
    await at.app.revisions.choose(
        "pixel", MIRA, CHANNEL, turn_id=takes.turn_id, number=takes.newest, mouth=at.mouth
    )
    before, yesterday, today = await seen(at)
    assert (yesterday.replies, yesterday.rerolls, yesterday.swipes) == (1, 1, 1)
    assert (before.rerolls, today.rerolls, today.swipes) == (0, 0, 0)
    assert today.calls == 1, "what thinking again cost was paid today"


async def test_a_reply_that_is_changed_once_its_day_is_kept_counts_no_second_time(at):
    at.clock.pass_time(11 * HOUR)
    await ask(at)
    at.clock.pass_time(22 * HOUR)
    await at.app.insight.keep()
    at.claude.will_say("Well.")
    takes = await at.app.revisions.another("pixel", MIRA, CHANNEL)
    await at.app.revisions.choose("pixel", MIRA, CHANNEL, turn_id=takes.turn_id, number=2, mouth=at.mouth)
    assert [one.replies for one in await seen(at)] == [0, 1, 0]
    assert await rows(at, "SELECT replies FROM character_days") == [(1,)]


async def test_the_share_of_the_prompt_cache_is_that_of_replies(at):
    await ask(at)
    await change(at, "UPDATE calls SET input_tokens = 100, cache_read_tokens = 300")
    assert (await total(at)).cached == 0.75


async def test_topics_are_interests_of_its_own_in_servers_alone(at):
    await ask(at, "Pixel, my cat loves debugging, and tea")
    await ask(at, "Pixel, debugging again")
    await ask(at, "Pixel, what about my secret garden?")
    await ask(at, "debugging in private", where=DM)
    assert (await total(at)).topics == {"debugging": 2}
    everywhere = await total(at, None)
    assert (everywhere.topics, everywhere.replies) == ({"debugging": 2}, 4)
    assert {one for (one,) in await rows(at, "SELECT topic FROM turns")} == {"debugging", None}


async def test_a_fallback_and_what_nobody_asked_for_are_no_replies(at):
    await ask(at)
    await ask(at)
    await change(
        at,
        "UPDATE turns SET fallback = true WHERE id = 1",
        "UPDATE turns SET reason = 'REMINDER' WHERE id = 2",
    )
    assert (await total(at)).replies == 0


async def test_each_character_has_its_own_figures(tmp_path):
    async with table(tmp_path, character=CURIOUS, others=[OTHER], manner=QUIET) as at:
        await ask(at, "Onyx, rain!", reply="Rain.")
        await ask(at, "Pixel, rain?", reply="Is it?")
        await ask(at, "Pixel, tea?", reply="Yes.")
        overview = await at.app.insight.of(list(at.app.company), days=1, guild_id=CHANNEL.guild_id)
        assert {one.role.slug: (one.total.replies, one.total.topics) for one in overview.records} == {
            "pixel": (2, {"rain": 1, "tea": 1}),
            "onyx": (1, {"rain": 1}),
        }


# --- Where and when -------------------------------------------------------------------------------------


async def test_a_server_is_counted_without_other_servers_and_without_what_was_private(at):
    await ask(at)
    await ask(at, where=ELSEWHERE)
    await ask(at, where=ELSEWHERE)
    await ask(at, "hello", where=DM)
    found = [(await total(at, guild_id)).replies for guild_id in (700, 701, 999, None)]
    assert found == [1, 2, 0, 4]
    calls = [(await total(at, guild_id)).calls for guild_id in (700, 701, 999, None)]
    assert calls == [1, 2, 0, 4]


async def test_days_are_those_of_the_house(tmp_path):
    """23:30 in Berlin is 22:30 in UTC, and half past midnight is the next day there."""
    async with table(tmp_path, manner=replace(VOTING, zone=ZoneInfo("Europe/Berlin"))) as at:
        await at.app.insight.keep()
        at.clock.pass_time(10.5 * HOUR)
        await ask(at)
        at.clock.pass_time(HOUR)
        await ask(at)
        await ask(at)
        assert [one.replies for one in await seen(at)] == [0, 1, 2]
        at.clock.pass_time(3 * DAY)
        await at.app.insight.keep()
        assert await rows(at, "SELECT day, replies FROM character_days ORDER BY day") == [
            ("2026-11-21", 1),
            ("2026-11-22", 2),
        ]


@pytest.mark.slow
async def test_what_was_counted_stays_when_the_rows_are_past_their_time(at):
    await ask(at, "Pixel, tea", reply="four")
    at.claude.will_say("no", "no")
    await at.hear(ASKING, where=CHANNEL)
    before = await total(at)
    for _ in range(9 * 24):
        at.clock.pass_time(HOUR)
        await at.app.insight.keep()
        await at.app.message_log.prune()
    assert await rows(at, "SELECT COUNT(*) FROM turns UNION ALL SELECT COUNT(*) FROM claims") == [(0,), (0,)]
    overview = await at.app.insight.of([at.app.company.primary], days=14, guild_id=CHANNEL.guild_id)
    assert overview.records[0].total == before
    assert overview.since == date(2026, 11, 21)
    assert overview.records[0].days[-10] == before


@pytest.mark.slow
async def test_a_day_is_kept_before_its_rows_go_even_if_decisions_are_kept_for_two_days(tmp_path):
    short = replace(VOTING, decisions_kept=timedelta(days=2), zone=ZoneInfo("Europe/Berlin"))
    async with table(tmp_path, manner=short) as at:
        await at.app.insight.keep()
        at.clock.pass_time(11.1 * HOUR)  # right after midnight in Berlin
        await ask(at)
        for _ in range(60):
            at.clock.pass_time(HOUR)
            await at.app.message_log.prune()
            await at.app.insight.keep()
        assert await rows(at, "SELECT COUNT(*) FROM turns") == [(0,)]
        assert await rows(at, "SELECT day, replies FROM character_days") == [("2026-11-22", 1)]


async def test_days_are_counted_once_however_often_and_however_late(at):
    await ask(at)
    at.clock.pass_time(5 * DAY)  # nobody was there to count meanwhile
    for _ in range(3):
        await at.app.insight.keep()
    await ask(at)
    kept = await rows(at, "SELECT day, replies FROM character_days")
    at.clock.pass_time(HOUR)
    await at.app.insight.keep()
    assert await rows(at, "SELECT day, replies FROM character_days") == kept
    assert sum(one.replies for one in await seen(at, days=9)) == 2


async def test_what_is_shown_says_since_when_there_is_anything_to_count(at):
    await ask(at)
    overview = await at.app.insight.of([at.app.company.primary], days=5, guild_id=CHANNEL.guild_id)
    words = subtitle_of(overview, "The Guild", at.app.manner.zone)
    assert words == COUNTED_SINCE.format(subtitle="The Guild · 17 Nov to 21 Nov (UTC)", day="21 Nov")
    assert strips_of(overview, words).known == 4


# --- Nobody's traces ------------------------------------------------------------------------------------


async def test_who_is_erased_leaves_counts_alone(at):
    await ask(at, "Pixel, tea?")
    await ask(at, "hi", where=DM)
    at.clock.pass_time(3 * DAY)
    await at.app.insight.keep()
    before = await rows(at, "SELECT * FROM character_days")
    receipt = await at.app.privacy.leave(42)
    assert receipt.left == {}
    assert await rows(at, "SELECT * FROM character_days") == before != []
    assert not any(42 in row for row in before)
    assert await rows(at, "SELECT COUNT(*) FROM turns") == [(0,)]


async def test_of_who_is_erased_on_the_same_day_no_reply_counts(at):
    await ask(at, "Pixel, tea?")
    await at.app.privacy.leave(42)
    assert ((await total(at)).replies, (await total(at)).topics) == (0, {})


@pytest.mark.parametrize("how", ["deleted", "edited", "reset"])
async def test_what_somebody_takes_back_is_no_topic_any_more(at, how):
    heard = await ask(at, "Pixel, tea?")
    if how == "deleted":
        await at.app.message_log.deleted(CHANNEL.channel_id, {heard.message_id})
    elif how == "edited":
        await at.app.message_log.edited(CHANNEL.channel_id, heard.message_id, "Pixel, never mind")
    else:
        await at.app.forgetting.reset(42, CHANNEL)
    assert (await total(at)).topics == {}


async def test_what_a_reply_was_about_leaves_the_reply_once_it_counted(at):
    await ask(at, "Pixel, tea?")
    at.clock.pass_time(2 * DAY)
    await ask(at, "Pixel, debugging")
    await at.app.insight.keep()
    assert await rows(at, "SELECT topic FROM turns ORDER BY id") == [(None,), ("debugging",)]
    assert (await total(at)).topics == {"tea": 1, "debugging": 1}


# --- In words -------------------------------------------------------------------------------------------


def quote(words: str, room: int) -> str:
    return words[:room]


async def test_the_message_says_all_of_it_in_words(at):
    await ask(at, "Pixel, tea?", reply="four")
    at.claude.will_say("no", "no")
    await at.hear(ASKING, where=CHANNEL)
    await change(at, "UPDATE calls SET input_tokens = 100, cache_read_tokens = 300, cost = 0.5")
    overview = await at.app.insight.of([at.app.company.primary], days=1, guild_id=CHANNEL.guild_id)
    assert [str(one) for one in lines_of(overview, "here", quote)] == [
        "**Pixel**: here",
        "- Replies: 1, with 4 letters on average",
        "- Votes on whether it joins in: 0 of 1 said yes (0 %)",
        "- Other takes on its replies: 0 rerolls, 0 swipes",
        "- Asked of models for it: 3 calls, $1.50",
        "- Of what was read for its replies, 75 % came from the provider's cache",
        "- Interests of its own that came up: tea 1",
    ]


async def test_calls_without_a_price_are_told_and_their_number_is_drawn(at):
    await ask(at)
    await change(at, "UPDATE calls SET cost = NULL")
    overview = await at.app.insight.of([at.app.company.primary], days=1, guild_id=CHANNEL.guild_id)
    said = [str(one) for one in lines_of(overview, "here", quote)]
    assert "- Asked of models for it: 1 call, price unknown" in said
    assert any("without a known price" in one for one in said)
    cost = next(one for one in strips_of(overview, "here").strips if one.name == "Cost")
    assert (cost.values, cost.words) == ((1,), "price unknown in 1 call")


async def test_several_characters_stand_below_one_another_the_liveliest_first(tmp_path):
    idle = Character(slug="idle", name="Idle", core_prompt="You are Idle.")
    async with table(tmp_path, character=CURIOUS, others=[OTHER, idle], manner=QUIET) as at:
        for _ in range(2):
            await ask(at, "Onyx, rain!", reply="Rain.")
        await ask(at, "Pixel, tea?", reply="Yes.")
        overview = await at.app.insight.of(list(at.app.company), days=2, guild_id=CHANNEL.guild_id)
        strips = strips_of(overview, "here").strips
        assert [(one.name, one.values) for one in strips] == [("Onyx", (0, 2)), ("Pixel", (0, 1))]
        said = [str(one) for one in lines_of(overview, "here", quote)]
        assert said[1].startswith("- **Onyx**: 2 replies, no votes, 5 letters each, 0 other takes, $")
        assert said[1].endswith("; rain 2")
        assert not any("Idle" in one for one in said)


@pytest.mark.slow
async def test_a_clock_that_was_far_ahead_once_stops_no_counting(at):
    at.clock.pass_time(300 * DAY)
    await at.app.insight.keep()
    at.clock.pass_time(-300 * DAY)
    await ask(at)
    assert (await total(at)).replies == 1
    at.clock.pass_time(2 * DAY)
    for _ in range(2):
        await at.app.insight.keep()
        assert (await total(at)).replies == 1
