"""Who may do what: every command for administrators asks here, and nowhere else (D12)."""

from typing import TYPE_CHECKING, TypeGuard

import discord

from cogs._discord.hearing import TALK

if TYPE_CHECKING:
    from bot.discord.client import Masquerade
    from bot.discord.commands import Interaction

Person = discord.User | discord.Member
Location = discord.Guild | discord.abc.GuildChannel | discord.Thread


def is_operator(bot: "Masquerade", user: discord.abc.Snowflake) -> bool:
    """Say whether the operator named somebody in admin_ids: they may do everything everywhere."""
    return user.id in bot.app.settings.admin_ids


def may_manage(bot: "Masquerade", member: Person, channel_or_guild: Location | None) -> bool:
    """Say whether somebody may change how the character behaves in a server.

    These are the operators, and members (no bots) who may manage that very server; in a DM, None, only
    the operators.
    """
    if is_operator(bot, member):
        return True
    guild = getattr(channel_or_guild, "guild", channel_or_guild)
    if not isinstance(guild, discord.Guild) or not _belongs(member, guild.id):
        return False
    return not member.bot and member.guild_permissions.manage_guild


def may_stage(bot: "Masquerade", interaction: "Interaction") -> bool:
    """Say whether somebody may say which characters play what in a place: in private everybody may.

    In a server these are members who may manage its channels or the server, and the operators.
    """
    held = interaction.permissions
    allowed = held.manage_channels or held.manage_guild or held.administrator
    return interaction.guild_id is None or allowed or is_operator(bot, interaction.user)


def commands_the_bot(bot: "Masquerade", message: discord.Message) -> bool:
    """Say whether a message in the log channel is an order of somebody who may give orders there.

    It is not what a webhook, a bot or Discord itself wrote, nor anything in a thread, a DM or another
    channel.
    """
    if message.webhook_id is not None or message.type not in TALK:
        return False
    guild_id = message.guild.id if message.guild else None
    return may_command(bot, message.author, channel_id=message.channel.id, guild_id=guild_id)


def may_command(bot: "Masquerade", who: Person, *, channel_id: int | None, guild_id: int | None) -> bool:
    """Say whether somebody commands the bot in a channel: in the log channel, and nowhere else.

    Operators do, and the administrators of the server that it is in.
    """
    if channel_id is None or channel_id != bot.app.settings.log_channel:
        return False
    if guild_id is None or who.bot:
        return False
    return is_operator(bot, who) or (_belongs(who, guild_id) and who.guild_permissions.administrator)


def _belongs(who: Person, guild_id: int) -> TypeGuard[discord.Member]:
    """Say whether this is a member of that server: permissions hold nowhere else."""
    return isinstance(who, discord.Member) and who.guild.id == guild_id
