"""How a character stands with a person: metrics, their causes, stages (F089, F090, C71, C74)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.relations import bonds
from personas.relations.bonds import BOUNDS, STAGES, Bond, Metric, Tone
from personas.relations.signs import register_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST, SECOND, THIRD, LAST = (one.name for one in STAGES)


def bond(**changes) -> Bond:
    return replace(Bond(NOON), **changes)


@pytest.mark.parametrize(
    ("before", "tone", "register", "steps"),
    [
        ({}, Tone.TALK, 0, {}),
        ({}, Tone.PRAISE, 0, {"rapport": 1}),
        ({}, Tone.GRATITUDE, 0, {"rapport": 1}),
        ({}, Tone.BANTER, 0, {"rapport": 1}),
        ({}, Tone.CONFIDING, 0, {"trust": 1}),
        ({}, Tone.CONFLICT, 0, {"anger": 1, "rapport": -1}),
        ({"anger": 5}, Tone.CONFLICT, 0, {"anger": 1, "rapport": -1, "trust": -1}),
        ({"anger": 10, "rapport": 0, "trust": 0}, Tone.CONFLICT, 0, {}),
        ({"anger": 3}, Tone.APOLOGY, 0, {"anger": -1}),
        ({}, Tone.APOLOGY, 0, {}),
        ({"rapport": 10}, Tone.PRAISE, 0, {}),
        ({"exchanges": 4}, Tone.TALK, 0, {"rapport": 1}),
        ({"exchanges": 4}, Tone.PRAISE, 0, {"rapport": 1}),
        ({"exchanges": 4, "rapport": 6}, Tone.TALK, 0, {}),
        ({"exchanges": 19}, Tone.TALK, 0, {"rapport": 1, "trust": 1}),
        ({"exchanges": 19, "trust": 6, "rapport": 6}, Tone.TALK, 0, {}),
        ({"exchanges": 4}, Tone.CONFLICT, 0, {"anger": 1, "rapport": -1}),
        ({}, Tone.TALK, 2, {"formality": 1}),
        ({}, Tone.TALK, 1, {}),
        ({"formality": 5}, Tone.TALK, 5, {}),
        ({}, Tone.TALK, -5, {"formality": -1}),
        ({"formality": -5}, Tone.TALK, -5, {}),
    ],
)
def test_what_is_said_moves_each_metric_by_one_step_at_most(before, tone, register, steps):
    start = bond(**before)
    after, found = bonds.shifted(start, tone, register, NOON)
    assert {str(one.metric): one.change for one in found} == steps
    assert {
        str(one): after.of(one) - start.of(one) for one in Metric if after.of(one) != start.of(one)
    } == steps
    assert all(one.cause for one in found)
    assert after.exchanges == start.exchanges + 1


def test_the_same_cause_counts_once_in_ten_minutes():
    _, steps = bonds.shifted(bond(), Tone.PRAISE, 0, NOON)
    _, again = bonds.shifted(bond(), Tone.PRAISE, 0, NOON, lately=[one.cause for one in steps])
    assert [one.metric for one in steps] == [Metric.RAPPORT]
    assert again == ()


@pytest.mark.parametrize(("hours", "anger"), [(0, 3), (11, 3), (12, 2), (25, 1), (36, 0), (1_000, 0)])
def test_anger_goes_by_one_in_twelve_hours(hours, anger):
    cooled, steps = bonds.cooled(bond(anger=3), NOON + hours * HOUR)
    assert cooled.anger == anger
    assert sum(one.change for one in steps) == anger - 3
    assert {one.cause for one in steps} <= {bonds.TIME}


@given(st.lists(st.integers(0, 100), max_size=8), st.integers(0, 10))
def test_anger_cools_the_same_however_often_one_looks(looks, anger):
    end = NOON + 101 * HOUR
    sliced = bond(anger=anger)
    for hours in sorted(looks):
        sliced, _ = bonds.cooled(sliced, NOON + hours * HOUR)
    assert bonds.cooled(sliced, end)[0].anger == bonds.cooled(bond(anger=anger), end)[0].anger


@given(st.lists(st.tuples(st.sampled_from(Tone), st.integers(-5, 5), st.integers(0, 50)), max_size=120))
def test_metrics_stay_within_their_bounds_and_move_by_one_a_turn(turns):
    now, known = NOON, bond()
    for tone, register, hours in turns:
        now += hours * HOUR
        before, _ = bonds.cooled(known, now)
        known, steps = bonds.shifted(known, tone, register, now)
        for metric, (least, most) in BOUNDS.items():
            assert least <= known.of(metric) <= most
            assert abs(known.of(metric) - before.of(metric)) <= 1
        moved = [one.metric for one in steps if one.cause != bonds.TIME]
        assert len(moved) == len(set(moved))


@pytest.mark.parametrize(
    ("text", "register"),
    [
        ("", 0),
        ("the door is open", 0),
        ("Would you kindly open the door, sir?", 5),
        ("please open it", 2),
        ("yo bro wanna see sth lol", -5),
        ("yeah", -2),
        ("soooo nice", -2),
        ("please, bro", 0),
        ("lol " * 10_000, -5),
    ],
)
def test_how_formal_words_are(text, register):
    assert register_of(text) == register


# Stages


@pytest.mark.parametrize(
    ("stage", "exchanges", "warmth", "after"),
    [
        ("", 0, 4, FIRST),
        (FIRST, 9, 20, FIRST),
        (FIRST, 10, 4, FIRST),
        (FIRST, 10, 5, SECOND),
        (SECOND, 10, 3, SECOND),
        (SECOND, 10, 2, FIRST),
        (FIRST, 10, 3, FIRST),
        (SECOND, 49, 20, SECOND),
        (SECOND, 50, 9, SECOND),
        (SECOND, 50, 10, THIRD),
        (THIRD, 50, 8, THIRD),
        (THIRD, 50, 7, SECOND),
        (THIRD, 150, 13, THIRD),
        (THIRD, 150, 14, LAST),
        (LAST, 150, 12, LAST),
        (LAST, 150, 11, THIRD),
        (LAST, 150, -10, FIRST),
        (FIRST, 1_000, 20, LAST),
        ("no longer a stage", 10, 5, SECOND),
    ],
)
def test_a_stage_is_reached_at_its_threshold_and_left_two_below_it(stage, exchanges, warmth, after):
    rapport, trust, anger = max(min(warmth, 10), 0), max(min(warmth - 10, 10), 0), max(-warmth, 0)
    known = bond(stage=stage, exchanges=exchanges, rapport=rapport, trust=trust, anger=anger)
    assert known.warmth == warmth
    assert bonds.stage_after(known) == after


@given(
    st.sampled_from(["", FIRST, SECOND, THIRD, LAST]),
    st.integers(0, 300),
    st.integers(0, 10),
    st.integers(0, 10),
    st.integers(0, 10),
)
def test_a_stage_follows_from_what_is_known_alone_and_stays_when_asked_again(
    stage, exchanges, anger, rapport, trust
):
    known = bond(stage=stage, exchanges=exchanges, anger=anger, rapport=rapport, trust=trust)
    after = bonds.stage_after(known)
    assert bonds.stage_after(replace(known, stage=after)) == after


def test_warmth_that_goes_up_and_down_by_one_changes_no_stage_back_and_forth():
    known, changes = bond(stage=FIRST, exchanges=60, rapport=5, trust=4), []
    for rapport in [5, 6, 5, 6, 5, 6, 5, 6]:
        known = replace(known, rapport=rapport)
        stage = bonds.stage_after(known)
        changes += [stage] if stage != known.stage else []
        known = replace(known, stage=stage)
    assert changes == [SECOND, THIRD]


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ({}, FIRST),
        ({"anger": 4}, FIRST),
        ({"anger": 5}, bonds.AT_ODDS),
        ({"anger": 10, "exchanges": 500, "stage": LAST, "rapport": 0, "trust": 0}, bonds.AT_ODDS),
        ({"anger": 10, "exchanges": 60, "rapport": 10, "trust": 10}, THIRD),
    ],
)
def test_whoever_is_mostly_angry_with_somebody_is_at_odds_with_them_and_not_new_to_them(changes, label):
    assert bonds.label_of(bond(**changes)) == label


def test_every_kind_says_how_every_stage_sounds():
    kinds = bonds.RELATIONSHIP_TYPES
    assert set(kinds) == {"romantic", "familial", "mentorship", "adversarial", "platonic", "professional"}
    said = [kinds[kind][stage] for kind, stage in product(kinds, [FIRST, SECOND, THIRD, LAST, bonds.AT_ODDS])]
    assert all(said)
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ()),
        ({"anger": 3}, ("still a little cross with them",)),
        ({"anger": 6}, ("angry with them",)),
        ({"trust": 7}, ("trusts them",)),
        ({"trust": 0}, ("does not trust them",)),
        ({"formality": 3}, ("they are formal with each other",)),
        ({"formality": -3}, ("they talk casually",)),
    ],
)
def test_what_is_worth_saying_of_metrics(changes, words):
    assert bonds.words_of(bond(**changes)) == words
