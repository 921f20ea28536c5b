"""The environment of a service, replaceable by tests: time, chance, and a witness."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Protocol

from bot.core.tasks import running


class Clock(Protocol):
    """The bot's source of time."""

    def now(self) -> datetime:
        """Return the wall-clock time, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never decrease, for durations."""

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
    """Wait for `seconds`, or until `event` is set; say whether it was."""
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
    """The clock, the random generator, and a callback for the name of each finished stage.

    A test stops the process at a stage, to examine the state after the next start.
    """

    clock: Clock = field(default_factory=SystemClock)
    rng: Random = field(default_factory=Random)
    reached: Callable[[str], None] = lambda _stage: None
