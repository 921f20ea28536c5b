"""Moderation: rank checks, limits on durations, the audit trail (F125, C89).

Only people's commands may reach this module. No module that asks a model, or handles a model's answer, may
import it: tests/bot/features/test_moderation_reach.py checks the imports.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.audit import Actor, AuditLog
from bot.conversation.message_log import MessageLog
from bot.core.errors import MasqueradeError
from bot.core.i18n import _, n_
from database import Database
from memory.when import read_span

MOST_PURGED = 100
"""Limit of messages in one bulk deletion, set by Discord."""
LONGEST_MUTE = timedelta(days=28)
LONGEST_SWEEP = timedelta(days=7)
"""How far back Discord can delete the messages of a banned user."""
LONGEST_SLOWMODE = timedelta(hours=6)
BULK_AGE = timedelta(days=14)
"""Age limit of messages that Discord deletes in bulk."""
OFF = frozenset({"", "0", "off", "no", "none"})
_UNITS = (
    (n_("{count} day", "{count} days"), 86400),
    (n_("{count} hour", "{count} hours"), 3600),
    (n_("{count} minute", "{count} minutes"), 60),
    (n_("{count} second", "{count} seconds"), 1),
)

UNCLEAR = _("I can't read that as a length of time. Write it like `10m`, `2 h` or `1 day and 6 hours`.")
NO_TIME = _("That is too short. Write at least `1s`.")
TOO_LONG_MUTE = _("Discord mutes nobody for longer than 28 days. Choose a shorter time, or use /ban.")
TOO_LONG_SWEEP = _(
    "With a ban, Discord deletes the messages of the last 7 days at most. Choose a shorter time."
)
TOO_LONG_SLOWMODE = _("Discord lets people wait 6 hours at most. Choose a shorter time.")
NO_SPAN = _("no time")

YOURSELF = _("That would be yourself. Choose somebody else.")
MYSELF = _("I don't do that to myself. Choose somebody else, or remove me in the server's settings.")
OWNER = _("{name} owns this server: nobody can do that to them.")
ABOVE_YOU = _(
    "{name}'s highest role is not below yours, so you may not do that. Ask somebody with a higher role."
)
ABOVE_ME = _(
    "{name}'s highest role is not below mine, so Discord would not let me. Move my role above theirs in the "
    "server's settings under Roles, and try again."
)


class ModerationRefused(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """A refused moderation action; the text gives the reason and what to do."""


class Act(StrEnum):
    """A moderation action, by its name in the audit log."""

    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    MUTE = "mute"
    UNMUTE = "unmute"
    PURGE = "purge"
    SLOWMODE = "slowmode"


@dataclass(frozen=True, slots=True)
class Rank:
    """A member's place in a server's hierarchy: the owner stands above all, others rank by highest role.

    If two roles have the same `position`, the older role (with the lower id) ranks higher.
    """

    user_id: int
    position: int = 0
    role_id: int = 0
    owns: bool = False

    def is_above(self, other: "Rank") -> bool:
        if self.owns or other.owns:
            return self.owns
        return (self.position, -self.role_id) > (other.position, -other.role_id)


def check_ranks(invoker: Rank, me: Rank, target: Rank, *, name: str) -> None:
    """Raise ModerationRefused, naming the target by `name`, if the role order forbids the action."""
    if target.user_id == invoker.user_id:
        raise ModerationRefused(YOURSELF)
    if target.user_id == me.user_id:
        raise ModerationRefused(MYSELF)
    if target.owns:
        raise ModerationRefused(OWNER.format(name=name))
    if not invoker.is_above(target):
        raise ModerationRefused(ABOVE_YOU.format(name=name))
    if not me.is_above(target):
        raise ModerationRefused(ABOVE_ME.format(name=name))


def span_of_mute(text: str) -> timedelta:
    """Parse the duration of a mute. Raises ModerationRefused."""
    return _span(text, LONGEST_MUTE, TOO_LONG_MUTE)


def span_of_sweep(text: str) -> timedelta:
    """Parse how far back a ban deletes messages; "" means not at all. Raises ModerationRefused."""
    return _span(text, LONGEST_SWEEP, TOO_LONG_SWEEP, off=True)


def span_of_slowmode(text: str) -> timedelta:
    """Parse the minimum wait between two messages; "off" means none. Raises ModerationRefused."""
    return _span(text, LONGEST_SLOWMODE, TOO_LONG_SLOWMODE, off=True)


def _span(text: str, longest: timedelta, too_long: str, *, off: bool = False) -> timedelta:
    if off and text.strip().casefold() in OFF:
        return timedelta(0)
    try:
        span = read_span(text)
    except OverflowError:
        raise ModerationRefused(too_long) from None
    if span is None:
        raise ModerationRefused(UNCLEAR)
    if span < timedelta(seconds=1):
        raise ModerationRefused(NO_TIME)
    if span > longest:
        raise ModerationRefused(too_long)
    return timedelta(seconds=int(span.total_seconds()))


def in_words(span: timedelta) -> str:
    """Format a duration as "1 day, 6 hours"."""
    left = int(span.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(unit.format(count=count))
    return ", ".join(parts) or str(NO_SPAN)


class Moderation:
    """Records moderation actions, and forgets messages that they delete."""

    def __init__(self, database: Database, audit: AuditLog, message_log: MessageLog) -> None:
        self._database = database
        self._audit = audit
        self._message_log = message_log

    async def note(self, actor: Actor, act: Act, detail: str, *, guild_id: int) -> None:
        """Record an action in the audit log before it is carried out: ids and numbers, never a reason."""
        await self._audit.note(actor, act, detail, guild_id=guild_id)

    async def purged(self, channel_id: int, message_ids: Collection[int]) -> None:
        """Forget deleted messages. Discord's event reports them too, but may arrive late or get lost."""
        await self._message_log.deleted(channel_id, set(message_ids))

    async def swept(self, guild_id: int, person_id: int, *, since_id: int) -> None:
        """Forget the messages of a banned user in a server, from the message `since_id` on."""
        async with self._database.read() as db:
            found: dict[int, set[int]] = {}
            for channel_id in await db.channels.of_guild(guild_id):
                said = {*await db.messages.of_author(person_id, [channel_id])}
                said |= {*await db.archive.said_by(person_id, channel_id)}
                found[channel_id] = {message_id for message_id in said if message_id >= since_id}
        for channel_id, message_ids in found.items():
            if message_ids:
                await self._message_log.deleted(channel_id, message_ids)
