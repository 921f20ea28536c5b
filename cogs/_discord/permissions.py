"""Permissions: the only place that decides who may use the commands for administrators (D12)."""

from typing import TYPE_CHECKING, TypeGuard

import discord

from cogs._discord.hearing import TALK

if TYPE_CHECKING:
    from bot.discord.client import Masquerade
    from bot.discord.commands import Interaction

Person = discord.User | discord.Member
Location = discord.Guild | discord.abc.GuildChannel | discord.Thread


def is_operator(bot: "Masquerade", user: discord.abc.Snowflake) -> bool:
    """Return whether admin_ids names the user, who then may do everything everywhere."""
    return user.id in bot.app.settings.admin_ids


def may_manage(bot: "Masquerade", member: Person, channel_or_guild: Location | None) -> bool:
    """Return whether somebody may change how the character behaves in a server.

    Operators may, and members (no bots) who may manage that very server. In a DM (None) only operators may.
    """
    if is_operator(bot, member):
        return True
    guild = getattr(channel_or_guild, "guild", channel_or_guild)
    if not isinstance(guild, discord.Guild) or not _belongs(member, guild.id):
        return False
    return not member.bot and member.guild_permissions.manage_guild


def may_stage(bot: "Masquerade", interaction: "Interaction") -> bool:
    """Return whether the asker may choose the characters and scenes of a place.

    In a DM everybody may; in a server, operators and members who may manage its channels or the server.
    """
    held = interaction.permissions
    allowed = held.manage_channels or held.manage_guild or held.administrator
    return interaction.guild_id is None or allowed or is_operator(bot, interaction.user)


def commands_the_bot(bot: "Masquerade", message: discord.Message) -> bool:
    """Return whether a message is an order in the log channel by somebody who may give orders there.

    Messages of webhooks, bots and Discord itself, and messages in a thread, a DM or another channel, are
    never orders.
    """
    if message.webhook_id is not None or message.type not in TALK:
        return False
    guild_id = message.guild.id if message.guild else None
    return may_command(bot, message.author, channel_id=message.channel.id, guild_id=guild_id)


def may_command(bot: "Masquerade", who: Person, *, channel_id: int | None, guild_id: int | None) -> bool:
    """Return whether somebody may command the bot in a channel, which must be the log channel.

    Operators may, and administrators of the server of the log channel.
    """
    if channel_id is None or channel_id != bot.app.settings.log_channel:
        return False
    if guild_id is None or who.bot:
        return False
    return is_operator(bot, who) or (_belongs(who, guild_id) and who.guild_permissions.administrator)


def _belongs(who: Person, guild_id: int) -> TypeGuard[discord.Member]:
    """Return whether the person is a member of that very server; permissions hold nowhere else."""
    return isinstance(who, discord.Member) and who.guild.id == guild_id
