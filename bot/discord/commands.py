"""Slash commands: permissions (D13), place of use, translation, and handling of errors (A11)."""

import logging
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands

from bot.conversation.text.split import split
from bot.core.errors import MasqueradeError, place_in_code
from bot.core.i18n import ABOUT, CHOICE, MENU, OPTION, Table, _, speak, speaking, table_of
from database import DatabaseError
from memory.places import Place, Where

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

Interaction = discord.Interaction["Masquerade"]
AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | app_commands.Group

ONLY_IN_SERVERS = _("This works in a server only: use it in a channel of the server that you mean.")
YOU_LACK = _("You may not do that here: it takes the permission {needed}. Ask an admin of this server.")
NOT_ALLOWED = _(
    "You may not do that here: it takes the permission {needed}, or to be one of the bot's operators."
)
FAILED = _("That failed, and the reason is in the bot's log. Try again; if it stays so, tell the operator.")
FORGETFUL = _("I can't look anything up or note anything right now. Please try again in a minute.")
OUTDATED = _(
    "This command has changed since Discord showed it to you. Restart Discord, or try again in an hour."
)
UNREADABLE = _("One of the options is not what this command takes: choose it anew from what Discord offers.")

MEMBERS_ONLY = {"members_only": True}
"""The `extras` of a command that even the bot's operators may only use with the permissions (C89)."""

CALLED = {
    "administrator": _("Administrator"),
    "manage_guild": _("Manage Server"),
    "kick_members": _("Kick Members"),
    "ban_members": _("Ban Members"),
    "moderate_members": _("Time Out Members"),
    "manage_messages": _("Manage Messages"),
    "manage_channels": _("Manage Channels"),
    "manage_threads": _("Manage Threads"),
    "read_message_history": _("Read Message History"),
    "view_channel": _("View Channels"),
    "create_private_threads": _("Create Private Threads"),
    "send_messages": _("Send Messages"),
    "send_polls": _("Create Polls"),
    "send_messages_in_threads": _("Send Messages in Threads"),
    "attach_files": _("Attach Files"),
}
"""Names of permissions in Discord's settings."""


class Commands(app_commands.CommandTree["Masquerade"]):
    """The commands of the bot, and the only place where permissions are checked.

    `default_permissions` only tell Discord to whom to show a command, and a server's admins can change that.
    So permissions are checked again here, before anything else happens.
    """

    def __init__(self, client: "Masquerade") -> None:
        # A user install would allow commands in places where the bot is not a member.
        super().__init__(client, allowed_installs=app_commands.AppInstallationType(guild=True, user=False))

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Return whether the person may use the command here; if not, tell them why."""
        speak_to(interaction)
        command = interaction.command
        refusal = self.refusal(interaction, command) if command else None
        if command is None or refusal is None:
            return True
        log.info("Refused /%s to somebody", command.qualified_name)
        if interaction.type is not discord.InteractionType.autocomplete:
            await _try_to_answer(interaction, refusal)
        return False

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Log a failure without user input, and answer with one sentence."""
        speak_to(interaction)
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        name = interaction.command.qualified_name if interaction.command else "an unknown command"
        log.error("/%s failed: %s in %s", name, type(cause).__name__, place_in_code(cause))
        await _try_to_answer(interaction, _sentence(cause))

    async def _call(self, interaction: Interaction) -> None:
        """Run a command; if discord.py can't parse it, tell its user that it failed."""
        try:
            await super()._call(interaction)
        except app_commands.AppCommandError:
            raise
        except Exception as error:  # noqa: BLE001 - discord.py may raise anything
            log.warning("A command can't be read: %s in %s", type(error).__name__, place_in_code(error))
            await _try_to_answer(interaction, FAILED)

    def refusal(self, interaction: Interaction, command: AnyCommand) -> str | None:
        """Return why a person may not use a command here; None if they may."""
        if interaction.guild_id is None and only_in_servers(command):
            return ONLY_IN_SERVERS
        return None if self.permits(interaction, command) else _not_allowed(command)

    def permits(self, interaction: Interaction, command: AnyCommand) -> bool:
        """Return whether the user has the permissions for a command here, or is an operator."""
        if interaction.user.id in self.client.app.settings.admin_ids and not _is_for_members_only(command):
            return True
        for needed in _needed(command):
            held = interaction.permissions
            # A command without permissions is for administrators only. Every set includes the empty one.
            enough = held.administrator or (needed.value != 0 and held.is_superset(needed))
            if interaction.guild_id is None or not enough:
                return False
        return True


class Translations(app_commands.Translator):
    """Provides translated names of commands, options and choices to Discord (C95)."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return a translated name or description; None if it is the same as in English."""
        table = table_of(locale.value)
        if table is None:
            return None
        found = _name_of(context.data, table) if context.location in _NAMES else None
        found = found or table.find(string.message, _CONTEXTS.get(context.location, MENU))
        return found if found != string.message else None


_At = app_commands.TranslationContextLocation
_NAMES = (_At.command_name, _At.group_name)
_CONTEXTS = {
    _At.command_description: ABOUT,
    _At.group_description: ABOUT,
    _At.parameter_name: OPTION,
    _At.parameter_description: ABOUT,
    _At.choice_name: CHOICE,
}


def _name_of(command: Any, table: Table) -> str | None:
    """Return the last word of a command's translated name; None for a context menu."""
    if isinstance(command, app_commands.ContextMenu):
        return None
    return table.command(command.qualified_name).rpartition(" ")[2]


def speak_to(interaction: Interaction) -> None:
    """Use the language of the person who used a command or button for the rest of this task (C95)."""
    speak(interaction.locale.value)


def for_everybody(interaction: Interaction) -> AbstractContextManager[None]:
    """Use the server's language for messages that others read too (C95)."""
    return speaking(interaction.guild_locale.value if interaction.guild_locale else None)


async def answer(interaction: Interaction, text: str) -> None:
    """Answer a command, visible only to its user; nobody is pinged."""
    for piece in split(str(text)):
        if interaction.response.is_done():
            await interaction.followup.send(piece, ephemeral=True, suppress_embeds=True)
        else:
            await interaction.response.send_message(piece, ephemeral=True, suppress_embeds=True)


def asked_in(interaction: Interaction) -> Where:
    """Return the place in which a command was used."""
    channel_id, guild_id = interaction.channel_id or 0, interaction.guild_id
    if guild_id is None:
        return Where(channel_id, Place.DM)
    channel = interaction.channel
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return Where(
        channel_id,
        Place.GUILD,
        guild_id=guild_id,
        parent_id=parent_id,
        age_restricted=is_age_restricted(channel),
        public=is_public(channel),
    )


def is_age_restricted(channel: object) -> bool:
    """Return whether Discord shows a channel to adults only; the only code that reads this flag (C91).

    A thread inherits the flag of its channel. Private chats have none, and unknown channels count as
    unrestricted.
    """
    marked = (discord.abc.GuildChannel, discord.Thread)
    is_nsfw = getattr(channel, "is_nsfw", None) if isinstance(channel, marked) else None
    return bool(is_nsfw and is_nsfw())


def is_public(channel: object) -> bool:
    """Return whether every member of a server may read a channel, without exceptions.

    A thread inherits this from its channel, unless it is private. Unknown channels count as not public.
    """
    if isinstance(channel, discord.Thread):
        return not channel.is_private() and is_public(channel.parent)
    if not isinstance(channel, discord.abc.GuildChannel) or is_age_restricted(channel):
        return False
    held = channel.permissions_for(channel.guild.default_role)
    shut_out = any(
        False in (given.view_channel, given.read_message_history) for given in channel.overwrites.values()
    )
    speaks = isinstance(channel, (discord.VoiceChannel, discord.StageChannel))
    return held.view_channel and held.read_message_history and (held.connect or not speaks) and not shut_out


def only_in_servers(command: AnyCommand) -> bool:
    """Return whether a command, or one of its groups, is for servers only."""
    return any(command_or_group.guild_only for command_or_group in _family(command))


def _family(command: AnyCommand) -> list[AnyCommand]:
    """Return a command and its groups."""
    family = [command]
    while not isinstance(family[-1], app_commands.ContextMenu) and family[-1].parent:
        family.append(family[-1].parent)
    return family


def _is_for_members_only(command: AnyCommand) -> bool:
    return any("members_only" in command_or_group.extras for command_or_group in _family(command))


def _needed(command: AnyCommand) -> list[discord.Permissions]:
    found = [command_or_group.default_permissions for command_or_group in _family(command)]
    return [permissions for permissions in found if permissions is not None]


def named(*permissions: str) -> str:
    """Format permissions for a sentence."""
    return str(_(" and ")).join(f"**{CALLED[permission]}**" for permission in permissions)


def _not_allowed(command: AnyCommand) -> str:
    names = {name for needed in _needed(command) for name, on in needed if on} or {"administrator"}
    sentence = YOU_LACK if _is_for_members_only(command) else NOT_ALLOWED
    return sentence.format(needed=named(*sorted(names)))


def _sentence(cause: Exception) -> str:
    """Return the message for the user of a failed command."""
    if isinstance(cause, MasqueradeError):
        return str(cause)
    if isinstance(cause, DatabaseError):
        return FORGETFUL
    if isinstance(cause, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)):
        return OUTDATED
    if isinstance(cause, app_commands.TransformerError):
        return UNREADABLE
    return FAILED


async def _try_to_answer(interaction: Interaction, sentence: str) -> None:
    try:
        await answer(interaction, sentence)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.warning("A command can't be answered: %s", type(error).__name__)
