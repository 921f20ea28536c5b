"""Speech in voice messages and voice channels: /voice (C94)."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.i18n import _
from bot.discord.commands import Interaction, answer
from bot.features.speech.voice_replies import Choice
from cogs._discord.hearing import listens_to, place_of
from cogs.voice import channels
from cogs.voice.calls import VoiceCalls

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

CHOSEN = {
    "on": _("From now on I answer you here with voice messages. /voice off ends that."),
    "off": _("From now on I answer you here in writing."),
    "auto": _("From now on I answer you here as you speak to me: voice messages with voice messages."),
}
NO_VOICE = _(
    "I have no voice to speak with. Whoever runs me gets one with `pip install '.[piper]'`; "
    "`python main.py doctor` tells more."
)
NO_PERMISSION = _(
    "Here I may not, though, until an admin gives me the permission Send Voice Messages: I answer in writing."
)
NOT_HERE = _("I am switched off here, or asked not to listen to you, so I keep nothing of that.")


class VoiceCog(commands.Cog):
    """A choice applies to the person who made it; only the asker sees the answers."""

    voice = app_commands.Group(name="voice", description="How I speak with you")
    heard = app_commands.Group(name="hear", description="Whether I hear you in voice channels", parent=voice)

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self.calls = VoiceCalls(bot)
        bot.app.privacy.on_leaving = self.calls.forget

    async def cog_unload(self) -> None:
        await self.calls.close()

    @voice.command(description="Let me answer you in this channel with voice messages")
    async def on(self, interaction: Interaction) -> None:
        await choose(self.bot, interaction, "on")

    @voice.command(description="Let me answer you in this channel in writing")
    async def off(self, interaction: Interaction) -> None:
        await choose(self.bot, interaction, "off")

    @voice.command(description="Let me answer voice messages with voice messages in this channel")
    async def auto(self, interaction: Interaction) -> None:
        await choose(self.bot, interaction, "auto")

    @voice.command(description="Let me come to the voice channel that you are in")
    async def join(self, interaction: Interaction) -> None:
        await channels.join(self.bot, self.calls, interaction)

    @voice.command(description="Send me away from the voice channel")
    async def leave(self, interaction: Interaction) -> None:
        await channels.leave(self.calls, interaction)

    @heard.command(name="me", description="Let me hear you in the voice channels of this server")
    async def hear_me(self, interaction: Interaction) -> None:
        await channels.hear(self.calls, interaction, agreed=True)

    @heard.command(description="Let me hear you no more, from this moment on")
    async def stop(self, interaction: Interaction) -> None:
        await channels.hear(self.calls, interaction, agreed=False)

    @commands.Cog.listener()
    async def on_voice_state_update(
        self, member: discord.Member, _before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Tell the calls about people who join or leave voice channels."""
        await self.calls.moved(member, after.channel)


async def choose(bot: "Masquerade", interaction: Interaction, choice: Choice) -> None:
    """Store the asker's choice for one channel."""
    await interaction.response.defer(ephemeral=True)
    replies, where = bot.app.voice_replies, place_of(interaction)
    if choice != "off" and not replies.available:
        await answer(interaction, NO_VOICE)
    elif not await listens_to(bot, interaction.user, where):
        await answer(interaction, NOT_HERE)
    else:
        await replies.choose(interaction.user.id, where.channel_id, choice)
        may = interaction.guild is None or interaction.app_permissions.send_voice_messages
        await answer(interaction, CHOSEN[choice] + ("" if may or choice == "off" else f" {NO_PERMISSION}"))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(VoiceCog(bot))
