"""Fixtures that many tests share, and a guard: no test may reach a real service."""

import asyncio
import gc
import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from functools import partial
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from discord.ext.commands.bot import BotBase
from hypothesis import HealthCheck, settings
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

from database import Database, copies, files, sqlite
from database.in_place import InPlace
from database.prepared import Statements
from tests.builders import Table, table
from tests.postgres import NoServer, Server, a_server

MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 2_000_000_000
"""Bytes that are free where tests keep their files in memory: what passes leaves nothing there."""

GARBAGE = 50_000
"""Objects that come to be before garbage is looked for; with Python's 700 it is many times in each test."""


def pytest_configure() -> None:
    """Keep the files of tests in memory, where there is room: every commit waits for a disk otherwise.

    And let no example of Hypothesis fail for the time that it takes: a busy machine takes any.
    """
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_IN_MEMORY:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage rarely, and never among what is imported and collected: it stays."""
    gc.disable()
    gc.set_threshold(GARBAGE)
    found = yield
    gc.freeze()
    gc.enable()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape half characters in what a test wrote: a worker can't send them to the one who reports."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True, scope="session")
def _built_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Build an empty database once, and copy it wherever a test begins with one.

    Each migration in turn takes longer than most tests. Those that look at how one is built get it built.
    """
    create, upgrade = files._create, files._upgrade
    template = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    create(template)

    def copied(path: Path) -> None:
        if files._upgrade is not upgrade or copies.left_beside(path):
            create(path)
            return
        fresh = path.with_name(path.name + ".new")
        copies.discard(fresh)
        shutil.copy(template, fresh)
        fresh.replace(path)

    files._create = copied


@pytest.fixture(autouse=True, scope="session")
def _translated_once() -> None:
    """Let all databases share the SQL that statements are translated into, as they speak the same one.

    Each test opens a database of its own, which otherwise translates every statement anew.
    """
    shared, plans = LRUCache[Any, Any](4_000), list[Statements]()
    build, build_in_place = sqlite._engine, InPlace.__init__

    def sharing(*arguments: Any, **options: Any) -> AsyncEngine:
        engine = build(*arguments, **options)
        engine.sync_engine._compiled_cache = shared
        return engine

    def sharing_in_place(self: InPlace) -> None:
        build_in_place(self)
        self.engine._compiled_cache = shared
        plans[:] = plans or [self.statements]
        self.statements = plans[0]

    sqlite._engine = sharing
    setattr(InPlace, "__init__", sharing_in_place)  # noqa: B010
    for dialect in (SQLiteDialect_aiosqlite, SQLiteDialect_pysqlite):
        setattr(dialect, "__eq__", lambda one, other: type(one) is type(other))  # noqa: B010
        setattr(dialect, "__hash__", lambda one: hash(type(one)))  # noqa: B010


class _Again(Loader):
    """Gives a cog's module as it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it alone: it was executed."""


@pytest.fixture(autouse=True, scope="session")
def _executed_once() -> None:
    """Execute each cog's module once, as a bot does, and not for every bot of every test."""
    load: Any = getattr(BotBase, "_load_from_module_spec")  # noqa: B009
    kept: dict[str, ModuleType] = {}

    async def load_again(self: BotBase, spec: ModuleSpec, key: str) -> None:
        if key in kept:
            spec = ModuleSpec(key, _Again(kept[key]))
        await load(self, spec, key)
        kept[key] = sys.modules[key]

    setattr(BotBase, "_load_from_module_spec", load_again)  # noqa: B010


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Run a PostgreSQL server, where this machine can; its template "empty" has the tables, and no rows."""
    try:
        with a_server() as server:
            asyncio.run(_template(server))
            yield server
    except NoServer as error:
        pytest.skip(f"no PostgreSQL here: {error}")


@pytest.fixture(autouse=True, scope="session")
def _on_postgres(request: pytest.FixtureRequest) -> Iterator[None]:
    """With MASQUERADE_TESTS_ON=postgresql, let every database that a test opens be on a server.

    What looks into the file itself fails then; all else has to hold on both.
    """
    if os.environ.get("MASQUERADE_TESTS_ON") != "postgresql":
        yield
        return
    server: Server = request.getfixturevalue("postgres")
    made: dict[Path, str] = {}

    async def open_on_server(path: Path, *, backups: Path | None = None) -> Database:
        if path not in made:
            made[path] = server.take()
        return await Database.connect(made[path], path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "open", open_on_server)
        yield


Opening = Callable[[], Awaitable[Database]]


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """Give the address of a database with the tables, and no rows."""
    made = postgres.take()
    yield made
    postgres.drop(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Give what opens one and the same database, each time it is called: a file, and one on a server."""
    path = tmp_path / "masquerade.sqlite3"
    if request.param == "sqlite":
        return partial(Database.open, path)
    return partial(Database.connect, request.getfixturevalue("url"), path)


async def _template(server: Server) -> None:
    server.tell("CREATE DATABASE empty OWNER masquerade")
    await (await Database.connect(server.url("empty"), Path("nowhere"))).close()


@pytest.fixture
async def at_table(tmp_path: Path) -> AsyncIterator[Table]:
    """Sit down with Pixel, who answers at once."""
    async with table(tmp_path) as set_table:
        yield set_table
