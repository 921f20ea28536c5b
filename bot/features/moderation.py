"""What holds for moderation: who may do it to whom, for how long, and what is kept of it (F125, C89).

Only the commands of people lead here. No module that asks a model, or says what one answered, may import
this: tests/bot/features/test_moderation_reach.py looks at the imports.
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
"""Messages that go at once: Discord takes no more in one request."""
LONGEST_MUTE = timedelta(days=28)
LONGEST_SWEEP = timedelta(days=7)
"""How far back Discord deletes what somebody wrote who is banned."""
LONGEST_SLOWMODE = timedelta(hours=6)
BULK_AGE = timedelta(days=14)
"""Discord deletes nothing older at once."""
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


class ModerationRefused(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """An act of moderation is not done; the text says why, and what to do."""


class Act(StrEnum):
    """What a moderator does, as the audit calls it."""

    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    MUTE = "mute"
    UNMUTE = "unmute"
    PURGE = "purge"
    SLOWMODE = "slowmode"


@dataclass(frozen=True, slots=True)
class Rank:
    """Where somebody stands in a server: who owns it is above all, others by their highest role.

    Of two roles with one `position` the older one, whose id is lower, is the higher.
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
    """Raise Refused, with the target's `name`, where the order of the roles forbids an act."""
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
    """Return for how long somebody is to be mute. Raises Refused."""
    return _span(text, LONGEST_MUTE, TOO_LONG_MUTE)


def span_of_sweep(text: str) -> timedelta:
    """Return how far back messages are to be deleted with a ban; "" is not at all. Raises Refused."""
    return _span(text, LONGEST_SWEEP, TOO_LONG_SWEEP, off=True)


def span_of_slowmode(text: str) -> timedelta:
    """Return how long people are to wait between two messages; "off" is not at all. Raises Refused."""
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
    """Return a length of time as "1 day, 6 hours"."""
    left = int(span.total_seconds())
    parts = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(unit.format(count=count))
    return ", ".join(parts) or str(NO_SPAN)


class Moderation:
    """What is kept of acts of moderation, and what has to be forgotten with them."""

    def __init__(self, database: Database, audit: AuditLog, message_log: MessageLog) -> None:
        self._database = database
        self._audit = audit
        self._message_log = message_log

    async def note(self, actor: Actor, act: Act, detail: str, *, guild_id: int) -> None:
        """Write into the audit that something is about to be done: ids and numbers, never a reason."""
        await self._audit.note(actor, act, detail, guild_id=guild_id)

    async def purged(self, channel_id: int, message_ids: Collection[int]) -> None:
        """Forget messages that were deleted. Discord's event says the same, and may be late or get lost."""
        await self._message_log.deleted(channel_id, set(message_ids))

    async def swept(self, guild_id: int, person_id: int, *, since_id: int) -> None:
        """Forget what somebody who was banned said in a server, from a message id on."""
        async with self._database.read() as db:
            found: dict[int, set[int]] = {}
            for channel_id in await db.channels.of_guild(guild_id):
                said = {*await db.messages.of_author(person_id, [channel_id])}
                said |= {*await db.archive.said_by(person_id, channel_id)}
                found[channel_id] = {one for one in said if one >= since_id}
        for channel_id, message_ids in found.items():
            if message_ids:
                await self._message_log.deleted(channel_id, message_ids)
