"""What several tests stand on: log channel."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord

from database.models import Audit
from tests.support.discord import World, world


@dataclass
class Office:
    """A world with a log channel: Root administers the server, Olga is named in admin_ids."""

    world: World
    log: Any
    root: Any
    olga: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world, name)

    @property
    def answers(self) -> list[str]:
        return self.world.said(self.log)

    async def order(self, text: str, by: Any = None) -> list[str]:
        """Write something into the log channel and return what the bot posted there since."""
        before = len(self.answers)
        await (by or self.root).send(self.log, text)
        return self.answers[before:]

    async def audit(self) -> list[Audit]:
        rows = await self.world.app.audit.latest()
        return list(reversed(rows))

    async def done(self) -> list[tuple[str, str]]:
        return [(row.action, row.detail) for row in await self.audit()]


@asynccontextmanager
async def office(folder: Path, **settings: Any) -> AsyncIterator[Office]:
    async with world(folder, **settings) as plain:
        env, guild = plain.env, plain.guild
        clock: Any = plain.app.clock
        clock.monotonic = lambda: env.now().timestamp()
        log = guild.create_text_channel("bot-log")
        boss = guild.create_role("boss", permissions=discord.Permissions(administrator=True))
        root = guild.add_member(env.create_user("root"), roles=[boss])
        olga = guild.add_member(env.create_user("olga"))
        set_up(plain, log_channel=log.id, admin_ids=(olga.id,))
        yield Office(plain, log, root, olga)


def set_up(plain: World, **changes: Any) -> None:
    object.__setattr__(plain.app, "settings", plain.app.settings.model_copy(update=changes))


def without_moments(text: str) -> str:
    return re.sub(r"<t:\d+:(\w)>", r"<t:\1>", text)
