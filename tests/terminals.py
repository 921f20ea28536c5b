"""Short ways to a talk in the terminal, on real parts with a scripted Claude behind them."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from sqlalchemy import select

from bot.app import App, open_app
from bot.arranging import manner_of
from bot.server import Server
from bot.settings import Settings
from bot.terminal.opening import _at_once
from bot.terminal.plain import read_out, script_lines
from bot.terminal.session import Session, open_session
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
    folder: Path, claude: ScriptedClaude, *, asks_after: int = 0, **changes
) -> AsyncIterator[tuple[Session, Stages]]:
    """Open a session on real parts with the scripted server behind them."""
    settings, stages = Settings(data_dir=folder / "data"), Stages()
    server = replace(Server(claude.base_url, claude.api_key, MODEL), **changes)
    manner = replace(_at_once(manner_of(settings, server)), asks_after=asks_after, zone=_afternoon())
    async with open_app(settings, PIXEL, server, manner=manner, on_stage=stages) as app:
        yield await open_session(app), stages


def _afternoon() -> timezone:
    """Return a zone in which it is about two o'clock: what is felt goes by the hour, and tests run at any."""
    return timezone(timedelta(hours=(14 - datetime.now(UTC).hour + 11) % 24 - 11))


@dataclass
class Outcome:
    code: int
    out: str
    complaints: list[str]


async def talked(session: Session, script: str) -> Outcome:
    """Read a script out and return what came of it."""
    out, complaints = io.StringIO(), list[str]()
    code = await read_out(session, script_lines(script), out=out, complain=complaints.append)
    return Outcome(code, out.getvalue(), complaints)


async def rows(app: App, table: type) -> list:
    async with app.database.read() as db:
        return list(await db.messages._session.scalars(select(table)))
