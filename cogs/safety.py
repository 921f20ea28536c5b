"""Keeps in mind which channels Discord shows to adults only: characters for adults are in no others (C91)."""

import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.discord.commands import is_age_restricted

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)


class SafetyCog(commands.Cog):
    """Takes in each mark when it is set or taken away, and all of them with each connection."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._age_gate = bot.app.age_gate

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Marks may have changed while nobody listened."""
        marked: list[int] = []
        others: list[int] = []
        for channel in (one for guild in self.bot.guilds for one in guild.channels):
            (marked if is_age_restricted(channel) else others).append(channel.id)
        await self._age_gate.mark(marked, age_restricted=True)
        await self._age_gate.mark(others, age_restricted=False)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        now = is_age_restricted(after)
        if now != is_age_restricted(before):
            log.info(
                "Channel %s is %s", after.id, "age-restricted now" if now else "not age-restricted any more"
            )
            await self._age_gate.mark([after.id], age_restricted=now)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(SafetyCog(bot))
