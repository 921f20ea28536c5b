"""Requests that Discord does not want are not sent: limits of every kind, a dead token (faults A6, A8)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
from discord.http import HTTPClient, Route

from bot.discord.request_gate import MOST_WAITING, Restraint, bucket_of
from tests.fakes import FakeClock
from tests.world import discord_faults as faults
from tests.world.discord_pointing import point_discord_at, point_discord_back
from tests.world.discord_server import DiscordServer


class Wire:
    """discord.py's own requests to a loopback Discord, under restraint."""

    def __init__(self, server: DiscordServer, http: HTTPClient, clock: FakeClock) -> None:
        self.server, self.http, self.clock = server, http, clock
        self.unauthorized: list[bool] = []
        guild = server.add_guild("The Guild")
        self.one, self.other = guild.add_text_channel("one"), guild.add_text_channel("other")

    async def post(self, channel: Any = None, *, typing: bool = False) -> Any:
        path = f"/channels/{(channel or self.one).id}/" + ("typing" if typing else "messages")
        body: dict[str, Any] = {"json": {"content": "hello", "allowed_mentions": {"parse": []}}}
        return await self.http.request(Route("POST", path), **({} if typing else body))

    async def tried(self, times: int, channel: Any = None) -> list[Any]:
        """Post one after another; return what came of each."""
        outcomes = []
        for _ in range(times):
            try:
                outcomes.append(await self.post(channel))
            except discord.DiscordException as error:
                outcomes.append(type(error).__name__)
        return outcomes

    @property
    def refused(self) -> int:
        """How many requests Discord counts as invalid."""
        return sum(one.status in (401, 403, 429) for one in self.server.requests)

    @property
    def sent(self) -> int:
        return len(self.server.requests)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with DiscordServer(check_schema=False) as server:
        point_discord_at(server.base_url, pause=0)
        clock, told = FakeClock(), list[bool]()
        restraint = Restraint(clock, lambda: told.append(True))
        http = HTTPClient(
            asyncio.get_running_loop(), http_trace=restraint.trace(), max_ratelimit_timeout=60.0
        )
        await http.static_login(server.token)
        wire = Wire(server, http, clock)
        wire.unauthorized = told
        try:
            yield wire
        finally:
            await http.close()
            point_discord_back()


@pytest.mark.parametrize("scope", ["user", "shared"])
async def test_of_an_hour_long_limit_one_bucket_sees_one_refusal_however_often_it_is_tried(wire, scope):
    limited = faults.rate_limited(3600, scope=scope)
    wire.server.faults.on("POST", rf"/channels/{wire.one.id}/messages", then=limited, times=None)
    assert await wire.tried(50) == ["RateLimited"] * 50
    assert wire.refused == 1
    assert all(isinstance(one, dict) for one in await wire.tried(2, wire.other))  # others go on
    wire.clock.pass_time(3601)
    wire.server.faults.clear()
    assert isinstance((await wire.tried(1))[0], dict)


async def test_a_sub_limit_of_a_bucket_with_room_left_is_waited_for_by_all_who_come_later(wire):
    await wire.post()  # Discord said how much room the bucket has
    wire.server.faults.on("POST", r"/channels/\d+/messages", then=faults.rate_limited(0.3), times=1)
    outcomes = await asyncio.gather(wire.post(), *(_soon(wire) for _ in range(5)))
    assert all(isinstance(one, dict) for one in outcomes)
    assert wire.refused == 1


async def test_a_global_limit_holds_for_every_bucket(wire):
    globally = faults.rate_limited(120, scope="global")
    wire.server.faults.on("POST", r"/channels/\d+/messages", then=globally, times=None)
    assert await wire.tried(5) == ["RateLimited"] * 5
    assert await wire.tried(5, wire.other) == ["RateLimited"] * 5
    assert wire.refused == 1


@pytest.mark.parametrize("seconds", [3600, 0])
async def test_once_cloudflare_turns_us_away_nothing_is_sent_until_it_said(wire, seconds):
    ban = faults.cloudflare_ban(seconds) if seconds else faults.Fault(429, "<html></html>", via=False)
    wire.server.faults.on("*", r".*", then=ban, times=None)
    outcomes = await wire.tried(20) + await wire.tried(20, wire.other)
    assert outcomes == ["HTTPException", *["RateLimited"] * 39]
    assert wire.refused == 1


async def test_typing_is_dropped_first_and_takes_nobodys_place(wire):
    wire.server.faults.on("POST", r"/channels/\d+/typing", then=faults.rate_limited(3600), times=None)
    with pytest.raises(discord.RateLimited):
        await wire.post(typing=True)
    assert isinstance(await wire.post(), dict)  # what is said is not held up by it
    globally = faults.rate_limited(30, scope="global")
    wire.server.faults.clear()
    wire.server.faults.on("POST", r"/channels/\d+/messages", then=globally, times=1)
    said = asyncio.create_task(wire.post(wire.other))
    await _until(wire, lambda: wire.refused == 2)
    wire.http._global_over.set()  # discord.py's own queue lets it through to ours
    with pytest.raises(discord.RateLimited):
        await wire.post(wire.other, typing=True)
    said.cancel()


@pytest.mark.slow
async def test_of_those_who_wait_there_are_never_more_than_so_many(wire, monkeypatch):
    globally = faults.rate_limited(30, scope="global")
    wire.server.faults.on("POST", rf"/channels/{wire.one.id}/messages", then=globally, times=1)
    first = asyncio.create_task(wire.post())
    await _until(wire, lambda: wire.refused == 1)
    wire.http._global_over.set()  # discord.py's own queue lets them through to ours
    halt = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        await halt.wait()

    monkeypatch.setattr(wire.clock, "sleep", sleep)
    guild = wire.server.add_guild("Many")
    channels = [guild.add_text_channel(f"c{number}") for number in range(MOST_WAITING + 50)]
    before = wire.sent
    tasks = [asyncio.create_task(wire.post(one)) for one in channels]
    done, waiting = await asyncio.wait(tasks, timeout=2)
    assert len(waiting) == MOST_WAITING
    assert {type(one.exception()) for one in done} == {discord.RateLimited}
    assert wire.sent == before
    for task in (first, *tasks):
        task.cancel()


async def test_after_a_401_nothing_is_sent_any_more(wire):
    wire.server.faults.on("*", r".*", then=faults.unauthorized(), times=None)
    assert await wire.tried(1) == ["HTTPException"]
    before = wire.sent
    assert await wire.tried(20) + await wire.tried(20, wire.other) == ["TokenRejected"] * 40
    assert wire.sent == before
    assert wire.unauthorized == [True]


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/v10/channels/12/messages", "POST /channels/12/messages"),
        ("/api/v10/channels/12/messages/34", "POST /channels/12/messages/ID"),
        ("/api/v10/users/@me", "POST /users/@me"),
        ("/api/v10/guilds/5/members/6", "POST /guilds/5/members/ID"),
        ("/gateway/", None),
        ("/cdn/avatars/1/x.png", None),
    ],
)
def test_a_bucket_is_a_route_of_one_place(path, bucket):
    assert bucket_of("POST", path) == bucket


async def _soon(wire: Wire) -> Any:
    await _until(wire, lambda: wire.refused == 1)
    return await wire.post()


async def _until(wire: Wire, true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)
