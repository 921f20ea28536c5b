"""What one reply does, in counts, which no machine changes: to a mention with nothing special going on."""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks.measuring import Goal, with_goals
from database.prepared import Plan
from database.sqlite import SQLiteConnection, SqliteFile
from tests.support.discord import World, world

OURS = ("bot", "cogs", "database", "memory", "personas")
GOALS = (
    Goal("statements", 14),
    Goal("commits", 3),
    Goal("trips_to_threads", 14),
    Goal("tasks", 8),
    Goal("bytes_written", 40_000),
)
SAID_BEFORE = ("hello", "how is it going with the boat?", "and what did you do then?")
SAID = "tell me about the boats in the harbour, what do you think of them?"


@dataclass(frozen=True, slots=True)
class Extent:
    """There is nothing to make larger or smaller."""


QUICK = Extent()


async def measure(folder: Path, _extent: Extent) -> dict[str, Any]:
    """Return the counts of one reply in an in-memory Discord, on a real database."""
    async with world(folder) as w:
        for text in SAID_BEFORE:
            await w.mira.send(w.channel, f"{w.me} {text}")
        with counted(w) as counts:
            await w.mira.send(w.channel, f"{w.me} {SAID}")
        functions = await _functions(w)
    return with_goals({"bench": "budget", **counts, "functions": functions}, GOALS)


@contextmanager
def counted(w: World) -> Iterator[Counter[str]]:
    """Count what happens meanwhile."""
    counts = Counter[str](statements=0, transactions=0, commits=0, trips_to_threads=0, tasks=0)
    file = w.app.database._backend
    assert isinstance(file, SqliteFile)

    def count(what: str) -> Callable[..., None]:
        return lambda *_: counts.update([what])

    def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        counts["transactions" if text.startswith("BEGIN") else "statements"] += 1

    loop = asyncio.get_running_loop()
    factory, log = loop.get_task_factory(), file._path.with_name(f"{file._path.name}-wal")
    with ExitStack() as stack:
        for engine in (file.writer.sync_engine, file.reader.sync_engine, file._in_place.engine):
            _listen(stack, engine, "before_cursor_execute", statement)
        stack.enter_context(patch.object(Plan, "run", _counting(Plan.run, count("statements"))))
        _listen(stack, file.writer.sync_engine, "commit", count("commits"))
        for name, what in (
            ("begin", "transactions"),
            ("commit_now", "commits"),
            ("_execute", "trips_to_threads"),
            ("_in_thread", "trips_to_threads"),
        ):
            telling = _telling(getattr(SQLiteConnection, name), count(what))
            stack.enter_context(patch.object(SQLiteConnection, name, telling))
        loop.set_task_factory(_task_factory(count("tasks")))
        stack.callback(loop.set_task_factory, factory)
        before = log.stat().st_size
        yield counts
        counts["bytes_written"] = log.stat().st_size - before


def _listen(stack: ExitStack, engine: Engine, name: str, told: Callable[..., None]) -> None:
    event.listen(engine, name, told)
    stack.callback(event.remove, engine, name, told)


def _counting(does: Callable[..., Any], tell: Callable[[], None]) -> Callable[..., Any]:
    def done(*given: Any) -> Any:
        tell()
        return does(*given)

    return done


def _telling(does: Callable[..., Awaitable[Any]], tell: Callable[[], None]) -> Callable[..., Awaitable[Any]]:
    async def done(*given: Any, **more: Any) -> Any:
        tell()
        return await does(*given, **more)

    return done


def _task_factory(tell: Callable[[], None]) -> Callable[..., asyncio.Task[Any]]:
    def begin(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        tell()
        return asyncio.Task(work, loop=loop, **more)

    return begin


async def _functions(w: World) -> int:
    """Return how often functions of ours run for one reply."""
    runs = 0

    def look(frame: FrameType, what: str, _: object) -> None:
        nonlocal runs
        runs += what == "call" and str(frame.f_globals.get("__name__", "")).partition(".")[0] in OURS

    sys.setprofile(look)
    try:
        await w.mira.send(w.channel, f"{w.me} {SAID}")
    finally:
        sys.setprofile(None)
    return runs
