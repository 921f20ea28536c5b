"""Short ways to a talk in the terminal, on real parts with a scripted Claude behind them."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from sqlalchemy import select

from bot.app import App, open_app
from bot.arranging import manner_of
from bot.cli.terminal.dialogue import PendingLines, converse
from bot.cli.terminal.opening import _at_once
from bot.cli.terminal.plain import read_out, script_lines
from bot.cli.terminal.screen import Screen
from bot.cli.terminal.session import TerminalSession, open_session
from bot.conversation.company import PlayedCharacter, Playing
from bot.core.clock import SystemClock
from bot.llm.server import Server
from bot.settings import Settings
from personas.character import Character
from tests.builders import PIXEL
from tests.world.claude_server import ScriptedClaude

MODEL = "claude-sonnet-5-5"


@dataclass
class Stages:
    """Lets a test wait until the walk has come to a stage."""

    seen: list[str] = field(default_factory=list)
    listeners: list = field(default_factory=list)

    def __call__(self, stage: str) -> None:
        self.seen.append(stage)
        for listen in self.listeners:
            listen(stage)

    async def reached(self, stage: str, times: int = 1) -> None:
        while self.seen.count(stage) < times:
            await asyncio.sleep(0.005)


@asynccontextmanager
async def opened(
    folder: Path,
    claude: ScriptedClaude | SimpleNamespace,
    *,
    character: Character = PIXEL,
    others: Sequence[Character] = (),
    banter: float = 0.0,
    asks_after: int = 0,
    **changes: Any,
) -> AsyncIterator[tuple[TerminalSession, Stages]]:
    """Open a session on real parts with the scripted server behind them."""
    settings, stages = Settings(data_dir=folder / "data", persona_banter=banter), Stages()
    server = replace(Server(claude.base_url, claude.api_key, MODEL), **changes)
    manner = replace(_at_once(manner_of(settings, server)), asks_after=asks_after, zone=_afternoon())
    clock = Hurried() if others else None
    async with open_app(settings, character, server, manner=manner, clock=clock, on_stage=stages) as app:
        for one in others:
            app.company.join(PlayedCharacter(Playing(one), primary=False))
        yield await open_session(app), stages


class Glass(DummyOutput):
    """A screen of so many columns that shows nothing."""

    def __init__(self, columns: int) -> None:
        self._columns = columns

    def get_size(self) -> Size:
        return Size(rows=24, columns=self._columns)


class Hurried(SystemClock):
    """A clock on which nobody waits."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass
class Seat:
    """Somebody in front of a screen."""

    keys: PipeInput
    paper: io.StringIO
    screen: Screen
    session: TerminalSession
    stages: Stages
    talk: asyncio.Task

    @property
    def printed(self) -> str:
        return self.paper.getvalue()

    async def shows(self, words: str, *, times: int = 1) -> None:
        while self.printed.count(words) < times:
            assert not self.talk.done() or self.talk.result() == 0
            await asyncio.sleep(0.005)


@asynccontextmanager
async def seated(
    folder: Path, claude: ScriptedClaude, *, columns: int = 80, **changes: Any
) -> AsyncIterator[Seat]:
    """Sit down in front of a screen with a keyboard that a test can press."""
    with create_pipe_input() as keys, create_app_session(input=keys, output=Glass(columns)):
        async with opened(folder, claude, **changes) as (session, stages):
            paper = io.StringIO()
            screen = Screen(session, Console(file=paper, width=columns, highlight=False))
            turns = PendingLines(session, screen)
            stages.listeners.append(turns.reached)
            task = asyncio.create_task(converse(session, screen, turns))
            try:
                yield Seat(keys, paper, screen, session, stages, task)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def _afternoon() -> timezone:
    """Return a zone in which it is about two o'clock: what is felt goes by the hour, and tests run at any."""
    return timezone(timedelta(hours=(14 - datetime.now(UTC).hour + 11) % 24 - 11))


@dataclass
class Outcome:
    code: int
    out: str
    complaints: list[str]


async def talked(session: TerminalSession, script: str) -> Outcome:
    """Read a script out and return what came of it."""
    out, complaints = io.StringIO(), list[str]()
    code = await read_out(session, script_lines(script), out=out, complain=complaints.append)
    return Outcome(code, out.getvalue(), complaints)


async def rows(app: App, table: type) -> list:
    async with app.database.read() as db:
        return list(await db.messages._session.scalars(select(table)))
