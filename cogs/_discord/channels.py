"""A channel as an option of a command, and the place that it is."""

from typing import Any

import discord
from discord import app_commands

from bot.conversation.types import Place, Where
from bot.discord.commands import is_age_restricted

Channel = app_commands.AppCommandChannel | app_commands.AppCommandThread


class ChannelOption(app_commands.Transformer):
    """A channel in which people talk, or a thread, also one that the bot can't see."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        # Discord's own description of commands knows no media channels as an option.
        kind = discord.ChannelType
        threads = [kind.public_thread, kind.private_thread, kind.news_thread]
        return [kind.text, kind.news, kind.voice, kind.stage_voice, kind.forum, *threads]

    async def transform(self, _interaction: discord.Interaction[Any], value: Any, /) -> Channel:
        assert isinstance(value, Channel)
        return value


ChannelChoice = app_commands.Transform[Channel, ChannelOption]

Talkative = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
"""A channel of a server in which something can be said."""


def place_in(channel: Talkative) -> Where:
    """Return a channel of a server as a place, with its present names."""
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Where(
        channel.id,
        Place.GUILD,
        channel.name,
        channel.guild.id,
        channel.guild.name,
        parent_id=parent_id,
        age_restricted=is_age_restricted(channel),
    )


def may_write(channel: Talkative) -> bool:
    """Say whether the bot may say something in a channel of a server."""
    held = channel.permissions_for(channel.guild.me)
    thread = isinstance(channel, discord.Thread)
    return held.view_channel and (held.send_messages_in_threads if thread else held.send_messages)
