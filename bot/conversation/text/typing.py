"""Typing speed: the time a person would take to write a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Pace:
    """A character's typing speed (F053, F054).

    `shortest` and `longest` bound the typing time in seconds, the upper bound wins if they contradict each
    other; `variance` is the share by which chance stretches or shrinks it. A `longest` or a
    `characters_per_minute` of 0 turns the simulation off.
    """

    characters_per_minute: float = 300
    shortest: float = 6.0
    longest: float = 15.0
    variance: float = 0.2


def typing_seconds(text: str, pace: Pace, rng: Random, *, tempo: float = 1.0) -> float:
    """Return how long to show the typing indicator for `text`, in seconds.

    `tempo` multiplies the speed within the same bounds (C69).
    """
    if pace.characters_per_minute <= 0 or pace.longest <= 0:
        return 0.0
    stretch = rng.uniform(1 - pace.variance, 1 + pace.variance)
    seconds = len(text) / (pace.characters_per_minute * tempo) * 60 * stretch
    return min(max(seconds, pace.shortest), pace.longest)


def remaining_seconds(text: str, pace: Pace, rng: Random, *, spent: float, tempo: float = 1.0) -> float:
    """Return the typing time of `text` that is left after `spent` seconds of thinking (C41)."""
    return max(typing_seconds(text, pace, rng, tempo=tempo) - max(spent, 0.0), 0.0)


def typing_times(
    parts: Sequence[str], pace: Pace, rng: Random, *, spent: float, tempo: float = 1.0
) -> list[float]:
    """Return the seconds to type before each part; only the first is shortened by thinking."""
    return [
        remaining_seconds(part, pace, rng, spent=0.0 if later else spent, tempo=tempo)
        for later, part in enumerate(parts)
    ]
