"""What a service takes from outside, so that a test can hold it in its hand: time, chance, and a witness."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from bot.core.clock import Clock, SystemClock


def _unseen(_stage: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The clock, the dice, and who is told the name of each stage once it is behind.

    A test stops the process at a stage, to see what is left of it after the next start.
    """

    clock: Clock = field(default_factory=SystemClock)
    rng: Random = field(default_factory=Random)
    reached: Callable[[str], None] = _unseen
