"""Hormones: what moves them, how they come to rest, and that it does not matter when (F085, C69)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.affect import hormones
from personas.affect.hormones import EFFECTS, Event, Feeling, Nature, at_rest
from personas.affect.temperament import BASELINES, Hormone, Stimulus, Temperament

EVENING = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)
"""Hardly anything of what the morning and the night add is left by then."""
USUAL = Nature(Temperament(), UTC)
NEAR = 5e-3
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def rest(nature: Nature = USUAL, at: datetime = EVENING) -> dict[Hormone, float]:
    return hormones.levels(at_rest(at), nature, at)


def after(stimulus: Stimulus, nature: Nature = USUAL, at: datetime = EVENING) -> dict[Hormone, float]:
    feeling = hormones.felt(at_rest(at), nature, stimulus, at)
    return hormones.levels(feeling, nature, at)


def moved(stimulus: Stimulus, nature: Nature = USUAL) -> dict[Hormone, float]:
    before, then = rest(nature), after(stimulus, nature)
    return {one: then[one] - before[one] for one in Hormone if abs(then[one] - before[one]) > 1e-9}


def test_hormones_rest_at_the_seeds_values():
    assert {one: pytest.approx(value, abs=NEAR) for one, value in rest().items()} == BASELINES
    assert {one for one, value in BASELINES.items() if value == 0.4} == {Hormone.CORTISOL, Hormone.MELATONIN}


@pytest.mark.parametrize(
    ("stimulus", "effects"),
    [
        (Stimulus.MENTION, {"dopamine": 0.06}),
        (Stimulus.PRAISE, {"dopamine": 0.08, "serotonin": 0.05}),
        (Stimulus.GRATITUDE, {"serotonin": 0.06, "estrogen": 0.04, "cortisol": -0.03 * 0.8}),
        (Stimulus.CONFLICT, {"adrenaline": 0.1, "cortisol": 0.07, "testosterone": 0.03}),
        (Stimulus.NEGLECT, {"cortisol": 0.05, "serotonin": -0.03}),
        (Stimulus.NIGHT, {"melatonin": 0.03, "adrenaline": -0.02}),
    ],
)
def test_each_stimulus_moves_what_the_table_says(stimulus, effects):
    """From 0.4 a hormone has less room downwards: 0.8 of the table's step."""
    found = moved(stimulus)
    assert {str(one): pytest.approx(value, abs=NEAR / 5) for one, value in found.items()} == effects
    assert set(EFFECTS) == set(Stimulus), "a stimulus that moves nothing"


@pytest.mark.parametrize("stimulus", Stimulus)
def test_whom_a_stimulus_moves_more_it_moves_in_proportion(stimulus):
    stoic = Nature(Temperament(sensitivity={stimulus: 0.0}), UTC)
    lively = Nature(Temperament(sensitivity={stimulus: 2.0}), UTC)
    assert moved(stimulus, stoic) == {}
    assert moved(stimulus, lively) == {
        one: pytest.approx(2 * value) for one, value in moved(stimulus).items()
    }


@pytest.mark.parametrize(
    ("minutes", "left"), [(0, 1.0), (1, 0.995), (60, 0.995**60), (139, 0.995**139), (1440, 0.995**1440)]
)
def test_what_happened_fades_by_a_half_percent_each_minute(minutes, left):
    feeling = hormones.felt(at_rest(EVENING), USUAL, Stimulus.MENTION, EVENING)
    later = hormones.advanced(feeling, USUAL, EVENING + minutes * MINUTE)
    begun = feeling.deviations[Hormone.DOPAMINE]
    assert later.deviations[Hormone.DOPAMINE] == pytest.approx(begun * left)


@pytest.mark.parametrize(("recovery", "faster"), [(0.25, 0.25), (1.0, 1.0), (4.0, 4.0)])
def test_who_recovers_faster_is_at_rest_sooner(recovery, faster):
    nature = Nature(Temperament(recovery=recovery), UTC)
    feeling = hormones.felt(at_rest(EVENING), nature, Stimulus.CONFLICT, EVENING)
    later = hormones.advanced(feeling, nature, EVENING + 30 * MINUTE)
    share = later.deviations[Hormone.ADRENALINE] / feeling.deviations[Hormone.ADRENALINE]
    assert share == pytest.approx(0.995 ** (30 * faster))


@pytest.mark.parametrize(
    ("hormone", "hour", "adds"),
    [
        (Hormone.DOPAMINE, 5.99, 0.0),
        (Hormone.DOPAMINE, 7, 0.02 * 0.86),
        (Hormone.DOPAMINE, 11, 0.02 / (-60 * -0.005012541823544286)),
        (Hormone.DOPAMINE, 23, 0.0018),
        (Hormone.SEROTONIN, 11, 0.01 / (-60 * -0.005012541823544286)),
        (Hormone.MELATONIN, 20.9, 0.0008),
        (Hormone.MELATONIN, 5, 0.03 / (-60 * -0.005012541823544286)),
        (Hormone.CORTISOL, 8, 0.0),
    ],
)
def test_the_time_of_day_adds_hourly_what_the_seed_says_and_it_goes_again(hormone, hour, adds):
    """In an hour 0.02 comes in the morning while what is there fades: towards 0.02 / rate, never over it."""
    at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour)
    assert hormones.circadian(hormone, at) == pytest.approx(adds, rel=0.25, abs=0.001)
    assert 0 <= hormones.circadian(hormone, at) < 0.11


def test_the_curve_of_the_day_has_no_jumps_and_closes():
    for hormone in Hormone:
        day = [
            hormones.circadian(hormone, datetime(2026, 3, 2, tzinfo=UTC) + minute * MINUTE)
            for minute in range(24 * 60 + 1)
        ]
        assert day[0] == pytest.approx(day[-1])
        assert max(abs(one - after) for one, after in pairwise(day)) < 0.001


def test_a_character_lives_by_its_own_zone():
    tokyo = Nature(Temperament(), ZoneInfo("Asia/Tokyo"))
    at = datetime(2026, 3, 2, 15, tzinfo=UTC)  # midnight in Tokyo
    assert rest(tokyo, at)[Hormone.MELATONIN] > rest(USUAL, at)[Hormone.MELATONIN] + 0.03
    assert hormones.is_night(at, tokyo.zone)
    assert not hormones.is_night(at, UTC)


@pytest.mark.parametrize(("hour", "night"), [(22, False), (23, True), (0, True), (4, True), (5, False)])
def test_the_night_is_from_eleven_to_five(hour, night):
    assert hormones.is_night(datetime(2026, 3, 2, hour, 30, tzinfo=UTC), UTC) is night


@pytest.mark.parametrize(
    ("silence", "pulses"), [(5.9, 0), (6.1, 1), (12.1, 2), (24.1, 3), (48.1, 4), (500, 4)]
)
def test_silence_neglects_after_six_twelve_twentyfour_and_fortyeight_hours(silence, pulses):
    feeling = at_rest(EVENING)
    counted = 0
    for hours in (6, 12, 24, 48):
        pulse = EVENING + timedelta(hours=hours)
        before = hormones.advanced(feeling, USUAL, pulse - MINUTE)
        behind = hormones.advanced(feeling, USUAL, pulse)
        assert behind.deviations.get(Hormone.CORTISOL, 0) > before.deviations.get(Hormone.CORTISOL, 0)
        counted += hours <= silence
    assert counted == pulses
    long_gone = hormones.advanced(feeling, USUAL, EVENING + timedelta(hours=500))
    assert abs(long_gone.deviations[Hormone.CORTISOL]) < 1e-6, "it gets used to silence"


def test_company_ends_the_silence():
    talked = hormones.felt(at_rest(EVENING), USUAL, Stimulus.MENTION, EVENING + 5 * HOUR)
    assert Hormone.CORTISOL not in hormones.advanced(talked, USUAL, EVENING + 7 * HOUR).deviations


def test_the_same_again_moves_less_the_sooner_it_comes():
    def second(wait: timedelta) -> float:
        feeling = hormones.felt(at_rest(EVENING), USUAL, Stimulus.PRAISE, EVENING)
        before = hormones.levels(feeling, USUAL, EVENING + wait)[Hormone.DOPAMINE]
        feeling = hormones.felt(feeling, USUAL, Stimulus.PRAISE, EVENING + wait)
        return hormones.levels(feeling, USUAL, EVENING + wait)[Hormone.DOPAMINE] - before

    first = moved(Stimulus.PRAISE)[Hormone.DOPAMINE]
    assert second(timedelta(0)) == pytest.approx(0)
    assert second(30 * MINUTE) == pytest.approx(0.632 * first, rel=0.2)
    assert second(5 * HOUR) == pytest.approx(first, rel=0.05)


def test_a_thousand_praises_at_once_lift_no_more_than_one():
    feeling = at_rest(EVENING)
    for _ in range(1_000):
        feeling = hormones.felt(feeling, USUAL, Stimulus.PRAISE, EVENING)
    assert hormones.levels(feeling, USUAL, EVENING) == pytest.approx(after(Stimulus.PRAISE))


def test_a_new_day_goes_over_into_the_next_without_a_jump():
    feeling = hormones.felt(at_rest(EVENING), USUAL, Stimulus.CONFLICT, EVENING)
    shifted = hormones.dawned(feeling, USUAL, {Hormone.CORTISOL: 0.1}, EVENING)
    assert hormones.levels(shifted, USUAL, EVENING) == pytest.approx(hormones.levels(feeling, USUAL, EVENING))
    evening = hormones.levels(shifted, USUAL, EVENING + 5 * HOUR)[Hormone.CORTISOL]
    assert evening == pytest.approx(0.5, abs=0.04)


def test_a_clock_that_jumps_back_does_no_harm():
    feeling = hormones.felt(at_rest(EVENING), USUAL, Stimulus.PRAISE, EVENING)
    assert hormones.advanced(feeling, USUAL, EVENING - 7 * DAY) == feeling
    back = hormones.felt(feeling, USUAL, Stimulus.CONFLICT, EVENING - 7 * DAY)
    assert back.at == EVENING
    assert back.talked_at == EVENING


# Whatever happens


numbers = st.floats(0, 1, allow_nan=False)
temperaments = st.builds(
    Temperament,
    baseline=st.dictionaries(st.sampled_from(Hormone), numbers),
    sensitivity=st.dictionaries(st.sampled_from(Stimulus), st.floats(0, 3, allow_nan=False)),
    recovery=st.floats(0.25, 4, allow_nan=False),
)
natures = st.builds(
    Nature, temperaments, st.sampled_from([UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Rome")])
)
shifts = st.dictionaries(st.sampled_from(Hormone), st.floats(-0.2, 0.2, allow_nan=False))
happenings = st.lists(
    st.tuples(st.integers(0, 3 * 24 * 60), st.sampled_from(Stimulus) | shifts), max_size=25
).map(lambda found: sorted(found, key=lambda one: one[0]))


def events_of(happened) -> list[Event]:
    return [
        Event(EVENING + minute * MINUTE, what)
        if isinstance(what, Stimulus)
        else Event(EVENING + minute * MINUTE, shift=what)
        for minute, what in happened
    ]


def same(one: Feeling, other: Feeling) -> None:
    assert one.at == other.at
    assert one.talked_at == other.talked_at
    for hormone in Hormone:
        left, right = one.deviations.get(hormone, 0.0), other.deviations.get(hormone, 0.0)
        assert left == pytest.approx(right, abs=1e-9)


@given(natures, happenings, st.integers(0, 14 * 24 * 60))
def test_levels_stay_between_nought_and_one(nature, happened, later):
    feeling = hormones.replayed(events_of(happened), nature, at_rest(EVENING))
    levels = hormones.levels(feeling, nature, feeling.at + later * MINUTE)
    assert set(levels) == set(Hormone)
    assert all(0 <= level <= 1 for level in levels.values())


@given(natures, happenings)
def test_without_stimuli_all_of_it_comes_to_rest(nature, happened):
    feeling = hormones.replayed(events_of(happened), nature, at_rest(EVENING))
    much_later = hormones.advanced(feeling, nature, feeling.at + 12 * DAY)
    assert all(abs(value) < 1e-3 for value in much_later.deviations.values())


@given(natures, happenings, st.lists(st.integers(0, 6 * 24 * 60), max_size=12))
def test_it_is_the_same_however_often_the_program_looks_or_restarts(nature, happened, looks):
    """C69: the same log, however it is sliced; a week offline is one step instead of thousands."""
    events = events_of(happened)
    end = EVENING + 7 * DAY
    whole = hormones.advanced(hormones.replayed(events, nature, at_rest(EVENING)), nature, end)
    stops = sorted(EVENING + look * MINUTE for look in looks)
    feeling = at_rest(EVENING)
    for event in events:
        while stops and stops[0] <= event.at:
            feeling = hormones.advanced(feeling, nature, stops.pop(0))
        feeling = hormones.replayed([event], nature, feeling)
    for stop in stops:
        feeling = hormones.advanced(feeling, nature, stop)
    same(hormones.advanced(feeling, nature, end), whole)


def test_ten_thousand_looks_equal_one():
    feeling = hormones.felt(at_rest(EVENING), USUAL, Stimulus.CONFLICT, EVENING)
    sliced = feeling
    for step in range(1, 10_001):
        sliced = hormones.advanced(sliced, USUAL, EVENING + step * MINUTE)
    same(sliced, hormones.advanced(feeling, USUAL, EVENING + 10_000 * MINUTE))
