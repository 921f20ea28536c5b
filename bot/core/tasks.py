"""Background tasks: started only here, referenced until they end, and never failing silently."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()  # the event loop itself keeps weak references only


class TaskFailed(Exception):  # noqa: N818
    """Replaces an error in the log whose own message may quote a user."""


def spawn(coro: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
    """Start a background task; log its error, but not its cancellation. `name` must quote nobody."""
    task = asyncio.create_task(coro, name=name)  # noqa: TID251
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        kind = type(error).__name__
        told = TaskFailed(kind).with_traceback(error.__traceback__)
        log.error("%s failed: %s", task.get_name(), kind, exc_info=told)


@asynccontextmanager
async def running(coro: Coroutine[Any, Any, T], *, name: str) -> AsyncIterator[asyncio.Task[T]]:
    """Run a background task while the block runs."""
    task = spawn(coro, name=name)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


class Tasks:
    """The background tasks of one owner, which waits for them or cancels them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def spawn(self, coro: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        task = spawn(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def wait(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait for the current tasks, for at most `timeout` seconds."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout)
