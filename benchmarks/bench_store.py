"""What a million facts cost: finding among them, memory, disk, the start, and the event loop meanwhile."""

import asyncio
import gc
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.measuring import Goal, with_goals
from benchmarks.store_building import (
    Size,
    build,
)
from benchmarks.store_searching import Store
from benchmarks.store_start import first_answer
from bot.app import DATABASE_NAME
from tests.fakes import EPOCH
from tests.world.process import ROOT

GOALS = (
    Goal("warm_p99_ms", 2.0),
    Goal("cold_p99_ms", 6.0),
    Goal("disk_mb", 1_000.0),
    Goal("growth_percent", 5.0),
    Goal("start_ratio", 1.2),
    Goal("lag_p99_ms", 20.0),
)
MEGABYTE = 1_000_000
NEARLY_EMPTY = Size(facts=0, people=1, lines=0, end=EPOCH)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is stored, and how often what is looked for; `starts` of each of the two stores."""

    facts: int = 1_000_000
    people: int = 5_000
    lines: int = 10_000
    recalls: int = 2_000
    cold: int = 1_000
    starts: int = 7

    @property
    def size(self) -> Size:
        return Size(facts=self.facts, people=self.people, lines=self.lines, end=EPOCH)


QUICK = Extent(facts=20_000, people=100, lines=1_000, recalls=100, cold=30, starts=1)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return how long finding takes in a big store, warm and cold, and what the store costs besides."""
    stores = {name: folder / name / DATABASE_NAME for name in ("big", "empty")}
    begun = time.perf_counter()
    # In a process of its own: what building leaves in memory would hide what recalling takes.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as builder:
        for path, size in zip(stores.values(), (extent.size, NEARLY_EMPTY), strict=True):
            path.parent.mkdir()
            await asyncio.get_running_loop().run_in_executor(builder, build, path, size)
    figures: dict[str, Any] = {
        "bench": "store",
        "facts": extent.facts,
        "people": extent.people,
        "with_vectors": find_spec("numpy") is not None,
        "building_s": round(time.perf_counter() - begun),
        **_disk(stores["big"]),
        **await _starts(stores, extent.starts),
    }
    store = Store(stores["big"], people=extent.people)
    try:
        figures |= await store.warm(extent.recalls)
        figures |= await store.memory(extent.recalls)
        figures |= await store.cold(extent.cold)
        figures |= await store.lag(extent.recalls)
    finally:
        await store.close()
    figures["lag_p99_ms"] = max(value for name, value in figures.items() if name.startswith("lag_p99_"))
    return with_goals(figures, GOALS)


# What it takes on disk, and at the start.


def _disk(path: Path) -> dict[str, Any]:
    """Return the megabytes of the file with its log, and of the largest tables with their indexes."""
    files = [path, path.with_name(f"{path.name}-wal")]
    figures: dict[str, Any] = {
        "disk_mb": round(sum(one.stat().st_size for one in files if one.exists()) / MEGABYTE, 1)
    }
    sizes = (
        "SELECT tbl_name, SUM(pgsize) AS size FROM dbstat JOIN sqlite_schema USING (name) "
        "GROUP BY tbl_name ORDER BY size DESC LIMIT 5"
    )
    with closing(sqlite3.connect(path)) as connection, suppress(sqlite3.OperationalError):  # no dbstat here
        rows = connection.execute(sizes).fetchall()
        figures["disk_mb_by_table"] = {name: round(size / MEGABYTE, 1) for name, size in rows}
    return figures


async def _starts(stores: Mapping[str, Path], starts: int) -> dict[str, Any]:
    """Return the milliseconds until the first answer, of both stores in turns: the best.

    Once from the start of a process on, and once from `open_app` on, in a process that has loaded everything.
    """
    whole: dict[str, list[float]] = {name: [] for name in stores}
    opening: dict[str, list[float]] = {name: [] for name in stores}
    for _ in range(starts):
        for name, path in stores.items():
            whole[name].append(1_000 * await _started(path.parent))
            await first_answer(path.parent)  # the first time modules are loaded
            gc.collect()
            opening[name].append(1_000 * await first_answer(path.parent))
    figures = {"start": whole, "opening": opening}
    return {
        f"{figure}_{key}": value
        for figure, taken in figures.items()
        for key, value in {
            "ms": round(min(taken["big"]), 1),
            "empty_ms": round(min(taken["empty"]), 1),
            "ratio": round(min(taken["big"]) / min(taken["empty"]), 2),
        }.items()
    }


async def _started(folder: Path) -> float:
    """Return the seconds from the start of a process to its first answer."""
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.store_start", str(folder), cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    said = await process.stdout.readline()
    taken = time.perf_counter() - begun
    assert said == b"answered\n"
    assert await process.wait() == 0
    return taken
