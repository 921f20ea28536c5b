"""A week of feelings, replayed from the log, with no more in it than its viewer may know (F085, C69)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.features.inner_life.replay import SHOWN, Log
from bot.features.inner_life.week import LONG_SILENCE, MOST_MOMENTS, STEP, Felt, Viewer, Weeks, _Replay
from bot.features.inner_life.week_picture import week_svg, week_text
from database.models import Stirring
from personas.affect import hormones
from personas.affect.hormones import Event, Nature
from personas.affect.temperament import Hormone, Stimulus, Temperament
from tests.builders import Table, table
from tests.fakes import EPOCH
from tests.inner_world import DAY, agree, moved

MIRA, TOM, ANA = 42, 43, 44
HERE, HIDDEN, PRIVATE = 600, 601, 500
HOUR = timedelta(hours=1)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path) as entered:
        yield entered


def role(at: Table) -> Any:
    return at.app.company.primary


def nature(at: Table) -> Nature:
    return at.app.inner_life.nature(role(at))


async def felt(at: Table, person_id: int = MIRA, *, sees: tuple[int, ...] = (HERE,)) -> Felt:
    weeks = Weeks(at.database, at.app.inner_life, at.clock)
    found = await weeks.of(role(at), Viewer(person_id, sees.__contains__))
    assert found is not None
    return found


def ago(hours: float, kind: str, person: int | None = MIRA, channel: int | None = HERE) -> Stirring:
    guild = None if channel == PRIVATE else 700
    return Stirring("pixel", EPOCH - hours * HOUR, kind, person, channel, guild)


def told(felt: Felt) -> list[str]:
    return [one.words for one in sorted(felt.happenings, key=lambda one: one.at)]


# --- The curves -----------------------------------------------------------------------------------


async def test_before_anything_moved_it_there_is_no_week(at):
    weeks = Weeks(at.database, at.app.inner_life, at.clock)
    assert await weeks.of(role(at), Viewer(MIRA, lambda _: True)) is None


async def test_the_curves_end_where_the_kept_feeling_stands(at):
    log = [ago(150, DAY, None, None), ago(100, "praise"), ago(50, "conflict", TOM), ago(2, "gratitude")]
    await moved(at.database, "pixel", nature(at), log)
    week = await felt(at)
    async with at.database.read() as db:
        assert len(await db.characters.stirrings("pixel", since=EPOCH - SHOWN)) == 4
    for curve in week.curves:
        replayed, kept = curve.points[-2][1], curve.points[-1][1]
        assert curve.now == kept == week.levels[Hormone(curve.name)]
        assert abs(replayed - kept) < 0.02
        assert curve.points[-1][0] == EPOCH
        assert [b[0] - a[0] for a, b in zip(curve.points, curve.points[1:], strict=False)][:-1] == [
            STEP
        ] * 299


async def test_a_real_talk_moves_the_curves_and_is_told(at):
    await agree(at.database, MIRA, at=EPOCH)
    at.clock.pass_time(5 * 3600)
    await at.hear("Pixel, thank you so much!")
    at.clock.pass_time(3600)
    week = await felt(at)
    assert told(week) == ["thanks from you"]
    assert week.happenings[0].private
    [serotonin] = [one for one in week.curves if one.name == "serotonin"]
    assert serotonin.now > serotonin.baseline


async def test_what_is_older_than_the_log_is_drawn_from_what_is_kept(at):
    await moved(at.database, "pixel", nature(at), [ago(500, "mention")])
    async with at.database.begin() as db:
        await db.characters.prune_stirrings(EPOCH)
    week = await felt(at)
    assert week.curves[0].points[0][0] == EPOCH - SHOWN
    assert len(week.curves[0].points) == SHOWN / STEP + 1


async def test_two_days_before_the_week_are_replayed_and_not_shown(at):
    log = [ago(190, "conflict"), ago(170, "praise"), ago(160, "praise")]
    await moved(at.database, "pixel", nature(at), log)
    week = await felt(at)
    assert told(week) == ["praise from you", "a long silence"]
    events = [Event(one.at, Stimulus(one.kind)) for one in log[:2]]
    then = hormones.replayed(events, nature(at), hormones.at_rest(log[0].at))
    levels = hormones.levels(then, nature(at), EPOCH - SHOWN)
    assert levels[Hormone.DOPAMINE] > 0.55
    for curve in week.curves:
        begin, level = curve.points[0]
        assert begin == EPOCH - SHOWN
        assert level == pytest.approx(levels[Hormone(curve.name)])


async def test_a_clock_that_was_set_back_shows_nothing_of_the_future(at):
    await moved(at.database, "pixel", nature(at), [ago(-100, "conflict"), ago(-99, "praise")])
    week = await felt(at)
    assert week.happenings == ()
    assert "nothing noted before" in week_svg(
        Weeks(at.database, at.app.inner_life, at.clock).picture_of(week)
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12_000), st.sampled_from(["mention", "praise", "conflict", "threat", "night", DAY])
        ),
        min_size=1,
        max_size=40,
    ),
    st.floats(0.25, 4),
)
def test_whatever_happened_a_replay_is_bounded_and_in_order(happened, recovery):
    log = [ago(minutes / 60, kind) for minutes, kind in sorted(happened, reverse=True)]
    nature = Nature(Temperament(recovery=recovery), EPOCH.tzinfo)  # type: ignore[arg-type]
    replay = _Replay(nature, hormones.at_rest(EPOCH), EPOCH, Viewer(MIRA, lambda _: True))
    replay.run(Log(log))
    for curve in replay.curves(dict.fromkeys(Hormone, 0.5)):
        assert all(0 <= value <= 1 for _, value in curve.points)
        assert [at for at, _ in curve.points] == sorted({at for at, _ in curve.points})
    assert all(EPOCH - SHOWN <= one.at <= EPOCH for one in replay.happenings)


@pytest.mark.slow
async def test_a_week_of_twenty_thousand_events_is_read_in_time(at):
    kinds = ["mention", "praise", "mention", "conflict", "gratitude"]
    log = [ago(200 - n / 100.5, kinds[n % 5], n % 40, HERE + n % 9) for n in range(20_000)]
    async with at.database.begin() as db:
        await db.characters.stir(log)
    await moved(at.database, "pixel", nature(at), [ago(0, "mention")])
    begun = process_time()
    week = await felt(at)
    picture = Weeks(at.database, at.app.inner_life, at.clock).picture_of(week)
    assert len(picture.moments) == MOST_MOMENTS
    assert len(week_text(picture)) <= 1024
    assert process_time() - begun < 15


# --- What moved it, and who may know --------------------------------------------------------------


async def test_only_the_viewer_is_told_to_be_the_one(at):
    log = [ago(60, "praise", TOM), ago(40, "conflict", MIRA), ago(20, "gratitude", ANA)]
    await moved(at.database, "pixel", nature(at), log)
    assert told(await felt(at)) == ["praise", "a quarrel with you", "thanks"]
    assert told(await felt(at, TOM)) == ["praise from you", "a quarrel", "thanks"]
    assert told(await felt(at, 99)) == ["praise", "a quarrel", "thanks"]


async def test_a_place_is_told_to_those_who_see_it_and_private_talk_to_its_person_alone(at):
    log = [ago(60, "praise", TOM, HIDDEN), ago(40, "conflict", MIRA), ago(20, "gratitude", ANA, PRIVATE)]
    await moved(at.database, "pixel", nature(at), log)
    for person, sees, places in (
        (MIRA, (HERE,), [None, HERE, None]),
        (TOM, (HERE, HIDDEN), [HIDDEN, HERE, None]),
        (ANA, (), [None, None, None]),
    ):
        week = await felt(at, person, sees=sees)
        known = sorted(week.happenings, key=lambda one: one.at)
        assert [one.channel_id for one in known] == places
        assert [one.private for one in known] == [False, False, person == ANA]


async def test_no_picture_and_no_words_of_it_hold_an_id_or_a_name(at):
    log = [ago(60, "praise", TOM, HIDDEN), ago(20, "gratitude", ANA, PRIVATE)]
    await moved(at.database, "pixel", nature(at), log)
    picture = Weeks(at.database, at.app.inner_life, at.clock).picture_of(await felt(at))
    text = week_text(picture)
    assert "from you" not in text
    for number in (TOM, ANA, HIDDEN, PRIVATE):
        assert f"{number}" not in "".join(one.words for one in picture.moments)


async def test_the_same_again_within_an_hour_is_one_moment(at):
    log = [ago(20 - n / 10, "praise") for n in range(5)] + [ago(17, "praise"), ago(17, "praise", TOM)]
    await moved(at.database, "pixel", nature(at), sorted(log, key=lambda one: one.at))
    assert sorted(told(await felt(at))) == ["praise", "praise from you", "praise from you ×5"]


async def test_what_moved_it_more_comes_first(at):
    log = [ago(60, "gratitude"), ago(40, "conflict"), ago(20, "praise")]
    await moved(at.database, "pixel", nature(at), log)
    weights = [one.weight for one in (await felt(at)).happenings]
    assert weights == sorted(weights, reverse=True)
    assert (await felt(at)).happenings[0].stimulus is Stimulus.CONFLICT


async def test_mentions_and_nights_are_felt_and_not_remarked(at):
    await moved(at.database, "pixel", nature(at), [ago(3, "mention"), ago(2, "night"), ago(1, DAY, None)])
    assert (await felt(at)).happenings == ()


async def test_a_silence_is_remarked_once_and_a_night_is_none(at):
    log = [ago(100, "mention"), ago(91, "mention"), ago(40, "mention"), ago(30, "mention")]
    await moved(at.database, "pixel", nature(at), log)
    silences = sorted(one.at for one in (await felt(at)).happenings)
    assert silences == [EPOCH - 91 * HOUR + LONG_SILENCE, EPOCH - 30 * HOUR + LONG_SILENCE]


# --- Now ------------------------------------------------------------------------------------------


async def test_the_mood_has_the_name_that_a_prompt_has(at):
    await moved(at.database, "pixel", nature(at), [ago(n / 6, "conflict") for n in range(6, 0, -1)])
    week = await felt(at)
    assert week.mood is not None
    assert week.mood_name == "stressed"
    await at.hear("Pixel?")
    assert "stressed" in at.claude.prompts[-1].text


async def test_who_is_at_rest_is_steady(at):
    await moved(at.database, "pixel", nature(at), [ago(60, "mention")])
    week = await felt(at)
    assert (week.mood, week.day) == (None, {})
    assert week.mood_name == "steady"
