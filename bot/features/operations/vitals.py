"""Vital signs of the program at one moment: numbers and job names, no text and no ids of people."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.jobs.timetable import JobReport
from bot.llm.breaker import Lockout

ANSWERED = frozenset({"ok", "refused"})
"""Outcomes of a call in which the model worked: a refusal is an answer too."""


@dataclass(frozen=True, slots=True)
class Link:
    """State of the connection to Discord.

    `latencies` are seconds by shard, NaN or infinity before the first heartbeat; `untold` counts lines queued
    for the log channel.
    """

    latencies: Mapping[int, float]
    servers: int = 0
    ready: bool = False
    untold: int = 0


@dataclass(frozen=True, slots=True)
class Vitals:
    """State of the whole program.

    `lag` is the worst delay of the event loop in the last minute, in seconds. `places` counts active
    channels, `waiting` their queued messages, `unsaid` replies generated but not yet sent, `writers`
    transactions that write or wait to. `outcomes` counts the model calls of the last 15 minutes by outcome.
    `readable` says whether the database could be read and written.
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
        """The finite latencies: discord.py reports NaN or infinity before the first heartbeat."""
        return {shard: latency for shard, latency in self.link.latencies.items() if math.isfinite(latency)}

    def slow(self, bound: float) -> str:
        """Describe shards with a latency above a bound, as "shard 0: 1.20 s, ..."; "" if there are none."""
        return ", ".join(
            f"shard {shard}: {seconds:.2f} s"
            for shard, seconds in self.known_latencies.items()
            if seconds > bound
        )
