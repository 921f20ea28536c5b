"""Record of the age-restricted channels: characters for adults play in no others (C91)."""

import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.discord.commands import is_age_restricted

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)


class SafetyCog(commands.Cog):
    """Records each change of a channel's mark, and all marks after each connection."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._age_gate = bot.app.age_gate

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Record all marks, because they may have changed while the bot was offline."""
        marked: list[int] = []
        others: list[int] = []
        for channel in (found for guild in self.bot.guilds for found in guild.channels):
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
