"""Permission checks, confirmations and the meaning of Discord's errors for moderation (C89)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import discord
from discord import app_commands

from bot.core.i18n import _, n_
from bot.discord.commands import Interaction, answer, named
from bot.features.moderation import Act, ModerationRefused, Rank, check_ranks, in_words
from cogs._discord.admin import actor_of
from cogs._discord.panels import Button, Panel
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.text import in_a_line, inline

Person = discord.User | discord.Member

ACT_SECONDS = 30.0
"""Deadline in seconds for Discord to perform an act."""
CONFIRM_SECONDS = 60
"""Seconds for which the confirmation of a ban or a purge works."""
LONGEST_AUDITED = 512
"""Most characters of a reason in Discord's audit log."""
LONGEST_REASON = 350
NAME_ROOM = 80
LONGEST_SPAN = 60
Reason = app_commands.Range[str, 1, LONGEST_REASON]
Span = app_commands.Range[str, 1, LONGEST_SPAN]

NEEDED: Mapping[Act, tuple[str, ...]] = {
    Act.KICK: ("kick_members",),
    Act.BAN: ("ban_members",),
    Act.UNBAN: ("ban_members",),
    Act.MUTE: ("moderate_members",),
    Act.UNMUTE: ("moderate_members",),
    Act.PURGE: ("manage_messages", "read_message_history"),
    Act.SLOWMODE: ("manage_channels",),
}
"""The permissions that the bot itself needs. The command tree checks those of the person."""
I_LACK = _(
    "I may not do that here: my role lacks {needed}. Give it that in the server's settings under Roles, and "
    "try again."
)
I_LACK_IN = _(
    "I may not do that in {channel}: my role lacks {needed} there. Give it that in the channel's settings, "
    "and try again."
)
NOT_HERE = _("I am not a member of this server, so I can do nothing in it. Invite me first.")
NOT_A_MEMBER = _("{name} is not a member of this server, so there is nobody to do that to.")
ADMINISTRATOR = _(
    "{name} is an administrator of this server, and Discord mutes no administrators. "
    "Take that role away first."
)

FORBIDDEN = _(
    "Discord does not let me do that. Look whether my role stands above theirs and has {needed}, and try "
    "again."
)
GONE = _("That is not there any more: somebody else was faster, or it went. Look again.")
BUSY = _("Discord asks me to wait. Try again in a minute.")
UNCERTAIN = _(
    "Discord did not answer in time, so I don't know whether it happened. Look before you try again."
)
BROKEN = _("Discord could not do that just now. Try again in a minute.")

ASKED_BY = "{reason} (asked by {name}, {id})"
NO_REASON = "No reason given"
"""Reasons for Discord's audit log, which is in English."""
NONE_GIVEN = _("No reason given")
PERMISSIONS_FOR_IT = _("the permissions for it")

BAN = _(
    "Shall I ban {name}?\nThey have to leave, and can't come back before /unban. {swept}\nThe reason in "
    "the server's audit log:\n> {reason}"
)
SWEPT = _("What they wrote in the last {span} is deleted.")
NOT_SWEPT = _("What they wrote stays.")
PURGE = n_(
    "**Shall I delete {count} message here?**\nWritten by {who}, the oldest {oldest}. It can't be undone."
    "{stays}\nThe reason in the server's audit log:\n> {reason}",
    "**Shall I delete {count} messages here?**\nWritten by {who}, the oldest {oldest}. It can't be undone."
    "{stays}\nThe reason in the server's audit log:\n> {reason}",
)
BAN_BUTTON = _("Ban", "a button")
DELETE_BUTTON = n_("Delete {count} message", "Delete {count} messages")
CANCEL = _("Cancel")
STAYS = _("\nOlder messages stay: Discord deletes none at once that are older than 14 days.")


@asynccontextmanager
async def refusing(interaction: Interaction) -> AsyncIterator[None]:
    """Answer the asker with the reason of a refusal, which is not an error."""
    try:
        yield
    except ModerationRefused as error:
        await answer(interaction, str(error))


@asynccontextmanager
async def asking_discord(act: Act | None = None) -> AsyncIterator[None]:
    """Apply the deadline to requests to Discord; raise Refused with one sentence for any failure."""
    try:
        async with asyncio.timeout(ACT_SECONDS):
            yield
    except DISCORD_FAULTS as error:
        raise ModerationRefused(meaning(error, named(*NEEDED[act]) if act else PERMISSIONS_FOR_IT)) from error


def meaning(error: Exception, needed: str) -> str:
    """Return the meaning of a Discord error in a sentence for the asker."""
    if isinstance(error, discord.Forbidden):
        return FORBIDDEN.format(needed=needed)
    if isinstance(error, discord.NotFound):
        return GONE
    if isinstance(error, discord.RateLimited) or getattr(error, "status", 0) == 429:
        return BUSY
    return UNCERTAIN if isinstance(error, TimeoutError) else BROKEN


def check_own(interaction: Interaction, *needed: str) -> None:
    """Raise Refused if the bot lacks a permission in this place; each command brings the permissions."""
    lacking = lacks(interaction.app_permissions, *needed)
    if lacking:
        raise ModerationRefused(I_LACK.format(needed=named(*lacking)))


def lacks(held: discord.Permissions, *needed: str) -> tuple[str, ...]:
    """Return the needed permissions that `held` lacks."""
    return (
        ()
        if held.administrator
        else tuple(permission for permission in needed if not getattr(held, permission))
    )


def check(interaction: Interaction, act: Act, person: Person) -> None:
    """Raise Refused if the bot or the asker must not do this act to the person."""
    guild = guild_of(interaction)
    check_own(interaction, *NEEDED[act])
    name = shown(person)
    if act in (Act.KICK, Act.MUTE, Act.UNMUTE) and not isinstance(person, discord.Member):
        raise ModerationRefused(NOT_A_MEMBER.format(name=name))
    check_ranks(_rank(interaction.user, guild), _rank(guild.me, guild), _rank(person, guild), name=name)
    if act is Act.MUTE and isinstance(person, discord.Member) and person.guild_permissions.administrator:
        raise ModerationRefused(ADMINISTRATOR.format(name=name))


def guild_of(interaction: Interaction) -> discord.Guild:
    """Return the server of a command; raise Refused if the bot is not a member of it."""
    guild = interaction.guild
    if guild is None or guild.me is None:
        raise ModerationRefused(NOT_HERE)
    return guild


async def note(interaction: Interaction, act: Act, detail: str) -> None:
    """Write an audit entry before the act; `detail` holds only ids and numbers."""
    moderation = interaction.client.app.moderation
    await moderation.note(actor_of(interaction), act, detail, guild_id=guild_of(interaction).id)


def reason_of(interaction: Interaction, reason: str) -> str:
    """Return the reason for Discord's audit log, including the asker; at most 512 characters."""
    user = interaction.user
    tail = ASKED_BY.format(reason="", name=in_a_line(user.name, NAME_ROOM), id=user.id)
    return in_a_line(reason or NO_REASON, LONGEST_AUDITED - len(tail)) + tail


def shown(person: Person) -> str:
    """Return a person's name, escaped for use in a sentence of the bot."""
    return f"**{inline(person.display_name, NAME_ROOM)}**"


def ban_panel(person: Person, reason: str, sweep: timedelta) -> Panel:
    """Return the confirmation of a ban."""
    swept = SWEPT.format(span=in_words(sweep)) if sweep else NOT_SWEPT
    text = BAN.format(name=shown(person), swept=swept, reason=_quoted(reason))
    arguments = (person.id, int(sweep.total_seconds()))
    return Panel(text, _buttons(BAN_BUTTON, "ban", arguments), CONFIRM_SECONDS)


def reason_in(text: str) -> str:
    """Return the reason, parsed from the text of a ban's confirmation."""
    written = text.rpartition("\n> ")[2]
    return "" if written in {str(NONE_GIVEN), NO_REASON} else written


def purge_panel(
    *, count: int, who: str, oldest: str, stays: bool, reason: str, arguments: tuple[str | int, ...]
) -> Panel:
    """Return the confirmation of a purge."""
    older = STAYS if stays else ""
    text = PURGE.format(count=count, who=who, oldest=oldest, stays=older, reason=_quoted(reason))
    return Panel(text, _buttons(DELETE_BUTTON.format(count=count), "purge", arguments), CONFIRM_SECONDS)


def _quoted(reason: str) -> str:
    return in_a_line(reason or NONE_GIVEN, LONGEST_REASON)


def _buttons(label: str, act: str, arguments: tuple[str | int, ...]) -> tuple[Button, ...]:
    yes = Button(label, act, arguments, style=discord.ButtonStyle.danger)
    return (yes, Button(CANCEL, f"keep_{act}"))


def _rank(person: Person, guild: discord.Guild) -> Rank:
    owns = person.id == guild.owner_id
    if not isinstance(person, discord.Member):
        return Rank(person.id, -1, owns=owns)
    return Rank(person.id, person.top_role.position, person.top_role.id, owns=owns)
