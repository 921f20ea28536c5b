"""User personas, which people play in a channel: /me (C37)."""

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.core.i18n import _
from bot.discord.commands import Interaction, answer
from bot.features.characters.presence import LONGEST_GUISE
from cogs._discord.hearing import listens_to, place_of
from cogs._discord.options import telling
from cogs._discord.text import inline

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

NAME_ROOM = 200
SET = _("In this channel you are **{name}** from now on. /me clear ends it, and elsewhere nothing changes.")
CLEARED = _("In this channel you are yourself again.")
NOBODY = _("You play nobody in this channel. /me set changes that.")
PLAYING = _("In this channel you are **{name}**.")
NOT_HERE = _("I am switched off here, or asked not to listen to you, so I keep nothing of that.")


class UserPersonaCog(commands.Cog):
    """A user persona applies to one person in one channel; only that person sees the answers."""

    me = app_commands.Group(name="me", description="Whom you play in this channel")

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._stagecraft = bot.app.presence

    @me.command(name="set", description="Say whom you play in this channel")
    @app_commands.describe(name="The name that you go by here")
    async def put_on(self, interaction: Interaction, name: app_commands.Range[str, 1, LONGEST_GUISE]) -> None:
        await interaction.response.defer(ephemeral=True)
        where = place_of(interaction)
        if not await listens_to(self.bot, interaction.user, where):
            await answer(interaction, NOT_HERE)
            return
        async with telling(interaction):
            kept = await self._stagecraft.play_as(interaction.user.id, where, name)
            await answer(interaction, SET.format(name=inline(kept or "", NAME_ROOM)))

    @me.command(description="Be yourself again in this channel")
    async def clear(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        where = place_of(interaction)
        played = await self._stagecraft.playing(interaction.user.id, where)
        await self._stagecraft.play_as(interaction.user.id, where, None)
        await answer(interaction, CLEARED if played else NOBODY)

    @me.command(description="Whom you play in this channel")
    async def show(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        played = await self._stagecraft.playing(interaction.user.id, place_of(interaction))
        await answer(interaction, PLAYING.format(name=inline(played, NAME_ROOM)) if played else NOBODY)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(UserPersonaCog(bot))
