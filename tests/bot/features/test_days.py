"""Days: drawn once a morning with the date's own dice, made up for, laid down by admins (F087, F088, C70)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.conversation.context.mood_state import DAY, feeling_of
from bot.features.inner_life.days import MOST_MISSED, Days, mark_of
from personas.affect import hormones, moods
from personas.affect.hormones import Event
from personas.affect.temperament import DayMood, Hormone, Stimulus
from tests.builders import AT_ONCE, Table, table
from tests.company import company

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path) as laid:
        yield laid


def days_of(at: Table) -> Days:
    """Return what a start of the program would make: it remembers nothing of itself."""
    return Days(at.database, company=at.app.company, inner=at.app.inner_life, clock=at.clock)


def set_clock(at: Table, now: datetime) -> None:
    at.clock._at = now


async def kept(at: Table, slug: str = "pixel") -> list[Any]:
    """Return all that a day leaves behind: its numbers, its log, and what is felt."""
    async with at.database.read() as db:
        feeling = await db.characters.feeling(slug)
        stirred = await db.characters.stirrings(slug, since=datetime(2000, 1, 1, tzinfo=UTC))
        return [
            await mark_of(db, slug),
            [(one.at, one.kind, one.shift) for one in stirred],
            feeling and (feeling.at, feeling.deviations, feeling.shift),
        ]


# --- In the morning -------------------------------------------------------------------------------


async def test_there_is_no_day_before_the_first_morning(at):
    assert await days_of(at).of("pixel") == {}


async def test_a_day_is_drawn_once_however_often_it_is_tried(at):
    days = days_of(at)
    assert await days.dawn() == 1
    first = await kept(at)
    for _ in range(5):
        at.clock.pass_time(HOUR)
        assert await days.dawn() == 0
    assert await kept(at) == first
    assert set(await days.of("pixel")) == set(DayMood)
    assert all(0 <= value <= 10 for value in (await days.of("pixel")).values())


async def test_a_restart_in_the_middle_of_the_day_changes_nothing(at):
    await days_of(at).dawn()
    first = await kept(at)
    at.clock.pass_time(3 * HOUR)
    assert await days_of(at).dawn() == 0
    assert await kept(at) == first


async def test_the_dice_are_the_dates_and_the_characters_own(tmp_path):
    drawn = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        async with company(tmp_path / name) as at:
            await days_of(at).dawn()
            drawn.append([await days_of(at).of(slug) for slug in ("pixel", "nyx", "fangs")])
    assert drawn[0] == drawn[1]
    assert drawn[0][0] != drawn[0][1] != drawn[0][2] != drawn[0][0]
    temperament = at.app.company.by_slug["nyx"].character.temperament
    assert drawn[0][1] == moods.drawn(temperament, {}, {}, Random("nyx 2026-11-21"))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 21, 4, 59, tzinfo=UTC), date(2026, 11, 20)),  # 05:59 in Berlin
        (datetime(2026, 11, 21, 5, 0, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2026, 3, 29, 3, 59, tzinfo=UTC), date(2026, 3, 28)),  # the night of 23 hours
        (datetime(2026, 3, 29, 4, 0, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 10, 25, 4, 59, tzinfo=UTC), date(2026, 10, 24)),  # and that of 25
        (datetime(2026, 10, 25, 5, 0, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
async def test_a_day_begins_at_six_by_the_clock_of_the_house(tmp_path, now, day):
    async with table(tmp_path, manner=replace(AT_ONCE, zone=BERLIN)) as at:
        set_clock(at, now)
        await days_of(at).dawn()
        async with at.database.read() as db:
            assert (await mark_of(db, "pixel")).split()[0] == day.isoformat()
        assert days_of(at).until().astimezone(BERLIN).hour == 6
        assert timedelta(0) < days_of(at).until() - now <= timedelta(hours=25)


@pytest.mark.parametrize("night", [date(2026, 3, 28), date(2026, 10, 24)])
async def test_a_change_of_the_clock_makes_no_second_day_and_leaves_none_out(tmp_path, night):
    async with table(tmp_path, manner=replace(AT_ONCE, zone=BERLIN)) as at:
        set_clock(at, datetime(night.year, night.month, night.day, 12, tzinfo=UTC))
        days, begun = days_of(at), 0
        for _ in range(72):
            begun += await days.dawn()
            at.clock.pass_time(HOUR)
    assert begun == 4


async def test_a_clock_that_is_set_back_does_not_begin_a_day_again(at):
    await days_of(at).dawn()
    first = await kept(at)
    set_clock(at, NOON - timedelta(hours=20))
    assert await days_of(at).dawn() == 0
    assert await kept(at) == first


async def test_a_day_that_a_wrong_clock_began_far_ahead_keeps_no_later_one_from_beginning(at):
    set_clock(at, NOON + timedelta(days=400))
    await days_of(at).dawn()
    set_clock(at, NOON)
    assert await days_of(at).dawn() == 1
    assert await days_of(at).dawn() == 0
    set_clock(at, NOON + timedelta(days=1))
    assert await days_of(at).dawn() == 1


async def test_what_happened_yesterday_shows_in_the_day(at):
    """A row of quarrels makes for anger; what happened after six belongs to the new day."""
    role, inner = at.app.company.primary, at.app.inner_life
    set_clock(at, NOON.replace(hour=5, minute=0))
    async with at.database.begin() as db:
        for _ in range(10):
            await inner._stir(db, role, [Stimulus.CONFLICT], None, 600, 700)
            at.clock.pass_time(60)
    set_clock(at, NOON)
    await days_of(at).dawn()
    day = await days_of(at).of("pixel")
    after = {Stimulus.CONFLICT: 10}
    assert day == moods.drawn(role.character.temperament, {}, after, Random("pixel 2026-11-21"))
    assert day != moods.drawn(role.character.temperament, {}, {}, Random("pixel 2026-11-21"))


# --- Away -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("away", [2, 7, MOST_MISSED])
async def test_days_offline_come_to_the_same_as_running_through(tmp_path, away):
    """Numbers, log and feelings alike; the hourly job comes at any minute."""
    left = []
    for name, hours in (("through", range(away * 24 + 1)), ("offline", (0, away * 24))):
        (tmp_path / name).mkdir()
        async with table(tmp_path / name) as at:
            for hour in hours:
                set_clock(at, NOON + timedelta(hours=hour, minutes=20))
                await days_of(at).dawn()
            left.append(await kept(at))
    through, offline = left
    assert through[0] == offline[0]
    assert [(at, kind, shift) for at, kind, shift in through[1]] == offline[1]
    assert through[2][0] == offline[2][0]
    assert through[2][1] == pytest.approx(offline[2][1])
    assert len(offline[1]) == away + 1


async def test_after_a_year_only_the_last_days_are_made_up_for(at):
    await days_of(at).dawn()
    at.clock.pass_time(365 * 24 * HOUR)
    assert await days_of(at).dawn() == 1
    _mark, stirred, _feeling = await kept(at)
    assert len(stirred) == 1 + MOST_MISSED


async def test_the_log_of_days_replayed_gives_what_is_felt(at):
    start = hormones.at_rest(at.clock.now())
    for _ in range(6):
        await days_of(at).dawn()
        at.clock.pass_time(20 * HOUR)
    async with at.database.read() as db:
        stirred = await db.characters.stirrings("pixel", since=start.at)
        feeling = feeling_of(await db.characters.feeling("pixel"), at.clock.now())
    assert {one.kind for one in stirred} == {DAY}
    events = [Event(one.at, shift={Hormone(k): v for k, v in (one.shift or {}).items()}) for one in stirred]
    nature = at.app.inner_life.nature(at.app.company.primary)
    replayed = hormones.replayed(events, nature, start)
    assert replayed.deviations == pytest.approx(feeling.deviations)
    assert replayed.shift == pytest.approx(feeling.shift)


# --- Laid down ------------------------------------------------------------------------------------


async def test_what_is_laid_down_holds_until_the_next_morning(at):
    days = days_of(at)
    await days.dawn()
    before = await days.of("pixel")
    assert await days.set("pixel", {DayMood.ANGER: 9}) == before
    assert await days.of("pixel") == {**before, DayMood.ANGER: 9}
    async with at.database.read() as db:
        assert await db.states.get("daily_mood_anger pixel") == "9"
    at.clock.pass_time((days.until() - at.clock.now()).total_seconds() - 1)
    await days.dawn()
    assert (await days.of("pixel"))[DayMood.ANGER] == 9
    at.clock.pass_time(1)
    assert await days.dawn() == 1
    assert (await days.of("pixel"))[DayMood.ANGER] < 9


async def test_what_is_laid_down_before_the_days_draw_is_not_undone_by_it(at):
    days = days_of(at)
    before = await days.set("pixel", {DayMood.ANGER: 9})
    assert set(before) == set(DayMood)
    assert await days.dawn() == 0
    assert (await days.of("pixel"))[DayMood.ANGER] == 9


async def test_laying_down_moves_the_baselines_and_does_not_jump(at):
    days = days_of(at)
    await days.dawn()
    role, now = at.app.company.primary, at.clock.now()

    async def levels(when: datetime) -> dict[Hormone, float]:
        async with at.database.read() as db:
            feeling = feeling_of(await db.characters.feeling("pixel"), now)
        return hormones.levels(feeling, at.app.inner_life.nature(role), when)

    later = now + timedelta(hours=30)
    here, there = await levels(now), await levels(later)
    await days.set("pixel", {DayMood.ANGER: 10})
    assert await levels(now) == pytest.approx(here)
    assert (await levels(later))[Hormone.CORTISOL] > there[Hormone.CORTISOL] + 0.03


async def test_the_same_laid_down_twice_leaves_one_trace(at):
    days = days_of(at)
    await days.set("pixel", {DayMood.JOY: 9})
    first = await kept(at)
    at.clock.pass_time(60)
    await days.set("pixel", {DayMood.JOY: 9})
    assert await kept(at) == first


@pytest.mark.parametrize("value", [-1, 11])
async def test_what_is_no_mood_is_refused_and_changes_nothing(at, value):
    await days_of(at).dawn()
    first = await kept(at)
    with pytest.raises(ValueError, match="from 0 to 10"):
        await days_of(at).set("pixel", {DayMood.JOY: 5, DayMood.ANGER: value})
    assert await kept(at) == first


async def test_a_character_that_is_not_here_has_no_day(at):
    with pytest.raises(KeyError):
        await days_of(at).set("nobody", {DayMood.JOY: 5})


async def test_each_character_has_a_day_of_its_own(tmp_path):
    async with company(tmp_path) as at:
        assert await days_of(at).dawn() == 3
        before = await days_of(at).of("fangs")
        await days_of(at).set("nyx", {DayMood.ANGER: 9})
        assert await days_of(at).of("fangs") == before
        assert (await days_of(at).of("nyx"))[DayMood.ANGER] == 9


async def test_numbers_that_somebody_wrote_into_the_table_wrongly_do_no_harm(at):
    """The rows are the operator's, too: what is no number counts as unknown, what is too much as 10."""
    async with at.database.begin() as db:
        await db.states.set("daily_mood_anger pixel", "99")
        await db.states.set("daily_mood_joy pixel", "very")
        await db.states.set("daily_mood_day pixel", "soon")
    assert await days_of(at).of("pixel") == {DayMood.ANGER: 10}
    assert await days_of(at).dawn() == 1
    assert set(await days_of(at).of("pixel")) == set(DayMood)


# --- In the reply ---------------------------------------------------------------------------------


async def test_a_day_of_anger_stands_in_the_next_reply_behind_all_that_is_cached(at):
    """C70."""
    await days_of(at).set("pixel", {DayMood.ANGER: 9})
    await at.hear("hello")
    prompt = at.claude.prompts[-1]
    assert "anger 9 of 10" in prompt.messages[-1].blocks[-1].text
    assert "anger 9" not in "".join(block.text for block in prompt.system)
