"""Moods: what hormones and the day make of a way of talking (F085, F087, F088, C69, C70)."""

from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.affect import moods
from personas.affect.temperament import BASELINES, USUAL, DayMood, Hormone, Stimulus, Temperament

levels = st.fixed_dictionaries({one: st.floats(0, 1, allow_nan=False) for one in Hormone})


def at(**changes: float) -> dict[Hormone, float]:
    return {**BASELINES, **{Hormone(name): value for name, value in changes.items()}}


@pytest.mark.parametrize(
    ("changes", "mood"),
    [
        ({}, "steady"),
        ({"cortisol": 0.55}, "stressed"),
        ({"cortisol": 0.54}, "steady"),
        ({"adrenaline": 0.62, "cortisol": 0.47}, "stressed"),
        ({"adrenaline": 0.62, "cortisol": 0.46}, "energized"),
        ({"dopamine": 0.6, "serotonin": 0.52}, "bright"),
        ({"dopamine": 0.6, "serotonin": 0.51}, "energized"),
        ({"adrenaline": 0.57}, "energized"),
        ({"serotonin": 0.45}, "melancholic"),
        ({"dopamine": 0.42}, "melancholic"),
        ({"serotonin": 0.55}, "calm"),
        ({"melatonin": 0.48}, "calm"),
        ({"cortisol": 0.9, "dopamine": 0.9, "serotonin": 0.9}, "stressed"),
    ],
)
def test_the_first_mood_whose_threshold_is_reached_is_the_mood(changes, mood):
    found = moods.mood_of(at(**changes))
    assert (found.name if found else moods.STEADY) == mood


@pytest.mark.parametrize(
    ("changes", "day", "mood"),
    [
        ({"melatonin": 0.5}, {DayMood.ANGER: 9}, "steady"),
        ({"serotonin": 0.6}, {DayMood.ANGER: 9}, "steady"),
        ({"serotonin": 0.6}, {DayMood.ENERGY: 9}, "steady"),
        ({"serotonin": 0.6}, {DayMood.SADNESS: 9}, "calm"),
        ({"serotonin": 0.6}, {DayMood.ANGER: 3}, "calm"),
        ({"dopamine": 0.6, "serotonin": 0.52}, {DayMood.JOY: 1}, "energized"),
        ({"dopamine": 0.6, "serotonin": 0.52}, {DayMood.JOY: 1, DayMood.ENERGY: 1}, "steady"),
        ({"dopamine": 0.4}, {DayMood.JOY: 9}, "steady"),
        ({"cortisol": 0.9}, {DayMood.JOY: 9}, "stressed"),
    ],
)
def test_a_mood_that_the_day_belies_is_passed_over(changes, day, mood):
    found = moods.mood_of(at(**changes), day)
    assert (found.name if found else moods.STEADY) == mood


def test_each_mood_can_be_reached_and_says_how_one_talks_in_it():
    assert {one.name for one in moods.MOODS} | {moods.STEADY} == {
        "stressed", "bright", "calm", "energized", "melancholic", "steady",
    }  # fmt: skip
    assert all(one.manner for one in moods.MOODS)


@pytest.mark.parametrize(("melatonin", "sleepy"), [(0.4, False), (0.46, False), (0.47, True), (1.0, True)])
def test_much_melatonin_makes_sleepy(melatonin, sleepy):
    assert moods.is_sleepy(at(melatonin=melatonin)) is sleepy


def test_adrenaline_types_faster_and_melatonin_slower():
    assert moods.tempo_of(at()) == 1
    assert moods.tempo_of(at(adrenaline=0.7)) == pytest.approx(1.16)
    assert moods.tempo_of(at(dopamine=0.7)) == pytest.approx(1.08)
    assert moods.tempo_of(at(melatonin=0.6)) == pytest.approx(0.84)


@given(levels)
def test_nobody_types_more_than_a_third_faster_or_a_quarter_slower(found):
    assert 0.75 <= moods.tempo_of(found) <= 1.3


@pytest.mark.parametrize(
    ("mood", "shift"),
    [
        (DayMood.ANGER, {"cortisol": 0.1, "adrenaline": 0.08, "serotonin": -0.06}),
        (DayMood.JOY, {"dopamine": 0.08, "serotonin": 0.06}),
        (DayMood.SADNESS, {"serotonin": -0.08, "dopamine": -0.06}),
        (DayMood.ENERGY, {"adrenaline": 0.06, "dopamine": 0.03, "melatonin": -0.04}),
    ],
)
def test_a_day_of_ten_shifts_baselines_by_the_table_and_a_usual_one_by_nothing(mood, shift):
    assert moods.shift_of({mood: 10}) == shift
    assert moods.shift_of({mood: USUAL[mood]}) == {}
    half = (10 + USUAL[mood]) // 2
    share = (half - USUAL[mood]) / (10 - USUAL[mood])
    assert moods.shift_of({mood: half}) == {one: pytest.approx(share * by) for one, by in shift.items()}


@given(st.dictionaries(st.sampled_from(DayMood), st.integers(0, 10)))
def test_no_day_shifts_a_hormone_by_more_than_a_quarter(day):
    assert all(abs(value) <= 0.25 for value in moods.shift_of(day).values())


def days(temperament: Temperament, happened: dict[Stimulus, int]) -> dict[DayMood, float]:
    rng, found = Random(4), []
    yesterday: dict[DayMood, int] = {}
    for _ in range(400):
        yesterday = moods.drawn(temperament, yesterday, happened, rng)
        found.append(yesterday)
    return {mood: mean(day[mood] for day in found) for mood in DayMood}


def test_days_are_mostly_as_usual_for_a_character():
    sunny = Temperament(usual={DayMood.JOY: 8, DayMood.ANGER: 1})
    found = days(sunny, {})
    assert found[DayMood.JOY] == pytest.approx(8, abs=0.4)
    assert found[DayMood.ANGER] == pytest.approx(1, abs=0.5)


def test_a_day_of_quarrels_leaves_anger_and_one_of_thanks_joy():
    usual, quarrels = days(Temperament(), {}), days(Temperament(), {Stimulus.CONFLICT: 3})
    thanks = days(Temperament(), {Stimulus.GRATITUDE: 3})
    assert quarrels[DayMood.ANGER] > usual[DayMood.ANGER] + 1.5
    assert thanks[DayMood.JOY] > usual[DayMood.JOY] + 0.8


@given(
    st.dictionaries(st.sampled_from(DayMood), st.integers(0, 10)),
    st.dictionaries(st.sampled_from(Stimulus), st.integers(0, 10_000)),
    st.integers(),
)
def test_a_day_is_from_nought_to_ten_whatever_happened(yesterday, happened, seed):
    day = moods.drawn(Temperament(), yesterday, happened, Random(seed))
    assert set(day) == set(DayMood)
    assert all(isinstance(value, int) and 0 <= value <= 10 for value in day.values())


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ({}, {}),
        ({DayMood.ANGER: 4}, {}),
        ({DayMood.ANGER: 5}, {DayMood.ANGER: 5}),
        ({DayMood.JOY: 2}, {DayMood.JOY: 2}),
        ({DayMood.JOY: 7}, {}),
    ],
)
def test_only_what_is_unusual_of_a_day_is_told(day, told):
    assert moods.telling(day, Temperament()) == told


def test_what_is_usual_for_the_grumpy_is_told_from_nine_on():
    grumpy = Temperament(usual={DayMood.ANGER: 8})
    assert moods.telling({DayMood.ANGER: 8}, grumpy) == {}
    assert moods.telling({DayMood.ANGER: 9}, grumpy) == {DayMood.ANGER: 9}
