"""Typing speed: how long a person would take to write this."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a character types (F053, F054).

    `shortest` and `longest` bound the typing time in seconds, the upper bound winning where they
    contradict each other; `variance` is the share by which chance stretches or shrinks it.
    A `longest` or a `characters_per_minute` of 0 turns the simulation off.
    """

    characters_per_minute: float = 300
    shortest: float = 6.0
    longest: float = 15.0
    variance: float = 0.2

    def at(self, tempo: float) -> "Pace":
        """Return the pace of somebody who types `tempo` times as fast, within the same bounds (C69)."""
        return self if tempo == 1 else replace(self, characters_per_minute=self.characters_per_minute * tempo)

    @property
    def simulates(self) -> bool:
        """Say whether typing takes any time at all."""
        return self.characters_per_minute > 0 and self.longest > 0


def typing_seconds(text: str, pace: Pace, rng: Random) -> float:
    """Return how long to show the typing indicator for `text`, in seconds."""
    if not pace.simulates:
        return 0.0
    stretch = rng.uniform(1 - pace.variance, 1 + pace.variance)
    seconds = len(text) / pace.characters_per_minute * 60 * stretch
    return min(max(seconds, pace.shortest), pace.longest)


def remaining_seconds(text: str, pace: Pace, rng: Random, *, spent: float) -> float:
    """Return the typing time of `text` that is left after `spent` seconds of thinking (C41)."""
    return max(typing_seconds(text, pace, rng) - max(spent, 0.0), 0.0)


def typing_times(parts: Sequence[str], pace: Pace, rng: Random, *, spent: float) -> list[float]:
    """Return the seconds to type before each part; only the first is shortened by thinking."""
    return [
        remaining_seconds(part, pace, rng, spent=0.0 if later else spent) for later, part in enumerate(parts)
    ]
