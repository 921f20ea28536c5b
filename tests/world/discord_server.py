"""The loopback Discord: gateway, REST and CDN on one port of this machine."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.world import (
    discord_account_routes,
    discord_emoji_routes,
    discord_message_routes,
    discord_webhook_routes,
)
from tests.world.discord_accounts import BotAccount
from tests.world.discord_cdn import Cdn
from tests.world.discord_events import Event
from tests.world.discord_faults import Faults
from tests.world.discord_gateway import Gateway
from tests.world.discord_messages import Message
from tests.world.discord_requests import Request
from tests.world.discord_rest import Rest
from tests.world.discord_schema import Schema, load_schema
from tests.world.discord_session import Connection
from tests.world.discord_world import World

ROUTES = [
    *discord_account_routes.ROUTES,
    *discord_emoji_routes.ROUTES,
    *discord_message_routes.ROUTES,
    *discord_webhook_routes.ROUTES,
]
LARGEST_UPLOAD = 64 << 20


class DiscordServer(World):
    """A Discord to which discord.py really connects; its state outlives the bot and `stop()`.

        async with DiscordServer() as server:
            point_discord_at(server.base_url)

    `clock` gives Unix seconds, `check_schema` False saves the time of checking bodies.
    """

    def __init__(self, *, check_schema: bool = True, **world: Any) -> None:
        super().__init__(**world)
        self.faults = Faults()
        self.gateway = Gateway(self)
        self.cdn = Cdn(self)
        self._schema = load_schema() if check_schema else Schema(None)
        self._rest = Rest(self, ROUTES, faults=self.faults, schema=self._schema)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def requests(self) -> list[Request]:
        """Return every REST request so far, oldest first."""
        return self._rest.requests

    @property
    def unknown_requests(self) -> list[str]:
        """Return method and path of the requests that no route answers."""
        return self._rest.unknown

    @property
    def schema_available(self) -> bool:
        """Say whether bodies are checked."""
        return self._schema.is_available

    @property
    def schema_faults(self) -> list[str]:
        """Return what Discord's document would object to in the bodies so far."""
        return self._rest.schema_faults

    @property
    def gateway_connections(self) -> list[Connection]:
        """Return the connections that are open now."""
        return self.gateway.connections

    @property
    def identify_count(self) -> int:
        """Return how often any bot has asked for a new session."""
        return len(self.gateway.identifies)

    @property
    def bot_messages(self) -> list[Message]:
        """Return what the first bot has posted and not deleted, in all channels, in order."""
        return sorted(
            (each for each in self.messages.values() if each.author is self.bot),
            key=lambda each: each.id,
        )

    def requests_to(self, method: str, template: str) -> list[Request]:
        """Return the requests of a method and a path as Discord's document writes it."""
        return [each for each in self.requests if (each.method, each.template) == (method, template)]

    def dispatch(self, event: Event) -> None:
        """Announce an event to the bots that it is meant for."""
        if hasattr(self, "gateway"):
            self.gateway.dispatch(event)

    async def wait_until_connected(
        self, *, account: BotAccount | None = None, sessions: int = 1, timeout: float = 30.0
    ) -> None:
        """Wait until so many sessions (one a shard) of one bot, or of any, are connected."""

        def connected() -> bool:
            there = [each.session.account for each in self.gateway.connections if each.session is not None]
            return sum(account in (None, each) for each in there) >= sessions

        what = "the bot" if account is None else account.user.name
        await self.wait_until(connected, timeout=timeout, what=what)

    async def start(self) -> None:
        """Listen on 127.0.0.1: on a free port at first, on the same one after a `stop()`."""
        app = web.Application(client_max_size=LARGEST_UPLOAD)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/cdn/{path:.*}", self.cdn.serve)
        app.router.add_route("*", "/api/v10/{path:.*}", self._rest.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{self._port}"
        self._runner = runner

    async def stop(self) -> None:
        """Be gone, as Discord is when the network is: connections are reset, nobody answers."""
        self.gateway.reset_connections()
        runner, self._runner = self._runner, None
        if runner is not None:
            async with asyncio.timeout(10):
                await runner.cleanup()
                await asyncio.sleep(0)  # what was cut off by it is closed in the next step

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
