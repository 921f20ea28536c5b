"""How many replies a second: in each of many channels somebody says the next thing once they are answered."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import FLOOR, PLAIN, Contestant, Entry, Goal, contestants, with_goals
from tests.world.process import AT_ONCE as WITHOUT_WAITING

MODEL_TAKES = 0.05
AT_ONCE = (1, 8, 32, 128)
GOALS = tuple(Goal(f"ratio_{talking}", 0.5, at_least=True) for talking in AT_ONCE[1:])
ON_SERVER = tuple(Goal(f"file_ratio_{talking}", 0.9, at_least=True) for talking in AT_ONCE[1:])
FILE = "file"
"""Masquerade on a file, beside the one on a server."""


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
    url = {"DATABASE_URL": extent.server} if extent.server else {}
    settings = {"ours": url, FLOOR: {}, **({FILE: {}} if url else {})}
    entries = [
        Entry(name=name, settings={**WITHOUT_WAITING, **PLAIN, **own}, channels=max(AT_ONCE))
        for name, own in settings.items()
    ]
    async with contestants(folder, entries, model_takes=MODEL_TAKES) as bots:
        for bot in bots:
            await bot.talk_for(extent.seconds, places=max(AT_ONCE))
        for _ in range(extent.rounds):
            for talking in AT_ONCE:
                for bot in bots:
                    name = f"{_prefix(bot.name)}replies_a_second_{talking}"
                    best[name] = max(best.get(name, 0.0), await _rate(bot, extent.seconds, talking))
    ratios = {
        f"{'' if other == FLOOR else _prefix(other)}ratio_{one}": round(
            best[f"replies_a_second_{one}"] / best[f"{_prefix(other)}replies_a_second_{one}"], 2
        )
        for other in [bot.name for bot in bots[1:]]
        for one in AT_ONCE
    }
    figures = {"bench": "throughput", "model_takes_s": MODEL_TAKES, **best, **ratios}
    return with_goals(figures, GOALS + (ON_SERVER if extent.server else ()))


def _prefix(name: str) -> str:
    return "" if name == "ours" else f"{name}_"


async def _rate(bot: Contestant, seconds: float, talking: int) -> float:
    begun = time.perf_counter()
    replies = await bot.talk_for(seconds, places=talking)
    return round(replies / (time.perf_counter() - begun), 1)
