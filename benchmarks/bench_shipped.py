"""What a reply costs with the settings as shipped, each to a mention in a server, next to the floor."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import bench_reply
from benchmarks.bench_reply import Extent
from benchmarks.measuring import Goal, contest, with_goals

GOALS = (
    Goal("cpu_ratio", 2.0),
    Goal("p50_ratio", 2.0),
    Goal("p99_ratio", 2.5),
    Goal("longest_stall_ms", 20.0),
)
QUICK = bench_reply.QUICK


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return what bench_reply does, with other settings and in other places."""
    async with contest(folder, shipped=True, server=extent.server) as bots:
        figures = await bench_reply.measured(bots, replace(extent, private=False))
    ratio = round(figures["p99_ms"] / figures["floor_p99_ms"], 2)
    return {"bench": "shipped", **with_goals({**figures, "p99_ratio": ratio}, GOALS)}
