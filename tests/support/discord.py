"""What several tests stand on: discord."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import simcord

from bot.app import App, open_app
from bot.conversation.config import Manner
from bot.core import i18n
from bot.discord.client import Masquerade
from bot.discord.connection import open_client
from bot.llm.server import Server
from bot.llm.types import Prompt
from bot.settings import Settings
from tests import passing_time
from tests.builders import AT_ONCE, PIXEL
from tests.fakes import FakeClaude, FakeClock
from tests.filled import assert_filled

SETTLED_WITHIN = 20.0
"""Seconds in which the bot has to come to rest: only a machine with much else to do takes one of them."""


SERVER = Server("http://127.0.0.1:9", "no-key", "claude-sonnet-5-5")


class DiscordClock(FakeClock):
    """The in-memory Discord's own time; sleeping is left to its virtual timers."""

    env: simcord.Env | None = None

    def now(self) -> datetime:
        return self.env.now() if self.env else super().now()

    async def sleep(self, seconds: float) -> None:
        await (passing_time.sleep(self.env, seconds) if self.env else asyncio.sleep(seconds))


@dataclass
class World:
    """A Discord with one guild, one channel, Mira and Tom, and the bot in it."""

    env: simcord.Env
    app: App
    client: Masquerade
    claude: FakeClaude
    guild: Any
    channel: Any
    mira: Any
    tom: Any

    @property
    def me(self) -> str:
        assert self.client.user is not None
        return f"<@{self.client.user.id}>"

    def said(self, channel: Any = None) -> list[str]:
        """Return what the bot posted in a channel."""
        history = (channel or self.channel).history()
        return [one.content for one in history if one.author.id == self.client.user.id]  # type: ignore[union-attr]

    def posts(self) -> list[dict[str, Any]]:
        """Return the body of every message that the bot sent."""
        sent = [one for one in self.env.http_requests if one.method == "POST"]
        return [one.json or {} for one in sent if one.path.endswith("/messages")]

    def pinged(self) -> set[int | str]:
        """Return everybody, every role and "everyone" that a message of the bot rang the bell of."""
        rung: set[int | str] = set()
        for messages in self.env.backend.messages.values():
            for one in messages.values():
                if one.author_id == self.client.user.id:  # type: ignore[union-attr]
                    rung |= {*one.ping_user_ids, *one.ping_role_ids}
                    rung |= {"everyone"} if one.mention_everyone else set()
        return rung

    async def settle(self, event: Callable[..., object], *arguments: object) -> None:
        """Let something happen as the bot's own work, and wait until all that follows from it is done."""
        with self.env._bot_scope():
            event(*arguments)
        await self.env.settle()

    @property
    def prompt(self) -> Prompt:
        return self.claude.prompts[-1]


class Patient(simcord.Env):
    """A Discord in memory that gives the bot as long for its start as for all else.

    It looks every two milliseconds whether the bot is done: simcord's 50 were half of many tests' time.
    """

    async def _settle_internal(self, *, timeout: float | None = None, **more: Any) -> None:
        within = None if timeout is None else max(timeout, SETTLED_WITHIN)
        await super()._settle_internal(timeout=within, **{**more, "idle": 0.002})


_registered: dict[bytes, Any] = {}
"""What a Discord has of commands, by what they are called in all languages."""


async def connected(client: Masquerade, clock: DiscordClock) -> simcord.Env:
    """Connect the bot to a Discord of its own.

    What its commands are in every language takes it as long as all the rest of its start, and is each time
    the same: they are translated and registered for the first Discord, and copied for those after it.
    """
    clock.env = env = Patient(client, settle_timeout=SETTLED_WITHIN)
    tree: Any = client.tree
    register = tree.sync

    async def sync() -> None:
        key = i18n.fingerprint() + repr([one.qualified_name for one in tree.walk_commands()]).encode()
        if key in _registered:
            commands = {
                of: one | {"id": str(env.backend.snowflake())} for of, one in _registered[key].items()
            }
            env.backend.commands[None] = commands
        else:
            await register()
            _registered[key] = env.backend.commands[None]

    tree.sync = sync
    await env.start()
    del tree.sync
    return env


@asynccontextmanager
async def world(folder: Path, *, manner: Manner = AT_ONCE, **settings: Any) -> AsyncIterator[World]:
    clock = DiscordClock()
    claude = FakeClaude(clock)
    # Time runs fast here, and a look at everything each half minute is for tests of its own.
    chosen = Settings(data_dir=folder / "data", **({"heartbeat_seconds": 3600} | settings))
    async with open_app(
        chosen, PIXEL, SERVER, manner=manner, claude=claude, clock=clock, rng=Random(1)
    ) as app:
        client = open_client(app)
        env = await connected(client, clock)
        try:
            guild = env.create_guild("The Guild")
            mira = guild.add_member(env.create_user("mira", global_name="Mira"))
            tom = guild.add_member(env.create_user("tom", global_name="Tom"))
            channel = guild.create_text_channel("general")
            yield World(env, app, client, claude, guild, channel, mira, tom)
        finally:
            await env.shutdown()
        env.raise_errors()
        assert_filled(env.http_requests)


@pytest.fixture
async def discord_world(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered
