"""Starts one of the two bots with a watch on its event loop: `python -m benchmarks.launch NAME ARGUMENTS`.

The watch sleeps until SIGUSR1 wakes it; at SIGUSR2 it writes the longest stalls, in seconds, to the file
that STALLS names, and sleeps again. So it costs nothing while latency and CPU time are measured.
"""

import asyncio
import os
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import Any

import discord

TICK = 0.005
MODULES = {"ours": "tests.world.launch", "floor": "benchmarks.floor"}


class Watch:
    """Measures how late an event loop comes back to a task that naps for TICK seconds.

    Twice: by the clock, which on a busy machine counts what other programs do, and by the CPU time of
    the loop's thread, which does not, but misses a loop that waits for a file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._longest = (0.0, 0.0)
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Forget what was measured, and measure."""
        self._longest = (0.0, 0.0)
        self._task = asyncio.get_running_loop().create_task(self._measure())

    def end(self) -> None:
        """Write down the longest stalls; whole or not at all, for somebody waits for the file."""
        if self._task is not None:
            self._task.cancel()
        written = self._file.with_suffix(".new")
        written.write_text("{:.6f} {:.6f}".format(*self._longest))
        written.replace(self._file)

    async def _measure(self) -> None:
        while True:
            begun, worked = time.monotonic(), time.thread_time()
            await asyncio.sleep(TICK)
            late, work = time.monotonic() - begun - TICK, time.thread_time() - worked
            self._longest = (max(self._longest[0], late), max(self._longest[1], work))


def watch_the_loop(file: Path) -> None:
    """Set the watch up once a client logs in: that is on its loop, and in every bot."""
    login = discord.Client.login

    async def log_in_watched(self: discord.Client, *arguments: Any) -> None:
        loop, watch = asyncio.get_running_loop(), Watch(file)
        loop.add_signal_handler(signal.SIGUSR1, watch.begin)
        loop.add_signal_handler(signal.SIGUSR2, watch.end)
        await login(self, *arguments)

    setattr(discord.Client, "login", log_in_watched)  # noqa: B010


if __name__ == "__main__":
    watch_the_loop(Path(os.environ["STALLS"]))
    name, *sys.argv[1:] = sys.argv[1:]
    runpy.run_module(MODULES[name], run_name="__main__", alter_sys=True)
