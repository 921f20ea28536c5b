"""Conversation with the character in a voice channel: /voice join, leave and hear."""

from typing import TYPE_CHECKING

import discord

from bot.core.i18n import _
from bot.discord.commands import ONLY_IN_SERVERS, Interaction, answer
from cogs._discord.hearing import listens_to
from cogs.voice.calls import MOST_CALLS, CantConnect, VoiceCalls
from cogs.voice.equipment import equipment_of
from cogs.voice.people import where_in

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

NOT_IN_ONE = _("Go into a voice channel of this server first: I come to where you are.")
THERE_ALREADY = _("I am in {channel} already. Whoever is there can send me away with /voice leave.")
MAY_NOT = _("I may not do that in {channel}. Give me there: {needed}.")
SWITCHED_OFF = _("I am switched off in {channel}, or asked not to listen to you.")
CAN_NOT = _("I could not get into {channel}. Try again in a moment.")
TOO_MANY = _("I am in {count} voice channels of other servers already, and can't listen in more.")
COMING = _("I am in {channel}. I hear only people who said /voice hear me: if you have not yet, say so.")
NO_CALL = _("I am in no voice channel of this server.")
NOT_WITH_ME = _("Only people who are in {channel} with me, and those who manage channels, can send me away.")
LEFT = _("I hung up.")
HEARD = _(
    "From now on I hear you in the voice channels of this server that I am in. What I understand becomes "
    "text, your sound is kept nowhere. /voice hear stop ends it at once."
)
HEARD_NO_MORE = _("I hear you no more: your sound is thrown away unopened. /voice hear me changes that.")
NEEDED = {
    "view_channel": _("View Channels"),
    "connect": _("Connect"),
    "speak": _("Speak"),
    "send_messages": _("Send Messages"),
}


async def join(bot: "Masquerade", calls: VoiceCalls, interaction: Interaction) -> None:
    """Join the asker's voice channel."""
    await interaction.response.defer(ephemeral=True)
    if interaction.guild is None:
        await answer(interaction, ONLY_IN_SERVERS)
        return
    channel = _channel_of(interaction)
    refusal = await _refusal(bot, calls, interaction, channel)
    if refusal or channel is None:
        await answer(interaction, refusal or NOT_IN_ONE)
        return
    equipment = equipment_of(bot.app)
    if isinstance(equipment, str):
        await answer(interaction, equipment)
        return
    try:
        await calls.join(channel, equipment)
    except CantConnect:
        await answer(interaction, CAN_NOT.format(channel=channel.mention))
    else:
        await answer(interaction, COMING.format(channel=channel.mention))


async def leave(calls: VoiceCalls, interaction: Interaction) -> None:
    """Hang up, if the asker is in the call or manages channels."""
    await interaction.response.defer(ephemeral=True)
    call = calls.in_server(interaction.guild_id or 0)
    if interaction.guild is None:
        await answer(interaction, ONLY_IN_SERVERS)
    elif call is None:
        await answer(interaction, NO_CALL)
    elif interaction.user.id not in call.people.present and not interaction.permissions.manage_channels:
        await answer(interaction, NOT_WITH_ME.format(channel=call.channel.mention))
    else:
        await calls.leave(interaction.guild_id or 0)
        await answer(interaction, LEFT)


async def hear(calls: VoiceCalls, interaction: Interaction, *, agreed: bool) -> None:
    """Store whether the asker may be heard in the server's voice channels."""
    await interaction.response.defer(ephemeral=True)
    if not isinstance(interaction.user, discord.Member):
        await answer(interaction, ONLY_IN_SERVERS)
        return
    await calls.agree(interaction.user, agreed=agreed)
    await answer(interaction, HEARD if agreed else HEARD_NO_MORE)


def _channel_of(interaction: Interaction) -> discord.VoiceChannel | None:
    """Return the asker's voice channel, from the cached voice states of the server."""
    rooms = interaction.guild.voice_channels if interaction.guild else []
    return next((room for room in rooms if interaction.user.id in room.voice_states), None)


async def _refusal(
    bot: "Masquerade", calls: VoiceCalls, interaction: Interaction, channel: discord.VoiceChannel | None
) -> str | None:
    if channel is None:
        return NOT_IN_ONE
    if call := calls.in_server(channel.guild.id):
        return THERE_ALREADY.format(channel=call.channel.mention)
    if calls.is_full:
        return TOO_MANY.format(count=MOST_CALLS)
    held = channel.permissions_for(channel.guild.me)
    missing = [str(name) for needed, name in NEEDED.items() if not getattr(held, needed)]
    if missing:
        return MAY_NOT.format(channel=channel.mention, needed=", ".join(missing))
    if not await listens_to(bot, interaction.user, where_in(channel)):
        return SWITCHED_OFF.format(channel=channel.mention)
    return None
