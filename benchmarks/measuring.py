"""Bots side by side, each in a Discord and with a model of its own, and what is measured on them."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil  # type: ignore[import-untyped]
from aiohttp import web

from tests.world.claude_server import ScriptedClaude
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.discord_server import DiscordServer
from tests.world.process import AT_ONCE, READY_WITHIN, ROOT

CHANNELS = 32
PEOPLE = 8
ANSWER_WITHIN = 60.0
NAP = 0.001
FLOOR = "floor"
BOTS = ("ours", FLOOR)
STALLS, LOG = "stalls", "log"
PLAIN = {"GREET_NEWCOMERS": "false"}
ANSWER = "I hear you, {0}, loud and clear. Tell me {0} more about it, and {0} leave nothing out."
"""Filled with a number each time: who says the same again is asked for something else (C47)."""

Talk = Callable[[User, Channel], Coroutine[Any, Any, Message]]


class BenchDiscord(DiscordServer):
    """A loopback Discord that keeps when the bot's posts came in, by channel."""

    def __init__(self) -> None:
        super().__init__(check_schema=False)
        self._answered: dict[int, asyncio.Future[float]] = {}

    def post(self, channel: Channel, author: User, content: str, **more: Any) -> Message:
        message = super().post(channel, author, content, **more)
        if author is self.bot and (answered := self._answered.pop(channel.id, None)):
            answered.set_result(time.perf_counter())
        return message

    def answer_in(self, channel: Channel) -> asyncio.Future[float]:
        """Return what will hold the moment of the bot's next post in a channel."""
        self._answered[channel.id] = asyncio.get_running_loop().create_future()
        return self._answered[channel.id]


class BenchClaude(ScriptedClaude):
    """A scripted Claude that keeps how many seconds it has worked itself."""

    worked = 0.0

    async def _message(self, http: web.Request) -> web.StreamResponse:
        begun = time.perf_counter()
        try:
            return await super()._message(http)
        finally:
            self.worked += time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class Stall:
    """The longest stalls of an event loop in seconds: by the clock, and in CPU time of its thread."""

    late: float
    work: float


@dataclass
class Contestant:
    """A bot as a process of its own, with the places in which it is spoken to."""

    name: str
    discord: BenchDiscord
    claude: BenchClaude
    folder: Path
    process: psutil.Process
    ready: float
    """Seconds from the start of its process until Discord had it."""
    channels: list[Channel] = field(default_factory=list)
    people: list[User] = field(default_factory=list)
    called: Iterator[str] = field(default_factory=lambda: cycle(("",)))

    async def answers(self, place: int, text: str) -> float:
        """Say something in a place and return the seconds until the bot posted its answer there.

        The first places are channels of a guild, in which it is mentioned, or called by the next of its
        names; the others are direct messages.
        """
        person = self.people[place % len(self.people)]
        if place < len(self.channels):
            channel, words = self.channels[place], f"{next(self.called) or self.discord.bot.mention} {text}"
        else:
            channel, words = self.discord.dm_with(person), text
        answered = self.discord.answer_in(channel)
        begun = time.perf_counter()
        await person.say(channel, words)
        return await asyncio.wait_for(answered, ANSWER_WITHIN) - begun

    async def overhead(self, place: int, text: str) -> float:
        """Return the seconds of an answer, less those for which the model worked."""
        before = self.claude.worked
        return await self.answers(place, text) - (self.claude.worked - before)

    async def burst(self, text: str) -> float:
        """Say something in each channel of the guild at once; return the seconds until the last answer."""
        return max(await asyncio.gather(*(self.answers(place, text) for place in range(CHANNELS))))

    async def talk_for(self, seconds: float, *, places: int) -> int:
        """Talk in so many channels at once, the next thing after each answer; return how many there were."""
        end = time.perf_counter() + seconds

        async def talk(place: int) -> int:
            answered = 0
            while time.perf_counter() < end:
                await self.answers(place, f"and then, number {answered}?")
                answered += 1
            return answered

        return sum(await asyncio.gather(*map(talk, range(places))))

    async def has_logged(self, words: str) -> None:
        """Wait until a line of the bot's log says something."""
        while words not in (self.folder / LOG).read_text():
            await asyncio.sleep(1)

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the bot's process so far."""
        times = self.process.cpu_times()
        return times.user + times.system

    @property
    def memory(self) -> int:
        """Bytes that only this process holds."""
        return int(self.process.memory_full_info().uss)

    @asynccontextmanager
    async def watched(self, found: list[Stall]) -> AsyncIterator[None]:
        """Watch the bot's event loop meanwhile; its longest stall is appended to `found`."""
        stalls = self.folder / STALLS
        stalls.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGUSR2)
        async with asyncio.timeout(10):
            while not stalls.exists():
                await asyncio.sleep(0.01)
        late, work = stalls.read_text().split()
        found.append(Stall(float(late), float(work)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A bot that takes part: the floor, or Masquerade, with settings, in a guild of that size.

    `names` are what it is called by there, in turns; without any it is mentioned. `prepare` fills the data
    folder for its channels and people before it starts.
    """

    name: str = "ours"
    settings: Mapping[str, str] = field(default_factory=lambda: {**AT_ONCE, **PLAIN})
    channels: int = CHANNELS
    people: int = PEOPLE
    names: Sequence[str] = ()
    prepare: Callable[[Path, Sequence[Channel], Sequence[User]], None] | None = None


@asynccontextmanager
async def contest(
    folder: Path,
    *,
    model_takes: float = 0.0,
    channels: int = CHANNELS,
    shipped: bool = False,
    server: str = "",
) -> AsyncIterator[tuple[Contestant, Contestant]]:
    """Start Masquerade and the floor on data in `folder`; the model answers after so many seconds.

    As `shipped`, Masquerade has the settings of nobody who has written any; only the waiting is left out. Its
    database is a file, as the floor's is, or lies on a `server`.
    """
    settings = {**AT_ONCE, **({} if shipped else PLAIN), **({"DATABASE_URL": server} if server else {})}
    entries = [Entry(name=name, settings=settings, channels=channels) for name in BOTS]
    async with contestants(folder, entries, model_takes=model_takes) as (ours, floor):
        yield ours, floor


@asynccontextmanager
async def contestants(
    folder: Path, entries: Sequence[Entry], *, model_takes: float = 0.0
) -> AsyncIterator[list[Contestant]]:
    """Start bots on data in folders of their names."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(contestant(entry, folder / entry.name, model_takes))
            for entry in entries
        ]


@asynccontextmanager
async def contestant(entry: Entry, folder: Path, model_takes: float = 0.0) -> AsyncIterator[Contestant]:
    """Start a bot on the data in `folder`."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    async with BenchDiscord() as discord, BenchClaude(delay=model_takes, record=False) as claude:
        answers = count(1_000)
        claude.answer_with(lambda _request: ANSWER.format(next(answers)))
        guild = discord.add_guild("The Guild")
        channels = [guild.add_text_channel(f"channel-{number}") for number in range(entry.channels)]
        people = [discord.add_user(f"Person{number}") for number in range(entry.people)]
        for person in people:
            guild.add_member(person)
        if entry.prepare is not None:
            await asyncio.to_thread(entry.prepare, folder / "data", channels, people)
        environment = _environment(entry, discord, claude, folder)
        program, arguments = (FLOOR, []) if entry.name == FLOOR else ("ours", _arguments(folder))
        begun = time.perf_counter()
        with (folder / LOG).open("wb") as log:
            running = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.launch", program, *arguments),
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(folder),
                    "STALLS": str(folder / STALLS),
                    **environment,
                },
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            await _connected(discord, running, folder / LOG)
            ready = time.perf_counter() - begun
            process, called = psutil.Process(running.pid), cycle(entry.names or ("",))
            yield Contestant(entry.name, discord, claude, folder, process, ready, channels, people, called)
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()


async def _connected(discord: DiscordServer, running: asyncio.subprocess.Process, log: Path) -> None:
    """Wait until the bot is there; RuntimeError with the end of its log where it never came."""
    try:
        await discord.wait_until_connected(timeout=READY_WITHIN)
    except TimeoutError as error:
        raise RuntimeError(
            f"the bot did not come (exit code {running.returncode}): {log.read_text()[-2000:]}"
        ) from error


def _environment(
    entry: Entry, discord: DiscordServer, claude: ScriptedClaude, folder: Path
) -> Mapping[str, str]:
    if entry.name == FLOOR:
        return {
            "FLOOR_DISCORD": discord.base_url,
            "FLOOR_TOKEN": discord.token,
            "FLOOR_CLAUDE": claude.base_url,
            "FLOOR_KEY": claude.api_key,
            "FLOOR_DB": str(folder / "floor.sqlite3"),
        }
    return {
        "LOOPBACK_DISCORD": discord.base_url,
        "DISCORD_TOKEN": discord.token,
        "ANTHROPIC_API_KEY": claude.api_key,
        "ANTHROPIC_BASE_URL": claude.base_url,
        "CHARACTER": "nyx",
        "DATA_DIR": str(folder / "data"),
        **entry.settings,
    }


def _arguments(folder: Path) -> list[str]:
    """Name empty settings, so that those of whoever measures here are left alone."""
    files = {"--config": folder / "config.env", "--character-env": folder / "character.env"}
    for path in files.values():
        path.touch()
    return [str(one) for pair in files.items() for one in pair]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value below which so many percent of the others lie."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that is to stay at or below a limit, or at or above it."""

    figure: str
    limit: float
    at_least: bool = False

    def judged(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        """Return the goal as it is printed."""
        measured = figures[self.figure]
        met = measured >= self.limit if self.at_least else measured <= self.limit
        return {"figure": self.figure, "at_least" if self.at_least else "at_most": self.limit, "met": met}


def with_goals(figures: dict[str, Any], goals: Sequence[Goal]) -> dict[str, Any]:
    """Return the figures, and which goals they meet."""
    judged = [goal.judged(figures) for goal in goals]
    return {**figures, "goals": judged, "met": all(goal["met"] for goal in judged)}


@asynccontextmanager
async def watched_loop() -> AsyncIterator[list[float]]:
    """Collect by how many seconds a task that naps for a millisecond is late."""
    late: list[float] = []

    async def nap() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(NAP)
            late.append(time.perf_counter() - begun - NAP)

    napping = asyncio.create_task(nap())
    try:
        yield late
    finally:
        napping.cancel()
        with suppress(asyncio.CancelledError):
            await napping
