"""The stream that tells an open page of changes: it lasts as long as the session, by the bot's own clock."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.app import App, open_app
from bot.audit import Actor
from bot.settings import Settings
from console.access import MOST_SESSIONS, SESSION_SECONDS
from console.site import Console
from tests.builders import AT_ONCE, PIXEL
from tests.console.conftest import COOKIE, free_port
from tests.fakes import FakeClaude, HeldClock
from tests.support.discord import SERVER

MIRA = Actor(7, 8)


@dataclass
class Opened:
    """A console in the test's own process, and a browser that has not come in yet."""

    app: App
    console: Console
    clock: HeldClock
    browser: aiohttp.ClientSession

    async def stream(self) -> tuple[dict[str, str], aiohttp.ClientResponse]:
        """Come in by a link; return the cookie, and the stream of changes once it tells of one."""
        async with self.browser.get(self.console.link(MIRA)) as entered:
            cookie = {"Cookie": f"{COOKIE}={entered.cookies[COOKIE].value}"}
        stream = await self.browser.get(f"http://127.0.0.1:{self.console.port}/events", headers=cookie)
        await self.app.audit.note(MIRA, "looked", "nothing")
        assert await stream.content.readline() == b"event: audit\r\n"
        return cookie, stream


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    clock = HeldClock()
    settings = Settings(data_dir=tmp_path, console_port=free_port(), embedding_model="off")
    claude = FakeClaude(clock)
    jar = aiohttp.DummyCookieJar()
    async with open_app(settings, PIXEL, SERVER, manner=AT_ONCE, claude=claude, clock=clock) as app:
        console = Console(app)
        await console.start()
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            yield Opened(app, console, clock, browser)
        await console.close()


async def ends(stream: aiohttp.ClientResponse) -> None:
    """Wait until a stream has ended."""
    async with asyncio.timeout(5):
        await stream.content.read()


@pytest.mark.slow
async def test_the_stream_of_a_session_that_grew_old_ends_without_waiting_for_a_change(opened):
    _, stream = await opened.stream()
    await opened.clock.let_pass(SESSION_SECONDS - 60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await ends(stream)
    await opened.clock.let_pass(61)
    await ends(stream)


@pytest.mark.slow
async def test_the_stream_of_who_leaves_ends_at_once_and_no_other(opened):
    cookie, stream = await opened.stream()
    _, other = await opened.stream()
    headers = {**cookie, "Sec-Fetch-Site": "same-origin"}
    leave = f"http://127.0.0.1:{opened.console.port}/leave"
    async with opened.browser.post(leave, headers=headers, allow_redirects=False) as left:
        assert left.status == 303
    await ends(stream)
    await opened.app.audit.note(MIRA, "looked", "nothing")
    async with asyncio.timeout(5):
        while await other.content.readline() != b"event: audit\r\n":
            pass
    other.close()


async def test_the_stream_of_a_session_for_which_there_is_no_more_room_ends(opened):
    _, stream = await opened.stream()
    for _ in range(MOST_SESSIONS):
        async with opened.browser.get(opened.console.link(MIRA)) as entered:
            assert entered.status == 200
    await ends(stream)
