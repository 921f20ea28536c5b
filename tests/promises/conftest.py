"""A fresh clone for each test; a Claude and a Discord that answer while the test waits for a program."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.promises.outside import Clone, clone_into, copied
from tests.promises.stage import TYPES_AT_ONCE, Stage, on_stage
from tests.world.claude_server import ScriptedClaude
from tests.world.discord_server import DiscordServer


@pytest.fixture(scope="session")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Clone once, and compile once; nothing else is ever done in it."""
    clone = clone_into(tmp_path_factory.mktemp("clone") / "masquerade")
    clone.python(
        "-m", "compileall", "-q", "main.py", "bot", "cogs", "memory", "personas", "database", "tests"
    )
    return clone


@pytest.fixture
def clone(cloned: Clone, tmp_path: Path) -> Clone:
    """Give a fresh clone."""
    return copied(cloned, tmp_path / "masquerade")


@pytest.fixture
def claude() -> Iterator[ScriptedClaude]:
    """Give a Claude that says the same to everything."""
    server = ScriptedClaude()
    with _running(server.open(), server.close):
        yield server.answer_with("A pleasure.")


@pytest.fixture
def local_claude() -> Iterator[ScriptedClaude]:
    """Give a server that speaks the Messages API where LM Studio does, and asks nobody for a key."""
    server = ScriptedClaude(api_key=None)
    with _running(server.open(1234), server.close):
        yield server.answer_with("A pleasure.")


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    """Give a Discord that knows one bot."""
    server = DiscordServer()
    with _running(server.start(), server.stop):
        yield server


@pytest.fixture
def talking(clone: Clone, claude: ScriptedClaude) -> Clone:
    """Give a clone whose config.env has a key to Claude and a character."""
    clone.configure(anthropic_api_key=claude.api_key, anthropic_base_url=claude.base_url, character="nyx")
    return clone


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    cloned: Clone, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """Start one bot for the tests of a module, with its SETTINGS besides token, key and addresses."""
    clone = copied(cloned, tmp_path_factory.mktemp("stage") / "masquerade")
    async with on_stage(clone, **getattr(request.module, "SETTINGS", TYPES_AT_ONCE)) as stage:
        await stage.start()
        yield stage


@contextmanager
def _running(start: Coroutine[Any, Any, None], stop: Any) -> Iterator[None]:
    """Run a server in a thread of its own, as tests that wait for a program can't serve."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(start, loop).result(30)
        yield
        asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
