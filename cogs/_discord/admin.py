"""/admin, which several cogs share: for the bot's operators alone (D12)."""

import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.audit import Actor
from bot.core.i18n import _
from bot.discord.commands import Interaction, answer
from cogs._discord.permissions import is_operator

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

NAME = "admin"
Member = app_commands.Group | app_commands.Command[Any, ..., Any]
OPERATORS_ONLY = _(
    "This is for the bot's operators alone. If you run the bot: write your Discord id as admin_ids into "
    "config.env, and restart it."
)


def join_admin(bot: "Masquerade", member: Member) -> None:
    """Make a group or a command a part of /admin; the first one brings /admin itself."""
    admin = bot.tree.get_command(NAME)
    if admin is None:
        admin = app_commands.Group(
            name=NAME,
            description="For the bot's operators",
            default_permissions=discord.Permissions(administrator=True),
        )
        bot.tree.add_command(admin)
    assert isinstance(admin, app_commands.Group)
    admin.add_command(member)


def leave_admin(bot: "Masquerade", member: Member) -> None:
    """Take a group or a command out of /admin; with the last one /admin goes."""
    admin = bot.tree.get_command(NAME)
    assert isinstance(admin, app_commands.Group)
    admin.remove_command(member.name)
    if not admin.commands:
        bot.tree.remove_command(NAME)


async def let_operators(bot: "Masquerade", interaction: Interaction) -> bool:
    """Let operators pass; administrators of a server, to whom Discord shows the command, are told."""
    if is_operator(bot, interaction.user):
        return True
    log.warning("Refused what is for operators in channel %s", interaction.channel_id)
    await answer(interaction, OPERATORS_ONLY)
    return False


def actor_of(interaction: Interaction) -> Actor:
    """Return who acts, for the audit."""
    return Actor(interaction.user.id, interaction.channel_id or 0)
