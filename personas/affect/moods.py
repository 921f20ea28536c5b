"""What hormones and the day make of a way of talking: a mood, its words, its pace (F085, F088, D16)."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from personas.affect.temperament import BASELINES, USUAL, DayMood, Hormone, Stimulus, Temperament

Levels = Mapping[Hormone, float]
_H = Hormone
HIGH, LOW = True, False


@dataclass(frozen=True, slots=True)
class Threshold:
    """From what level of a hormone on something holds, or up to what level."""

    hormone: Hormone
    level: float
    is_least: bool = True

    def is_reached(self, levels: Levels) -> bool:
        at = levels[self.hormone]
        return at >= self.level if self.is_least else at <= self.level


_UP_TO = False


@dataclass(frozen=True, slots=True)
class Mood:
    """A mood: what it is called, how one talks in it, when hormones make it, and what days rule it out.

    Of the `ways` into it one is enough, with all of its thresholds reached.
    """

    name: str
    manner: str
    ways: tuple[tuple[Threshold, ...], ...]
    not_on: frozenset[tuple[DayMood, bool]] = frozenset()

    def way_into(self, levels: Levels) -> tuple[Threshold, ...]:
        """Return the thresholds that make it the mood; nothing where it is not."""
        return next((way for way in self.ways if all(one.is_reached(levels) for one in way)), ())


MOODS: tuple[Mood, ...] = (
    Mood(
        "stressed",
        "short sentences, little patience, few emoji",
        ((Threshold(_H.CORTISOL, 0.55),), (Threshold(_H.ADRENALINE, 0.62), Threshold(_H.CORTISOL, 0.47))),
    ),
    Mood(
        "bright",
        "quick to joke and to praise, emoji come easily",
        ((Threshold(_H.DOPAMINE, 0.6), Threshold(_H.SEROTONIN, 0.52)),),
        frozenset({(DayMood.ANGER, HIGH), (DayMood.SADNESS, HIGH), (DayMood.JOY, LOW)}),
    ),
    Mood(
        "energized",
        "lively and fast, a little more than needed",
        ((Threshold(_H.ADRENALINE, 0.57),), (Threshold(_H.DOPAMINE, 0.6),)),
        frozenset({(DayMood.SADNESS, HIGH), (DayMood.ENERGY, LOW)}),
    ),
    Mood(
        "melancholic",
        "quiet and few words, no exclamation marks, no emoji",
        ((Threshold(_H.SEROTONIN, 0.45, _UP_TO),), (Threshold(_H.DOPAMINE, 0.42, _UP_TO),)),
        frozenset({(DayMood.JOY, HIGH), (DayMood.ENERGY, HIGH)}),
    ),
    Mood(
        "calm",
        "unhurried and gentle",
        ((Threshold(_H.SEROTONIN, 0.55),), (Threshold(_H.MELATONIN, 0.48),)),
        frozenset({(DayMood.ANGER, HIGH), (DayMood.ENERGY, HIGH)}),
    ),
)
"""The first that is found is the mood (the names are those of seed 001's code); none is `STEADY`."""
STEADY = "steady"
SLEEPY = 0.47
"""From so much melatonin on it is sleepy."""


def mood_of(
    levels: Levels,
    day: Mapping[DayMood, int] = MappingProxyType({}),
    temperament: Temperament = Temperament(),  # noqa: B008 - a value that never changes
) -> Mood | None:
    """Return the mood that the hormones make, unless the day belies it; None for steady, without words."""
    return next((one for one in MOODS if one.way_into(levels) and not is_belied(one, day, temperament)), None)


def is_belied(mood: Mood, day: Mapping[DayMood, int], temperament: Temperament) -> bool:
    """Say whether an unusual day rules a mood out."""
    said = telling(day, temperament)
    return bool(mood.not_on & {(one, value >= temperament.usually(one)) for one, value in said.items()})


def is_sleepy(levels: Levels) -> bool:
    return levels[_H.MELATONIN] >= SLEEPY


def tempo_of(levels: Levels) -> float:
    """Return how fast it types, as a factor from 0.75 to 1.3: adrenaline speeds up, melatonin slows down."""
    push = 0.8 * (levels[_H.ADRENALINE] - BASELINES[_H.ADRENALINE])
    push += 0.4 * (levels[_H.DOPAMINE] - BASELINES[_H.DOPAMINE])
    push -= 0.8 * (levels[_H.MELATONIN] - BASELINES[_H.MELATONIN])
    return min(max(1 + push, 0.75), 1.3)


# The day


SHIFTS: Mapping[DayMood, Mapping[Hormone, float]] = {
    DayMood.ANGER: {_H.CORTISOL: 0.1, _H.ADRENALINE: 0.08, _H.SEROTONIN: -0.06},
    DayMood.JOY: {_H.DOPAMINE: 0.08, _H.SEROTONIN: 0.06},
    DayMood.SADNESS: {_H.SEROTONIN: -0.08, _H.DOPAMINE: -0.06},
    DayMood.ENERGY: {_H.ADRENALINE: 0.06, _H.DOPAMINE: 0.03, _H.MELATONIN: -0.04},
}
"""What a day mood of 10 does to baselines; one that is as usual does nothing, one below it the contrary."""
_TELLING = 3
_PULL, _MEMORY, _NOISE = 0.6, 0.4, 1.3
_AFTER: Mapping[Stimulus, Mapping[DayMood, float]] = {
    Stimulus.RUDENESS: {DayMood.ANGER: 0.3},
    Stimulus.CONFLICT: {DayMood.ANGER: 0.6, DayMood.JOY: -0.3},
    Stimulus.THREAT: {DayMood.ANGER: 0.8, DayMood.JOY: -0.5},
    Stimulus.PRAISE: {DayMood.JOY: 0.3},
    Stimulus.GRATITUDE: {DayMood.JOY: 0.3, DayMood.SADNESS: -0.2},
    Stimulus.NEGLECT: {DayMood.SADNESS: 0.5},
}
_MOST = 2.0


def shift_of(day: Mapping[DayMood, int]) -> dict[Hormone, float]:
    """Return what a day does to the hormones' baselines (D16)."""
    shift = dict.fromkeys(Hormone, 0.0)
    for mood, value in day.items():
        for hormone, most in SHIFTS[mood].items():
            shift[hormone] += most * (value - USUAL[mood]) / (10 - USUAL[mood])
    return {hormone: round(change, 6) for hormone, change in shift.items() if change}


def drawn(
    temperament: Temperament,
    yesterday: Mapping[DayMood, int],
    happened: Mapping[Stimulus, int],
    rng: Random,
) -> dict[DayMood, int]:
    """Return what a day is like: mostly as usual, partly as yesterday, and as what happened then left it.

    `happened` counts yesterday's stimuli; what they add or take is two points at most.
    """
    day = {}
    for mood in DayMood:
        usual = temperament.usually(mood)
        after = sum(_AFTER.get(one, {}).get(mood, 0.0) * count for one, count in happened.items())
        mean = _PULL * usual + _MEMORY * yesterday.get(mood, usual) + min(max(after, -_MOST), _MOST)
        day[mood] = min(max(round(rng.gauss(mean, _NOISE)), 0), 10)
    return day


def telling(day: Mapping[DayMood, int], temperament: Temperament) -> dict[DayMood, int]:
    """Return what of a day is worth saying: what is far from how the character's days usually are."""
    return {
        mood: value
        for mood, value in day.items()
        if abs(value - temperament.usually(mood)) >= _TELLING or value >= 9
    }
