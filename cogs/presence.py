"""The bot's Discord status: the current thought of its own character (F114, C81)."""

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
"""Least seconds between two changes, because Discord limits their rate."""
SECONDS = 30.0
"""Deadline in seconds for one change."""


class PresenceCog(commands.Cog):
    """Sends the status to Discord after each connection and each change of the status."""

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
        """Send the status again: READY may come repeatedly, and a new connection may lack the status."""
        self._begin()

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        self._begin()

    def _changed(self, slug: str) -> None:
        if slug == self.bot.app.company.primary.slug:
            self._begin()

    def _begin(self) -> None:
        """Schedule an update; an update that is already waiting will send the latest status."""
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
            # The next connection sends it anyway.
            log.warning("The status can't be shown: %s", type(error).__name__)

    async def _put(self, activity: discord.Game) -> None:
        self.bot.activity = activity  # discord.py sends it with each new connection
        if not self.bot.is_ready():
            return
        self._shown_at = self._clock.monotonic()
        async with asyncio.timeout(SECONDS):
            await self.bot.change_presence(activity=activity)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(PresenceCog(bot))
