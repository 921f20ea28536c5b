"""What a service takes from outside, so that a test can hold it in its hand: time, chance, and a witness."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Protocol

from bot.core.tasks import running


class Clock(Protocol):
    """What the bot asks of time."""

    def now(self) -> datetime:
        """Return the wall-clock time, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow: durations are measured with these."""

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def sleep_until(event: asyncio.Event, clock: Clock, seconds: float) -> bool:
    """Let `seconds` pass, but no longer than until `event` is set; say whether it was."""
    if event.is_set():
        return True
    async with (
        running(clock.sleep(seconds), name="Sleeping") as sleeping,
        running(event.wait(), name="Waiting for an event") as waiting,
    ):
        await asyncio.wait({sleeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    return event.is_set()


@dataclass(frozen=True, slots=True)
class Runtime:
    """The clock, the dice, and who is told the name of each stage once it is behind.

    A test stops the process at a stage, to see what is left of it after the next start.
    """

    clock: Clock = field(default_factory=SystemClock)
    rng: Random = field(default_factory=Random)
    reached: Callable[[str], None] = lambda _stage: None
