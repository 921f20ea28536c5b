"""What goes wrong while people talk: the process, the connection, Discord, Claude, the clock, the machine."""

import asyncio
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.drill.town import Town
from tests.world import claude_faults
from tests.world import discord_faults as faults
from tests.world.discord_events import Event

Happening = Callable[[Town], Awaitable[None]]
SQLITE, POSTGRESQL, DISK = "SQLite", "PostgreSQL", "a disk of its own"


@dataclass(frozen=True, slots=True)
class Fault:
    """What `happens`, how often compared with others, and what it `needs`: a database, or a disk."""

    happens: Happening
    weight: int
    needs: str


FAULTS: dict[str, Fault] = {}
"""Every fault by its name."""
STAGES = (
    "noted",
    "attended",
    "recalled",
    "composed",
    "pledged",
    "part_posted",
    "part_said",
    "settled",
    "passed",
)
POSTS = r"/channels/\d+/messages"
KILLED = -signal.SIGKILL
MOST_UNTIL_SUMMED_UP = 60
"""Lines of one place, at most, until it is summed up."""


def fault(name: str, weight: int = 2, *, needs: str = "") -> Callable[[Happening], Happening]:
    """Name a fault of the drill."""

    def named(happens: Happening) -> Happening:
        FAULTS[name] = Fault(happens, weight, needs)
        return happens

    return named


async def a_while(town: Town, longest: float, shortest: float = 0.0) -> None:
    await asyncio.sleep(town.dice.uniform(shortest, longest))


def process_of(town: Town) -> asyncio.subprocess.Process:
    assert town.bot.process is not None
    return town.bot.process


# --- The process


@fault("killed at work", 6)
async def killed_at_work(town: Town) -> None:
    async with town.talking():
        await a_while(town, 1.5)
        await town.bot.kill()
        await a_while(town, 1.0)
        await town.bot.start()


@fault("killed at a stage of a reply", 6)
async def killed_at_a_stage(town: Town) -> None:
    stage, count = town.dice.choice(STAGES), town.dice.randint(1, 5)
    await town.bot.terminate()
    async with town.talking():
        await town.bot.start(crash_at=f"{stage}:{count}", wait=False)
        assert await town.bot.ended(within=60) == KILLED, stage
    await town.bot.start()


@fault("stopped and started", 3)
async def stopped(town: Town) -> None:
    async with town.talking():
        await a_while(town, 1.0)
        assert await town.bot.terminate() == 0
        await a_while(town, 0.5)
        await town.bot.start()


@fault("killed while it stops", 3)
async def killed_while_stopping(town: Town) -> None:
    async with town.talking():
        await a_while(town, 0.5)
        process_of(town).send_signal(signal.SIGTERM)
        await a_while(town, 0.3)
        await town.bot.kill()
        await town.bot.start()


@fault("killed while it starts", 3)
async def killed_while_starting(town: Town) -> None:
    async with town.talking():
        await town.bot.kill()
        await town.bot.start(wait=False)
        await a_while(town, 2.0)
        await town.bot.kill()
        await town.bot.start()


@fault("stopped while it starts")
async def stopped_while_starting(town: Town) -> None:
    async with town.talking():
        await town.bot.terminate()
        await town.bot.start(wait=False)
        await a_while(town, 2.0)
        assert await town.bot.terminate() in (0, -signal.SIGTERM)
        await town.bot.start()


@fault("killed while it catches up", 6)
async def killed_catching_up(town: Town) -> None:
    await town.bot.kill()
    for _ in range(town.dice.randint(5, 25)):
        town.say_something()
    async with town.talking():
        for _ in range(town.dice.randint(1, 3)):
            await town.bot.start()
            await a_while(town, 0.8)
            await town.bot.kill()
        await town.bot.start()


@fault("killed while it sums up", 3)
async def killed_summing_up(town: Town) -> None:
    """The talk of one place is summed up as soon as it has grown long."""
    town.summing_up.clear()
    place = town.dice.choice(town.places)
    for _ in range(MOST_UNTIL_SUMMED_UP):
        if town.summing_up.is_set():
            break
        town.say(place, town.dice.choice(town.people))
        await a_while(town, 0.2)
    await a_while(town, 0.3)
    await town.bot.kill()
    await town.bot.start()


# --- The connection


@fault("the connection is cut again and again", 3)
async def cut(town: Town) -> None:
    gateway = town.bot.discord.gateway
    gateway.replay_twice = town.dice.random() < 0.5
    gateway.replay_overlap = town.dice.choice([0, 3])
    gateway.cut_after_every(
        town.dice.choice([2, 3, 5, 8]), how=town.dice.choice(["reset", "reconnect", 4000])
    )
    async with town.talking():
        await a_while(town, 3.0, 1.0)
    gateway.cut_after_every(0)
    gateway.replay_twice, gateway.replay_overlap = False, 0


@fault("the session is lost", 3)
async def invalid(town: Town) -> None:
    async with town.talking():
        await a_while(town, 0.5)
        how = town.dice.choice(["invalid", "resumable", "forgotten"])
        if how == "forgotten":
            town.bot.discord.gateway.forget_sessions()
        else:
            town.bot.discord.gateway.invalidate_sessions(resumable=how == "resumable")
        await a_while(town, 1.0)
    await town.bot.discord.wait_until_connected(timeout=30)


@fault("the gateway turns it away")
async def turned_away(town: Town) -> None:
    async with town.talking():
        town.bot.discord.gateway.turn_away(times=town.dice.randint(1, 3))
        town.bot.discord.gateway.reset_connections()
        await a_while(town, 1.0)
    await town.bot.discord.wait_until_connected(timeout=30)


@asynccontextmanager
async def held_back(town: Town) -> AsyncIterator[list[Event]]:
    """Keep events from the bot for a moment, and give them to be changed before they are let go."""
    events: list[Event] = []
    town.held = events
    try:
        async with town.talking(0.03):
            await a_while(town, 0.6, 0.2)
        yield events
    finally:
        town.held = None
        town.release(events)


@fault("events come in another order", 3)
async def reordered(town: Town) -> None:
    async with held_back(town) as events:
        town.dice.shuffle(events)


@fault("events come twice", 3)
async def doubled(town: Town) -> None:
    async with held_back(town) as events:
        events.extend(town.dice.sample(events, len(events) // 2))


@fault("lines are taken back before they are heard", 3)
async def taken_back_unheard(town: Town) -> None:
    """Their deletions and edits come in any order among what was said."""
    async with held_back(town) as events:
        words = [town.take_back(line) for line in list(town.lines.values())[-3:]]
        town.dice.shuffle(events)
    await asyncio.sleep(2)
    for word in words:
        word.is_gone = True


# --- Discord's answers


async def among(town: Town, then: faults.Fault, method: str, path: str, times: int) -> None:
    """Let some requests meet a fault while people talk."""
    town.bot.discord.faults.on(method, path, then=then, times=times)
    async with town.talking():
        await a_while(town, 2.0, 1.0)
    town.bot.discord.faults.clear()


@fault("a post is stored and answered with an error", 4)
async def stored_and_refused(town: Town) -> None:
    then = town.dice.choice([faults.server_error(500, stores=True), faults.server_error(502, stores=True)])
    await among(town, then, "POST", POSTS, town.dice.randint(1, 6))


@fault("a post is stored and the connection cut", 4)
async def stored_and_cut(town: Town) -> None:
    await among(town, faults.reset(stores=town.dice.random() < 0.7), "POST", POSTS, town.dice.randint(1, 4))


@fault("a post is stored, answered with an error, and the bot killed", 4)
async def stored_and_killed(town: Town) -> None:
    town.bot.discord.faults.on("POST", POSTS, then=faults.server_error(500, stores=True), times=None)
    async with town.talking():
        await a_while(town, 1.5, 0.3)
        await town.bot.kill()
        town.bot.discord.faults.clear()
        await town.bot.start()


@fault("Discord asks it to slow down", 3)
async def slowed_down(town: Town) -> None:
    then = faults.rate_limited(town.dice.uniform(0.1, 1.0))
    await among(town, then, town.dice.choice(["POST", "*"]), POSTS, town.dice.randint(1, 8))


@fault("Discord is out of order")
async def out_of_order(town: Town) -> None:
    await among(town, faults.server_error(town.dice.choice([500, 502, 503])), "*", r"/channels/.*", 6)


@fault("Discord answers late")
async def late(town: Town) -> None:
    await among(town, faults.delayed(town.dice.uniform(0.2, 1.5)), "*", r"/channels/.*", 20)


@fault("what was said cannot be fetched at first", 3)
async def not_fetched(town: Town) -> None:
    await town.bot.kill()
    for _ in range(5):
        town.say_something()
    then = town.dice.choice([faults.server_error(503), faults.reset(), faults.delayed(1.0)])
    town.bot.discord.faults.on("GET", POSTS, then=then, times=town.dice.randint(1, 9))
    async with town.talking():
        await town.bot.start()
    town.bot.discord.faults.clear()


# --- Claude's


@fault("Claude is out of order", 3)
async def claude_fails(town: Town) -> None:
    kinds = [
        claude_faults.Overloaded529,
        claude_faults.Server500,
        claude_faults.ResetStream,
        claude_faults.CutStream,
    ]
    town.bot.claude.will_fail(town.dice.choice(kinds)(), times=town.dice.randint(1, 2))
    async with town.talking():
        await a_while(town, 1.5, 0.5)


@fault("Claude is slow, and the bot killed meanwhile")
async def claude_is_slow(town: Town) -> None:
    town.bot.claude.delay = 1.0
    async with town.talking():
        await a_while(town, 2.0)
        await town.bot.kill()
        town.bot.claude.delay = 0.0
        await town.bot.start()


# --- The clock


@fault("the clock jumps", 4)
async def clock_jumps(town: Town) -> None:
    """By some minutes, ahead or back, and later to what it was."""
    path = Path(town.bot.settings["CLOCK_FILE"])
    async with town.talking():
        for seconds in (town.dice.uniform(-600, 600), 0):
            set_clock(path, seconds)
            await a_while(town, 1.5, 0.5)


def set_clock(path: Path, seconds: float) -> None:
    """Say by how much the bot's clock is wrong: in one write, as it is read at any time."""
    with path.open("r+b" if path.exists() else "wb", buffering=0) as file:
        file.write(f"{seconds:<40.6f}".encode())


# --- The machine


@fault("no file can be opened any more")
async def no_descriptors(town: Town) -> None:
    if not sys.platform.startswith("linux"):
        return
    pid = process_of(town).pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - it is no folder that a Path could know
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + town.dice.randint(0, 3), before[1]))
    try:
        async with town.talking():
            await a_while(town, 2.0, 1.0)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@fault("another program holds the database", needs=SQLITE)
async def locked(town: Town) -> None:
    with closing(sqlite3.connect(town.bot.data / "masquerade.sqlite3", timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with town.talking():
            await a_while(town, 7.0, 0.5)
        other.rollback()


@fault("the database is damaged", needs=SQLITE)
async def damaged(town: Town) -> None:
    """It says so and stops, and changes nothing: the whole file is put back."""
    await town.bot.terminate()
    path = town.bot.data / "masquerade.sqlite3"
    whole = path.read_bytes()
    spoilt = bytearray(whole)
    for _ in range(200):
        at = town.dice.randrange(0, len(spoilt), 4096)
        spoilt[at : at + 64] = os.urandom(64)
    path.write_bytes(spoilt)
    await town.bot.start(wait=False)
    assert await town.bot.ended(within=60) in (1, 78)
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    path.write_bytes(whole)
    await town.bot.start()


@fault("the disk is full", needs=DISK)
async def full(town: Town) -> None:
    ballast = town.bot.data / "ballast"
    async with town.talking():
        free = os.statvfs(town.bot.data)
        with ballast.open("wb") as file, suppress(OSError):
            file.write(bytes(free.f_bavail * free.f_frsize - town.dice.choice([0, 4096, 65_536])))
        await a_while(town, 3.0, 1.0)
        ballast.unlink()
        if town.dice.random() < 0.5:
            await town.bot.kill()
            await town.bot.start()


@fault("the disk can only be read", needs=DISK)
async def read_only(town: Town) -> None:
    await town.bot.terminate()
    await remount(town.bot.data, "ro")
    await town.bot.start(wait=False)
    assert await town.bot.ended(within=60) in (1, 78)
    await remount(town.bot.data, "rw")
    await town.bot.start()


async def remount(folder: Path, how: str) -> None:
    process = await asyncio.create_subprocess_exec("mount", "-o", f"remount,{how}", str(folder))
    assert await process.wait() == 0
