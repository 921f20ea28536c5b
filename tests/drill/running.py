"""One town after another, and one fault after another in it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

from tests.drill import commands  # noqa: F401 - its faults are among the others
from tests.drill.faults import DISK, FAULTS, POSTGRESQL, SQLITE, set_clock
from tests.drill.forgery import run_forgery
from tests.drill.outputs import search_answers, search_files
from tests.drill.score import Score
from tests.drill.town import SETTINGS, Town, rows_of, rows_on
from tests.postgres import NoServer, Server, a_server
from tests.world.process import world

DISK_SIZE = "256m"
PER_TOWN = 50
"""Faults before everybody begins anew elsewhere: a long history would hide what a short one shows."""

Say = Callable[[str], object]


async def run_faults(count: int, seed: int, say: Say) -> Score:
    """Let so many things go wrong, and return what came of it."""
    score = Score()
    deck = _deck(count, seed, needs=("", SQLITE, DISK))
    for first in range(0, count, PER_TOWN):
        async with town_on_a_disk(Random(f"{seed} {first}"), say) as town:
            await _one_after_another(town, deck[first : first + PER_TOWN], say)
            await search_answers(town)
            await town.bot.terminate()
            await search_files(town)
        score.add(town.score)
    return score


async def run_on_postgres(count: int, seed: int, say: Say) -> Score:
    """The same with the database on a server, as far as it applies there."""
    score = Score()
    try:
        with a_server() as server:
            url = server.take(template="template0")
            async with town_on_a_disk(Random(f"{seed} server"), say, server, DATABASE_URL=url) as town:
                await _one_after_another(town, _deck(count, seed, needs=("", POSTGRESQL)), say)
                await search_answers(town)
                await town.bot.terminate()
            score.add(town.score)
    except NoServer as error:
        say(f"nothing is tried on PostgreSQL: {error}")
    return score


async def run_strangers(seed: int, say: Say) -> Score:
    """Let strangers try what is not theirs."""
    async with town_on_a_disk(Random(f"{seed} strangers"), say) as town:
        await run_forgery(town)
        await town.rest("strangers")
    for detail in town.score.details:
        say(detail)
    return town.score


def _deck(count: int, seed: int, *, needs: Collection[str]) -> list[str]:
    """Return the names of so many faults: each comes as often as it shall, in the order that chance gives."""
    once = [name for name, one in FAULTS.items() if one.needs in needs for _ in range(one.weight)]
    deck, dice = list[str](), Random(seed)
    while len(deck) < count:
        deck += dice.sample(once, len(once))
    return deck[:count]


async def _one_after_another(town: Town, names: Sequence[str], say: Say) -> None:
    for name in names:
        if FAULTS[name].needs == DISK and not town.has_disk:
            say(f"not tried, for want of a disk of its own: {name}")
            continue
        await bring_about(town, name, say)
        await town.forget_something()


async def bring_about(town: Town, name: str, say: Say) -> None:
    """Let one thing go wrong, and see whether everything comes right again."""
    began, log, before = time.monotonic(), len(town.bot.log), len(town.score.details)
    town.score.tried["fault"] += 1
    try:
        await FAULTS[name].happens(town)
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
async def town_on_a_disk(
    dice: Random, say: Say, server: Server | None = None, **settings: str
) -> AsyncIterator[Town]:
    """Found a town whose bot has a data folder on a disk of its own, where this machine lets us."""
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        folder = Path(name)
        clock = folder / "clock"
        set_clock(clock, 0)
        with disk(folder / "data") as has_disk:
            async with world(folder, **SETTINGS, CLOCK_FILE=str(clock), **settings) as bot:
                if server:
                    rows = rows_on(server, settings["DATABASE_URL"].rpartition("/")[2])
                else:
                    rows = rows_of(bot.data / "masquerade.sqlite3")
                town = Town(bot, dice, rows, server=server, has_disk=has_disk)
                async with town.living():
                    yield town


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk on a folder; say whether that could be done: root can, on Linux."""
    folder.mkdir()
    may = sys.platform.startswith("linux") and os.geteuid() == 0
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "none", str(folder)]
    mounted = may and subprocess.run(command, check=False, capture_output=True).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
