"""Moods: effects of hormones and the day on wording and typing speed (F085, F088, D16)."""

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
    """A hormone level that is a lower or upper bound of a mood."""

    hormone: Hormone
    level: float
    is_least: bool = True

    def is_reached(self, levels: Levels) -> bool:
        at = levels[self.hormone]
        return at >= self.level if self.is_least else at <= self.level


_UP_TO = False


@dataclass(frozen=True, slots=True)
class Mood:
    """A mood: name, manner, hormone conditions, and days that exclude it.

    Any one of the `ways` suffices, if all its thresholds are reached.
    """

    name: str
    manner: str
    ways: tuple[tuple[Threshold, ...], ...]
    not_on: frozenset[tuple[DayMood, bool]] = frozenset()

    def way_into(self, levels: Levels) -> tuple[Threshold, ...]:
        """Return the reached thresholds that produce this mood; empty if it does not apply."""
        return next((way for way in self.ways if all(threshold.is_reached(levels) for threshold in way)), ())


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
"""The first mood that applies counts (the names are those of seed 001's code); otherwise `STEADY`."""
STEADY = "steady"
SLEEPY = 0.47
"""Melatonin level from which the character is sleepy."""


def mood_of(
    levels: Levels,
    day: Mapping[DayMood, int] = MappingProxyType({}),
    temperament: Temperament = Temperament(),  # noqa: B008 - a value that never changes
) -> Mood | None:
    """Return the mood that the hormones produce, unless the day excludes it; None for steady."""
    return next(
        (mood for mood in MOODS if mood.way_into(levels) and not is_belied(mood, day, temperament)), None
    )


def is_belied(mood: Mood, day: Mapping[DayMood, int], temperament: Temperament) -> bool:
    """Return whether an unusual day excludes a mood."""
    said = telling(day, temperament)
    return bool(
        mood.not_on & {(day_mood, value >= temperament.usually(day_mood)) for day_mood, value in said.items()}
    )


def is_sleepy(levels: Levels) -> bool:
    return levels[_H.MELATONIN] >= SLEEPY


def tempo_of(levels: Levels) -> float:
    """Return the typing speed as a factor from 0.75 to 1.3: adrenaline speeds up, melatonin slows down."""
    push = 0.8 * (levels[_H.ADRENALINE] - BASELINES[_H.ADRENALINE])
    push += 0.4 * (levels[_H.DOPAMINE] - BASELINES[_H.DOPAMINE])
    push -= 0.8 * (levels[_H.MELATONIN] - BASELINES[_H.MELATONIN])
    return min(max(1 + push, 0.75), 1.3)


# The day.


SHIFTS: Mapping[DayMood, Mapping[Hormone, float]] = {
    DayMood.ANGER: {_H.CORTISOL: 0.1, _H.ADRENALINE: 0.08, _H.SEROTONIN: -0.06},
    DayMood.JOY: {_H.DOPAMINE: 0.08, _H.SEROTONIN: 0.06},
    DayMood.SADNESS: {_H.SEROTONIN: -0.08, _H.DOPAMINE: -0.06},
    DayMood.ENERGY: {_H.ADRENALINE: 0.06, _H.DOPAMINE: 0.03, _H.MELATONIN: -0.04},
}
"""Effect of a day mood of 10 on the baselines; a usual day has none, one below usual the opposite."""
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
    """Return the day's effect on the hormones' baselines (D16)."""
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
    """Draw a day's moods around the usual, yesterday's moods and the effect of yesterday's stimuli.

    `happened` counts those stimuli; they change a mood by two points at most.
    """
    day = {}
    for mood in DayMood:
        usual = temperament.usually(mood)
        after = sum(_AFTER.get(stimulus, {}).get(mood, 0.0) * count for stimulus, count in happened.items())
        mean = _PULL * usual + _MEMORY * yesterday.get(mood, usual) + min(max(after, -_MOST), _MOST)
        day[mood] = min(max(round(rng.gauss(mean, _NOISE)), 0), 10)
    return day


def telling(day: Mapping[DayMood, int], temperament: Temperament) -> dict[DayMood, int]:
    """Return the moods of a day that differ notably from the character's usual days."""
    return {
        mood: value
        for mood, value in day.items()
        if abs(value - temperament.usually(mood)) >= _TELLING or value >= 9
    }
