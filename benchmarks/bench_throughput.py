"""How many replies a second: in each of many channels somebody says the next thing once they are answered."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Contestant, Goal, contest, with_goals

MODEL_TAKES = 0.05
AT_ONCE = (1, 8, 32, 128)
GOALS = tuple(Goal(f"ratio_{talking}", 0.5, at_least=True) for talking in AT_ONCE[1:])


@dataclass(frozen=True, slots=True)
class Extent:
    """For how many seconds each number of channels talks, for one bot and then the other, how often."""

    seconds: float = 4.0
    rounds: int = 3
    server: str = ""


QUICK = Extent(seconds=0.5, rounds=1)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return replies a second by how many channels talk at once, the best of all rounds, and ratios."""
    best: dict[str, float] = {}
    async with contest(folder, model_takes=MODEL_TAKES, channels=max(AT_ONCE), server=extent.server) as bots:
        for bot in bots:
            await bot.talk_for(extent.seconds, places=max(AT_ONCE))
        for _ in range(extent.rounds):
            for talking in AT_ONCE:
                for bot, prefix in zip(bots, ("", "floor_"), strict=True):
                    name = f"{prefix}replies_a_second_{talking}"
                    best[name] = max(best.get(name, 0.0), await _rate(bot, extent.seconds, talking))
    ratios = {
        f"ratio_{one}": round(best[f"replies_a_second_{one}"] / best[f"floor_replies_a_second_{one}"], 2)
        for one in AT_ONCE
    }
    return with_goals({"bench": "throughput", "model_takes_s": MODEL_TAKES, **best, **ratios}, GOALS)


async def _rate(bot: Contestant, seconds: float, talking: int) -> float:
    begun = time.perf_counter()
    replies = await bot.talk_for(seconds, places=talking)
    return round(replies / (time.perf_counter() - begun), 1)
