"""One town after another, and one fault after another in it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

from tests.drill.faults import FAULTS, set_clock
from tests.drill.score import Score
from tests.drill.town import SETTINGS, Town, rows_of
from tests.world.process import world

ON_A_DISK_OF_ITS_OWN = ("the disk is full", "the disk can only be read")
DISK = "256m"
PER_TOWN = 50
"""Faults before everybody begins anew elsewhere: a long history would hide what a short one shows."""

Say = Callable[[str], None]


async def run_faults(count: int, seed: int, say: Say) -> Score:
    """Let so many things go wrong, and return what came of it."""
    score = Score()
    for first in range(0, count, PER_TOWN):
        dice = Random(f"{seed} {first}")
        score.add(await _one_town(dice, min(PER_TOWN, count - first), say))
    return score


async def _one_town(dice: Random, count: int, say: Say) -> Score:
    async with town_on_a_disk(dice) as town:
        for _ in range(count):
            names = [name for name in FAULTS if town.has_disk or name not in ON_A_DISK_OF_ITS_OWN]
            [name] = dice.choices(names, [FAULTS[one][1] for one in names])
            await bring_about(town, name, say)
            await town.forget_something()
        await town.bot.terminate()
        town.search_what_is_left()
        return town.score


async def bring_about(town: Town, name: str, say: Say) -> None:
    """Let one thing go wrong, and see whether everything comes right again."""
    began, log, before = time.monotonic(), len(town.bot.log), len(town.score.details)
    town.score.tried["fault"] += 1
    try:
        await FAULTS[name][0](town)
    except (AssertionError, TimeoutError, OSError, ProcessLookupError) as error:
        town.score.details.append(f"{name}: {error!r}")
        await town.put_right()
    await town.rest(name)
    if "Traceback" in (told := town.bot.log[log:]):
        town.score.details.append(f"{name}: a traceback in the log\n{told[-4_000:]}")
    survived = len(town.score.details) == before
    if not survived:
        town.score.wrong["fault"] += 1
    say(f"{'survived' if survived else 'NOT SURVIVED'} {name} ({time.monotonic() - began:.1f} s)")
    for detail in town.score.details[before:]:
        say(detail)


@asynccontextmanager
async def town_on_a_disk(dice: Random, **settings: str) -> AsyncIterator[Town]:
    """Found a town whose bot has a data folder on a disk of its own, where this machine lets us."""
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name)
        clock = folder / "clock"
        set_clock(clock, 0)
        with disk(folder / "data") as has_disk:
            async with world(folder, **SETTINGS, CLOCK_FILE=str(clock), **settings) as bot:
                town = Town(bot, dice, rows_of(bot.data / "masquerade.sqlite3"), has_disk=has_disk)
                async with town.living():
                    yield town


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk on a folder; say whether that could be done: root can, on Linux."""
    folder.mkdir()
    may = sys.platform.startswith("linux") and os.geteuid() == 0
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(folder)]
    mounted = may and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
