"""What stands beside the bot's name: what its own character has on its mind (F114, C81)."""

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp
import discord
from discord.ext import commands

from bot.core.tasks import spawn
from database import DatabaseError

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

APART = 60.0
"""Seconds between two changes at least: Discord takes no more than a few."""
SECONDS = 30.0
"""Seconds that one change may take."""


class PresenceCog(commands.Cog):
    """Shows the status where people see it: when the connection is there, and when the status changed."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._statuses = bot.app.statuses
        self._clock = bot.app.clock
        self._showing: asyncio.Task[None] | None = None
        self._waiting = False
        self._shown_at: float | None = None

    async def cog_load(self) -> None:
        self._statuses.listeners.append(self._changed)

    async def cog_unload(self) -> None:
        self._statuses.listeners.remove(self._changed)
        if self._showing:
            self._showing.cancel()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """READY may come any number of times, and a new connection may have forgotten what stood there."""
        self._begin()

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        self._begin()

    def _changed(self, slug: str) -> None:
        if slug == self.bot.app.company.primary.slug:
            self._begin()

    def _begin(self) -> None:
        """Show the status soon; who waits for that already will show what it is by then."""
        if self._waiting:
            return
        before, self._waiting = self._showing, True
        self._showing = spawn(self._show(before), name="Showing the status")

    async def _show(self, before: asyncio.Task[None] | None) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            if self._shown_at is not None:
                await self._clock.sleep(max(self._shown_at + APART - self._clock.monotonic(), 0.0))
        finally:
            self._waiting = False
        try:
            status = await self._statuses.of(self.bot.app.company.primary.slug)
            if status:
                await self._put(discord.Game(status))
        except (DatabaseError, discord.DiscordException, aiohttp.ClientError, OSError) as error:
            # With the next connection it is shown anyway.
            log.warning("The status can't be shown: %s", type(error).__name__)

    async def _put(self, activity: discord.Game) -> None:
        self.bot.activity = activity  # what a new connection begins with
        if not self.bot.is_ready():
            return
        self._shown_at = self._clock.monotonic()
        async with asyncio.timeout(SECONDS):
            await self.bot.change_presence(activity=activity)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(PresenceCog(bot))
