"""Who gets into the console, and what is refused to everybody else."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.audit import Actor
from console.access import LINK_SECONDS, MOST_LINKS, SESSION_SECONDS, Access
from console.changes import MOST_PAGES
from tests.fakes import FakeClock

pytestmark = pytest.mark.timeout(180)
MIRA = Actor(7, 8)


def test_a_link_opens_one_session_within_ten_minutes_on_behalf_of_who_asked_for_it():
    access = Access(FakeClock())
    token = access.link(MIRA)
    cookie = access.enter(token)
    assert cookie
    session = access.session(cookie)
    assert session
    assert session.actor == MIRA
    assert access.enter(token) is None
    assert access.session("made up") is None
    access.leave(cookie)
    assert access.session(cookie) is None


def test_a_link_and_a_session_grow_old():
    clock = FakeClock()
    access = Access(clock)
    late, token = access.link(MIRA), access.link(MIRA)
    cookie = access.enter(token) or ""
    clock.pass_time(LINK_SECONDS + 1)
    assert access.enter(late) is None
    assert access.session(cookie)
    clock.pass_time(SESSION_SECONDS)
    assert access.session(cookie) is None


def test_links_that_nobody_uses_do_not_pile_up():
    access = Access(FakeClock())
    first = access.link(MIRA)
    tokens = [access.link(MIRA) for _ in range(MOST_LINKS)]
    assert access.enter(first) is None
    assert access.enter(tokens[-1])


async def status_of(visitor: aiohttp.ClientSession, path: str, **how: Any) -> int:
    """Ask for a page, and return what came of that."""
    async with visitor.get(path, **how) as response:
        return response.status


@pytest.mark.slow
async def test_numbers_that_are_none_find_nothing(site, visitor):
    assert await status_of(visitor, "/?shown=--5") == 200
    assert await status_of(visitor, f"/?person={10**19}") == 200
    for path in ("/lines/--5", f"/lines/{10**19}", f"/lines/1/prompts/{10**19}"):
        assert await status_of(visitor, path) == 404, path


@pytest.mark.slow
async def test_who_leaves_is_told_of_no_change_any_more(site, visitor):
    async with visitor.get("/events") as events:
        async with visitor.post("/leave", headers={"Origin": site.base}, allow_redirects=False) as left:
            assert left.status == 303
        await site.heard("@Pixel hello", "hi there")
        async with asyncio.timeout(20):
            told = await events.content.read()
    assert b"event: feed" not in told


@pytest.mark.slow
async def test_a_flood_of_open_pages_is_bounded_and_a_closed_one_makes_room(site, visitor):
    streams = [await visitor.get("/events") for _ in range(MOST_PAGES)]
    assert {stream.status for stream in streams} == {200}
    async with asyncio.timeout(10):
        while await status_of(visitor, "/events") != 429:
            await asyncio.sleep(0.1)
    assert await status_of(visitor, "/") == 200
    for stream in streams:
        stream.close()
    async with asyncio.timeout(10):
        while True:
            async with visitor.get("/events") as response:
                if response.status == 200:
                    break
            await asyncio.sleep(0.1)
    assert await site.bot.terminate() == 0


@pytest.mark.slow
async def test_the_log_channel_gives_a_link_and_without_a_console_the_command_says_what_to_do(site):
    site.bot.settings["CONSOLE_PORT"] = "0"
    code, printed = await site.bot.command("console")
    assert code == 78
    assert "set console_port=" in printed
