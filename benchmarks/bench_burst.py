"""One message in each of 32 channels at once: how long until the last is answered, next to the floor."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import CHANNELS, Goal, contest, with_goals

GOALS = (Goal("ratio", 1.25),)
MODEL_TAKES = 0.5


@dataclass(frozen=True, slots=True)
class Extent:
    """How often the burst is repeated, for one bot and then the other."""

    warm_up_rounds: int = 1
    rounds: int = 7
    server: str = ""


QUICK = Extent(rounds=3)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return the seconds until the last of the replies, and their ratio."""
    async with contest(folder, model_takes=MODEL_TAKES, server=extent.server) as bots:
        for bot in bots:
            for _ in range(extent.warm_up_rounds):
                await bot.burst("hello?")
        seconds: tuple[list[float], list[float]] = ([], [])
        for number in range(extent.rounds):
            for bot, measured in zip(bots, seconds, strict=True):
                measured.append(await bot.burst(f"and on day {number}?"))
    ours, floor = (median(measured) for measured in seconds)
    figures = {
        "bench": "burst",
        "channels": CHANNELS,
        "model_takes_s": MODEL_TAKES,
        "last_reply_s": round(ours, 3),
        "floor_last_reply_s": round(floor, 3),
        "ratio": round(ours / floor, 2),
    }
    return with_goals(figures, GOALS)
