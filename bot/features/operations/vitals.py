"""How the program fares at a moment: numbers and names of jobs, no word and no id of anybody."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.jobs.timetable import JobReport
from bot.llm.breaker import Lockout

ANSWERED = frozenset({"ok", "refused"})
"""Outcomes of a call in which the model did what it does: to refuse is an answer, too."""


@dataclass(frozen=True, slots=True)
class Link:
    """What only the connection to Discord knows.

    `latencies` are seconds by shard, NaN or infinity before the first heartbeat; `untold` are lines on
    their way to the log channel.
    """

    latencies: Mapping[int, float]
    servers: int = 0
    ready: bool = False
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Vitals:
    """How everything was when it was looked at.

    `lag` is by how many seconds the event loop came late at worst in the last minute. `places` are channels
    in which something is going on, `waiting` messages there that wait for their turn, `unsaid` replies that
    are thought out and not said yet, `writers` transactions that write or wait for it. `outcomes` counts the
    model calls of the last 15 minutes by what came of them. `readable` says whether the database answered
    and could be written to.
    """

    at: datetime
    up: float
    link: Link
    lag: float = 0.0
    places: int = 0
    waiting: int = 0
    unsaid: int = 0
    writers: int = 0
    jobs: tuple[JobReport, ...] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    readable: bool = True
    database_bytes: int = 0
    disk_free_bytes: int = 0
    lockout: Lockout | None = None

    @property
    def calls(self) -> int:
        return sum(self.outcomes.values())

    @property
    def failed(self) -> int:
        return sum(count for what, count in self.outcomes.items() if what not in ANSWERED)

    @property
    def known_latencies(self) -> Mapping[int, float]:
        """The latencies that are any: before the first heartbeat discord.py reports NaN or infinity."""
        return {shard: one for shard, one in self.link.latencies.items() if math.isfinite(one)}

    def slow(self, bound: float) -> str:
        """Return "shard 0: 1.20 s" for each shard with a latency above a bound, with commas; "" without."""
        return ", ".join(
            f"shard {shard}: {seconds:.2f} s"
            for shard, seconds in self.known_latencies.items()
            if seconds > bound
        )
