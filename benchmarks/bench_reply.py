"""What a reply costs besides the model: time, CPU, memory and stalls, next to the floor."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import CHANNELS, Contestant, Goal, Stall, contest, percentile, with_goals

GOALS = (
    Goal("p50_ratio", 1.6),
    Goal("cpu_ratio", 1.7),
    Goal("longest_stall_ms", 20.0),
    Goal("growth_percent", 10.0),
)
PAUSE = 0.02
"""Seconds between an answer and the next message: nobody reads and answers at once."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: each round is one message in each of `places`, for one bot and then the other.

    Half of the places are `private`, or none.
    """

    places: int = 20
    warm_up_rounds: int = 5
    rounds: int = 30
    bursts: int = 5
    private: bool = True
    server: str = ""


QUICK = Extent(places=4, warm_up_rounds=1, rounds=2, bursts=1)


@dataclass
class Tally:
    """What was measured on one bot."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    stalls: list[Stall] = field(default_factory=list)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return the figures, times in milliseconds, of Masquerade and of the floor, and their ratios."""
    async with contest(folder, server=extent.server) as bots:
        return {"bench": "reply", **with_goals(await measured(bots, extent), GOALS)}


async def measured(bots: tuple[Contestant, Contestant], extent: Extent) -> dict[str, Any]:
    """Return the figures of two bots that are there."""
    for bot in bots:
        for number in range(extent.warm_up_rounds):
            await one_round(bot, extent, number, Tally())
    warm = [bot.memory for bot in bots]
    tallies = (Tally(), Tally())
    for number in range(extent.rounds):
        for bot, tally in zip(bots, tallies, strict=True):
            await one_round(bot, extent, number, tally)
    growth = [100 * (bot.memory / before - 1) for bot, before in zip(bots, warm, strict=True)]
    for _ in range(extent.bursts):
        for bot, tally in zip(bots, tallies, strict=True):
            await under_load(bot, extent, tally)
    return figures(*tallies, growth)


async def one_round(bot: Contestant, extent: Extent, number: int, tally: Tally) -> None:
    """Say something in one place after the other, half of them direct messages."""
    before = bot.cpu_seconds
    first = CHANNELS - extent.places // 2 if extent.private else 0
    for place in range(first, first + extent.places):
        tally.seconds.append(await bot.overhead(place, f"and what happened on day {number}?"))
        await asyncio.sleep(PAUSE)
    tally.cpu_seconds += bot.cpu_seconds - before


async def under_load(bot: Contestant, extent: Extent, tally: Tally) -> None:
    """Watch the event loop while messages come one by one, and then in a burst."""
    async with bot.watched(tally.stalls):
        await one_round(bot, extent, 0, Tally())
        await bot.burst("are you all here?")


def figures(ours: Tally, floor: Tally, growth: Sequence[float]) -> dict[str, Any]:
    replies = len(ours.seconds)
    return {
        "replies": replies,
        **_times(ours, ""),
        **_times(floor, "floor_"),
        "p50_ratio": round(median(ours.seconds) / median(floor.seconds), 2),
        "cpu_ratio": round(ours.cpu_seconds / floor.cpu_seconds, 2),
        "growth_percent": round(growth[0], 1),
        "floor_growth_percent": round(growth[1], 1),
    }


def _times(tally: Tally, prefix: str) -> dict[str, float]:
    return {
        f"{prefix}p50_ms": round(1000 * median(tally.seconds), 1),
        f"{prefix}p99_ms": round(1000 * percentile(tally.seconds, 99), 1),
        f"{prefix}cpu_ms_per_reply": round(1000 * tally.cpu_seconds / len(tally.seconds), 1),
        f"{prefix}longest_stall_ms": round(1000 * median(stall.late for stall in tally.stalls), 1),
        f"{prefix}longest_stall_cpu_ms": round(1000 * max(stall.work for stall in tally.stalls), 1),
    }
