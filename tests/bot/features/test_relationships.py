"""Having one's say in how a character stands with one: taking back, its bounds, the kind (C71, C74)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.context.mood_state import STAGE, bond_of
from bot.features.inner_life.relationship import (
    ENOUGH,
    LEDGER,
    MOST_DISPUTES,
    NOT_THERE,
    NOTHING_KEPT,
    STAGES_FOLLOW,
    TAKEN_BACK,
    TIME_PASSES,
    NotDisputed,
    Relationships,
    _courses,
    _undone,
    chart_of,
    signed,
    sound_of,
    words_of,
)
from bot.pictures import bond_svg
from database.models import BondChange
from database.models import BondRow as Row
from personas.relations import bonds
from personas.relations.bonds import BOUNDS, COOLING, STAGES, TIME, Bond, Metric, Tone
from tests.builders import PIXEL, Table, table
from tests.fakes import EPOCH
from tests.inner_world import agree, noted, stand

MIRA, TOM = 42, 43
KIND = "you said something kind"
THANKS = "you said thank you"
WARM = PIXEL.model_copy(update={"relationships": ("platonic", "mentorship", "romantic")})


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path, character=WARM) as entered:
        yield entered


def service(at: Table) -> Relationships:
    return Relationships(at.database, at.clock)


def role(at: Table):
    return at.app.company.primary


async def test_who_is_hated_is_at_odds_in_every_view_and_in_the_picture(at):
    await stand(at.database, MIRA, at=at.clock.now(), anger=9, exchanges=40, stage=STAGES[0].name)
    shown = await service(at).of(MIRA, role(at))
    assert shown is not None
    assert (shown.label, shown.sound) == ("at odds", sound_of("platonic", "at odds"))
    chart = chart_of(role(at), shown, at.app.inner_life.zone)
    assert chart.stages == ("at odds", *(one.name for one in STAGES[1:]))
    assert ">at odds<" in bond_svg(chart)


async def row_of(at: Table, person_id: int = MIRA) -> Row:
    async with at.database.read() as db:
        row = await db.bonds.get(person_id, "pixel")
    assert row is not None
    return row


async def ledger(at: Table, person_id: int = MIRA) -> list[BondChange]:
    async with at.database.read() as db:
        return await db.bonds.ledger(person_id)


async def refused(at: Table, change_id: int, person_id: int = MIRA) -> str:
    """Return why a change can't be taken back; asking and doing say the same, and nothing is changed."""
    before = [(one.id, one.disputed_at) for one in await ledger(at, person_id)]
    with pytest.raises(NotDisputed) as asked:
        await service(at).preview(person_id, role(at), change_id)
    with pytest.raises(NotDisputed) as done:
        await service(at).dispute(person_id, role(at), change_id)
    assert str(asked.value) == str(done.value)
    assert [(one.id, one.disputed_at) for one in await ledger(at, person_id)] == before
    return str(done.value)


# --- What is shown --------------------------------------------------------------------------------


async def test_nothing_is_shown_where_nothing_is_kept(at):
    assert await service(at).of(MIRA, role(at)) is None


async def test_a_talk_makes_what_is_shown_with_its_cause(at):
    await agree(at.database, MIRA, at=EPOCH)
    at.clock.pass_time(60)
    await at.hear("Pixel, thank you so much!")
    shown = await service(at).of(MIRA, role(at))
    assert shown is not None
    assert [words_of(one) for one in shown.changes] == ["+1 rapport: you said thank you"]
    assert (shown.bond.rapport, shown.stage, shown.since) == (3, STAGES[0].name, None)
    assert shown.kind == "platonic"
    assert shown.kinds == ("platonic", "mentorship", "romantic")
    assert shown.sound == sound_of("platonic", STAGES[0].name)
    assert shown.left == MOST_DISPUTES
    assert shown.courses[Metric.RAPPORT] == ((at.clock.now(), 2), (at.clock.now(), 3))
    assert shown.courses[Metric.TRUST] == ()


async def test_of_somebody_who_did_not_agree_nothing_is_kept_and_nothing_shown(at):
    await at.hear("Pixel, thank you so much!")
    assert await service(at).of(MIRA, role(at)) is None


async def test_anger_is_shown_as_it_has_cooled_by_now(at):
    await stand(at.database, MIRA, at=EPOCH, anger=4)
    at.clock.pass_time(2.5 * COOLING.total_seconds())
    shown = await service(at).of(MIRA, role(at))
    assert shown is not None
    assert shown.bond.anger == 2


async def test_a_stage_is_shown_with_the_day_that_the_ledger_names(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=6, trust=4, exchanges=20, stage=STAGES[1].name)
    await noted(at.database, MIRA, (EPOCH, STAGE, 0, STAGES[1].name), (EPOCH, "rapport", 1, KIND))
    shown = await service(at).of(MIRA, role(at))
    assert shown is not None
    assert (shown.stage, shown.since) == (STAGES[1].name, EPOCH)
    assert words_of(shown.changes[1]) == "stage: developing rapport"


async def test_the_course_of_a_metric_comes_out_at_what_it_is_and_counts_what_was_taken_back(at):
    await agree(at.database, MIRA, at=EPOCH)
    for text in ("thank you!", "you are wonderful", "you idiot, shut up"):
        at.clock.pass_time(3600)
        await at.hear(f"Pixel, {text}")
    wrong = next(one for one in await ledger(at) if one.metric == "anger")
    at.clock.pass_time(3600)
    await service(at).dispute(MIRA, role(at), wrong.id)
    shown = await service(at).of(MIRA, role(at))
    assert shown is not None
    assert [value for _, value in shown.courses[Metric.RAPPORT]] == [2, 3, 4, 3]
    assert [value for _, value in shown.courses[Metric.ANGER]] == [0, 1, 0]
    chart = chart_of(role(at), shown, at.app.inner_life.zone)
    assert [gauge.value for gauge in chart.gauges] == [0, 3, 2, shown.bond.formality]
    assert [one.taken_back for one in chart.changes].count(True) == 1
    assert "<svg" in bond_svg(chart)


async def test_the_course_of_a_ledger_that_holds_a_part_only_comes_out_at_what_is(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=9, trust=3, formality=-5)
    told = "you told something"
    log = [("rapport", 1, KIND), ("trust", 1, told), ("formality", 1, "you wrote more formally")]
    await noted(at.database, MIRA, *[(EPOCH, *one) for one in log])
    shown = await service(at).of(MIRA, role(at))
    assert shown is not None
    assert shown.courses[Metric.RAPPORT] == ((EPOCH, 8), (EPOCH, 9))
    assert shown.courses[Metric.TRUST] == ((EPOCH, 2), (EPOCH, 3))
    assert shown.courses[Metric.FORMALITY] == ()  # after a step up it can't be at the bottom


async def test_of_a_very_long_ledger_the_last_thousand_changes_are_shown(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=9)
    await noted(at.database, MIRA, *[(EPOCH, "rapport", (-1) ** n, f"cause {n}") for n in range(LEDGER + 7)])
    shown = await service(at).of(MIRA, role(at))
    assert shown is not None
    assert len(shown.changes) == LEDGER
    assert shown.changes[0].cause == f"cause {LEDGER + 6}"
    assert shown.courses[Metric.RAPPORT][-1] == (EPOCH, 9)


# --- Taking back ----------------------------------------------------------------------------------


async def test_a_change_taken_back_is_marked_and_its_metric_goes_back_by_one(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=3, kind="romantic")
    [change_id] = await noted(at.database, MIRA, (EPOCH, "rapport", 1, KIND))
    preview = await service(at).preview(MIRA, role(at), change_id)
    assert (preview.before, preview.after) == (3, 2)
    assert (await row_of(at)).rapport == 3
    done = await service(at).dispute(MIRA, role(at), change_id)
    assert (done.metric, done.before, done.after, done.stage) == (Metric.RAPPORT, 3, 2, "")
    row, [change] = await row_of(at), await ledger(at)
    assert (row.rapport, row.trust, row.kind, row.talked_at) == (2, 2, "romantic", EPOCH)
    assert change.disputed_at == at.clock.now()
    assert (await service(at).of(MIRA, role(at))).left == MOST_DISPUTES - 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("metric", "change", "was", "becomes"),
    [
        ("anger", 1, 0, 0),
        ("anger", -1, 10, 10),
        ("rapport", 1, 0, 0),
        ("rapport", -1, 10, 10),
        ("trust", -1, 9, 10),
        ("formality", 1, -5, -5),
        ("formality", -1, 5, 5),
        ("formality", 1, -4, -5),
        ("rapport", 3, 5, 4),
    ],
)
async def test_a_metric_stays_within_its_bounds_and_moves_by_one_at_most(at, metric, change, was, becomes):
    await stand(at.database, MIRA, at=at.clock.now(), **{metric: was})
    [change_id] = await noted(at.database, MIRA, (EPOCH, metric, change, KIND))
    done = await service(at).dispute(MIRA, role(at), change_id)
    assert (done.before, done.after) == (was, becomes)
    assert getattr(await row_of(at), metric) == becomes


async def test_what_is_taken_back_twice_counts_once(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=5)
    [change_id] = await noted(at.database, MIRA, (EPOCH, "rapport", 1, KIND))
    await service(at).dispute(MIRA, role(at), change_id)
    assert await refused(at, change_id) == TAKEN_BACK
    assert (await row_of(at)).rapport == 4


async def test_pressed_many_times_at_once_a_change_is_taken_back_once(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=8)
    [change_id] = await noted(at.database, MIRA, (EPOCH, "rapport", 1, KIND))
    presses = [service(at).dispute(MIRA, role(at), change_id) for _ in range(8)]
    results = await asyncio.gather(*presses, return_exceptions=True)
    assert [isinstance(one, NotDisputed) for one in results].count(False) == 1
    assert (await row_of(at)).rapport == 7


async def test_many_at_once_are_three_within_a_day(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=8)
    ids = await noted(at.database, MIRA, *[(EPOCH, "rapport", 1, KIND)] * 6)
    results = await asyncio.gather(
        *(service(at).dispute(MIRA, role(at), one) for one in ids), return_exceptions=True
    )
    assert sum(not isinstance(one, NotDisputed) for one in results) == MOST_DISPUTES
    told = {str(one) for one in results if isinstance(one, NotDisputed)}
    assert told == {ENOUGH.format(most=MOST_DISPUTES)}
    assert (await row_of(at)).rapport == 8 - MOST_DISPUTES


async def test_a_talk_meanwhile_is_not_lost_and_loses_nothing(at):
    await agree(at.database, MIRA, at=EPOCH)
    await stand(at.database, MIRA, at=EPOCH, rapport=4, exchanges=3)
    [change_id] = await noted(at.database, MIRA, (EPOCH, "trust", 1, "you told something personal"))
    await asyncio.gather(at.hear("Pixel, thank you!"), service(at).dispute(MIRA, role(at), change_id))
    row = await row_of(at)
    assert (row.rapport, row.trust, row.exchanges) == (5, 1, 4)


async def test_three_changes_within_a_day_are_enough_and_a_day_later_there_are_more(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=9)
    ids = await noted(at.database, MIRA, *[(EPOCH, "rapport", 1, KIND)] * 5)
    for change_id in ids[:MOST_DISPUTES]:
        await service(at).dispute(MIRA, role(at), change_id)
    assert await refused(at, ids[3]) == ENOUGH.format(most=MOST_DISPUTES)
    assert (await service(at).of(MIRA, role(at))).left == 0  # type: ignore[union-attr]
    at.clock.pass_time(timedelta(hours=23, minutes=59).total_seconds())
    assert await refused(at, ids[3]) == ENOUGH.format(most=MOST_DISPUTES)
    at.clock.pass_time(120)
    await service(at).dispute(MIRA, role(at), ids[3])
    assert (await row_of(at)).rapport == 5


async def test_what_others_were_told_of_is_not_there_for_anybody_else(at):
    await stand(at.database, TOM, at=EPOCH, rapport=5)
    await stand(at.database, MIRA, at=EPOCH, rapport=5)
    [toms] = await noted(at.database, TOM, (EPOCH, "rapport", 1, KIND))
    assert await refused(at, toms) == NOT_THERE
    assert await refused(at, 10_000) == NOT_THERE
    assert (await row_of(at, TOM)).rapport == 5
    assert (await ledger(at, TOM))[0].disputed_at is None


async def test_a_change_of_another_character_is_not_in_this_ones_list(at):
    await stand(at.database, MIRA, at=EPOCH, rapport=5)
    await stand(at.database, MIRA, "nyx", at=EPOCH, rapport=5)
    [nyx] = await noted(at.database, MIRA, (EPOCH, "rapport", 1, KIND), slug="nyx")
    assert await refused(at, nyx) == NOT_THERE


@pytest.mark.parametrize(
    ("metric", "change", "cause", "said"),
    [
        ("anger", -2, TIME, TIME_PASSES),
        (STAGE, 0, "deepening", STAGES_FOLLOW),
        ("trust", 0, "x", TIME_PASSES),
    ],
)
async def test_time_and_stages_are_not_taken_back(at, metric, change, cause, said):
    await stand(at.database, MIRA, at=EPOCH, anger=4)
    [change_id] = await noted(at.database, MIRA, (EPOCH, metric, change, cause))
    assert await refused(at, change_id) == said


async def test_a_stage_that_rested_on_a_change_goes_with_it_and_the_ledger_says_so(at):
    """The margin of two keeps a stage; what is colder than that leaves it."""
    begin = STAGES[1]
    rapport = begin.warmth - bonds.MARGIN
    await stand(at.database, MIRA, at=EPOCH, rapport=rapport, trust=0, exchanges=20, stage=begin.name)
    [change_id] = await noted(at.database, MIRA, (EPOCH, "rapport", 1, KIND))
    assert (await service(at).preview(MIRA, role(at), change_id)).stage == STAGES[0].name
    assert (await service(at).dispute(MIRA, role(at), change_id)).stage == STAGES[0].name
    newest = (await ledger(at))[-1]
    assert (newest.metric, newest.change, newest.cause) == (STAGE, 0, STAGES[0].name)
    assert (await row_of(at)).stage == STAGES[0].name


async def test_anger_that_cooled_meanwhile_is_noted_first_and_comes_back_only_with_time(at):
    await stand(at.database, MIRA, at=EPOCH, anger=3)
    [sorry] = await noted(at.database, MIRA, (EPOCH, "anger", -1, "you said sorry"))
    at.clock.pass_time(2 * COOLING.total_seconds() + 60)
    done = await service(at).dispute(MIRA, role(at), sorry)
    assert (done.before, done.after) == (1, 2)
    assert [(one.change, one.cause) for one in await ledger(at)][1:] == [(-2, TIME)]
    row = await row_of(at)
    assert (row.anger, row.changed_at) == (2, at.clock.now())


async def test_anger_that_is_taken_back_does_not_put_off_the_rest_of_it(at):
    await stand(at.database, MIRA, at=EPOCH, anger=3)
    [rude] = await noted(at.database, MIRA, (EPOCH, "anger", 1, "you were unkind"))
    at.clock.pass_time(COOLING.total_seconds() - 60)
    await service(at).dispute(MIRA, role(at), rude)
    at.clock.pass_time(120)
    assert (await service(at).of(MIRA, role(at))).bond.anger == 1  # type: ignore[union-attr]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(list(Tone)), st.integers(-5, 5), st.booleans()), max_size=60),
)
def test_however_often_things_change_and_are_taken_back_the_bounds_hold_and_the_course_comes_out(happened):
    now, bond, changes = EPOCH, Bond(EPOCH), list[BondChange]()
    for number, (tone, register, wrong) in enumerate(happened):
        now += timedelta(hours=3)
        bond, steps = bonds.shifted(bond, tone, register, now)
        for step in steps:
            one = BondChange(MIRA, "pixel", now, step.metric.value, step.change, step.cause)
            one.id = len(changes)
            changes.append(one)
            if wrong and step.cause != TIME and number % 2:
                one.disputed_at = now + timedelta(seconds=len(changes))
                undoing, bond = _undone(one, bond)
                assert abs(undoing.before - undoing.after) <= 1
        for metric, (least, most) in BOUNDS.items():
            assert least <= bond.of(metric) <= most
    courses = _courses(changes[::-1], bond)
    for metric in Metric:
        moved = any(one.metric == metric for one in changes)
        assert bool(courses[metric]) == moved
        assert not moved or courses[metric][-1][1] == bond.of(metric)


# --- The kind -------------------------------------------------------------------------------------


async def test_the_kind_that_somebody_chose_holds_from_the_next_prompt_on_and_through_talk(at):
    await agree(at.database, MIRA, at=EPOCH)
    await at.hear("Pixel, thank you!")
    await service(at).choose_kind(MIRA, role(at), "mentorship")
    await service(at).choose_kind(MIRA, role(at), "mentorship")
    await at.hear("Pixel?")
    assert sound_of("mentorship", STAGES[0].name) in at.claude.prompts[-1].text
    assert (await row_of(at)).kind == "mentorship"
    assert (await service(at).of(MIRA, role(at))).kind == "mentorship"  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["adversarial", "", "king", "Platonic"])
async def test_a_kind_that_the_character_does_not_know_is_refused_with_those_that_it_does(at, kind):
    await stand(at.database, MIRA, at=EPOCH)
    with pytest.raises(NotDisputed, match="What it can be: platonic, mentorship, romantic"):
        await service(at).choose_kind(MIRA, role(at), kind)
    assert (await row_of(at)).kind is None


async def test_without_anything_kept_no_kind_is_kept_either(at):
    with pytest.raises(NotDisputed, match=NOTHING_KEPT):
        await service(at).choose_kind(MIRA, role(at), "romantic")
    assert await service(at).of(MIRA, role(at)) is None


async def test_a_kind_that_the_character_does_not_know_any_more_counts_as_its_first(at):
    await stand(at.database, MIRA, at=EPOCH, kind="romantic")
    shy = WARM.model_copy(update={"relationships": ("professional",)})
    here = role(at)
    here.playing = replace(here.playing, character=shy)
    shown = await service(at).of(MIRA, here)
    assert shown is not None
    assert (shown.kind, shown.kinds) == ("professional", ("professional",))


# --- Going away -----------------------------------------------------------------------------------


async def test_who_says_no_takes_all_of_it_away(at):
    await stand(at.database, MIRA, at=EPOCH)
    await noted(at.database, MIRA, (EPOCH, "rapport", 1, KIND))
    await stand(at.database, TOM, at=EPOCH)
    await at.app.privacy.answer(MIRA, agreed=False)
    assert await service(at).of(MIRA, role(at)) is None
    assert await ledger(at) == []
    assert await service(at).of(TOM, role(at)) is not None


async def test_who_is_erased_leaves_no_row_and_what_they_pressed_before_says_so(at):
    await stand(at.database, MIRA, at=EPOCH)
    [change_id] = await noted(at.database, MIRA, (EPOCH, "rapport", 1, KIND))
    await at.app.privacy.leave(MIRA)
    assert await ledger(at) == []
    assert await service(at).of(MIRA, role(at)) is None
    assert await refused(at, change_id) == NOT_THERE


def test_numbers_are_written_with_signs_and_a_nought_without():
    assert [signed(one) for one in (-2, 0, 3)] == ["−2", "0", "+3"]


def test_no_cause_that_the_rules_name_is_cut_in_the_picture():
    causes = {
        step.cause
        for tone in Tone
        for anger in (0, 6)
        for exchanges in (4, 19)
        for register in (-5, 5)
        for step in bonds.shifted(
            Bond(EPOCH, anger=anger, rapport=3, exchanges=exchanges), tone, register, EPOCH
        )[1]
    } | {TIME}
    assert len(causes) >= 9
    for cause in causes:
        change = BondChange(MIRA, "pixel", EPOCH, "formality", -1, cause, disputed_at=EPOCH)
        change.id = 1
        picture = bond_svg(_alone(change))
        drawn = "".join(part.split("<")[0] for part in picture.split(">"))
        assert "…" not in drawn.replace("\n", "")
        for word in cause.split():
            assert word in drawn


def _alone(change: BondChange):
    from zoneinfo import ZoneInfo

    from bot.pictures import BondChart, GaugeChange

    changed = (GaugeChange(change.at, words_of(change), taken_back=True),)
    return BondChart("You and Pixel", 0, ("a",), (), changed, ZoneInfo("UTC"))


def test_bond_of_a_row_is_what_the_row_says():
    row = Row(MIRA, "pixel", EPOCH, EPOCH, anger=1, stage="deepening")
    assert bond_of(row) == Bond(EPOCH, anger=1, stage="deepening")
