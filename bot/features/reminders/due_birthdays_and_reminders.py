"""Delivery of due reminders, exactly once: queued in the transaction that advances the reminder (C82)."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.conversation import turns
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.company import PlayedCharacter
from bot.conversation.decision import Reason
from bot.conversation.outbox import PLACES, Saying
from bot.conversation.queue import Rooms
from bot.conversation.speakers import Casting
from bot.conversation.text.split import split
from bot.conversation.turns import Pledge
from bot.conversation.types import Mouth, Part
from bot.core.clock import Runtime
from bot.core.errors import SpeakingError
from bot.features.reminders.reminder_rules import day_of, is_yearly
from bot.features.reminders.reminder_words import ReminderWording, ReminderWords, person_of
from database import Database, UnitOfWork
from database.models import Reminder, Turn
from memory.dates import in_time, zone
from memory.places import Where

log = logging.getLogger(__name__)

SECONDS = 30
"""Seconds between two checks for due reminders."""
MOST_AT_ONCE = 200
SIDE_BY_SIDE = 4
LOOKED_BACK = timedelta(minutes=5)
"""Allowance for clock differences when searching for an already posted message."""
_EPOCH_OF_IDS = datetime(2015, 1, 1, tzinfo=UTC)
_NONCE = re.compile(r"([my])([0-9a-f]+)\.([0-9a-f]+)\.\d+")


@dataclass(frozen=True, slots=True)
class Venue:
    """Where to deliver a reminder: the place, its outlet, and the person's roles."""

    where: Where
    mouth: Mouth
    roles: tuple[int, ...] = ()


VenueOf = Callable[[Reminder], Awaitable[Venue | None]]
"""Return where to deliver a reminder; None if the place or the person is gone.

Raises a SpeakingError if this can't be determined now.
"""


class Reminding:
    """Delivers due reminders, only in the place where they were created."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        casting: Casting,
        rooms: Rooms,
        saying: Saying,
        wording: ReminderWording,
        *,
        longest_message: int,
    ) -> None:
        self._database = database
        self._clock, self._reached = runtime.clock, runtime.reached
        self._casting = casting
        self._rooms = rooms
        self._saying = saying
        self._wording = wording
        self._longest_message = longest_message
        self._at_it = asyncio.Lock()

    async def fire(self, venue_of: VenueOf) -> int:
        """Deliver all due reminders; return how many were delivered.

        What can't be delivered now stays due. A failing reminder does not block the others.
        """
        if self._rooms.closing or self._at_it.locked():
            return 0
        now = self._clock.now()
        async with self._at_it:
            async with self._database.read() as db:
                due = [
                    reminder
                    for slug in self._casting.company.by_slug
                    for reminder in await db.reminders.due(slug, PLACES, at=now, limit=MOST_AT_ONCE)
                ]
            few = asyncio.Semaphore(SIDE_BY_SIDE)

            async def remind(reminder: Reminder) -> bool:
                async with few:
                    return await self._remind(reminder, venue_of)

            ended = await asyncio.gather(*map(remind, due), return_exceptions=True)
        for reminder, outcome in zip(due, ended, strict=True):
            if isinstance(outcome, Exception):
                log.error("Reminder %d failed and stays due", reminder.id, exc_info=outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
        return sum(outcome is True for outcome in ended)

    async def renew(self) -> None:
        """Re-queue deliveries from before a restart or failure that are still in time."""
        now = self._clock.now()
        async with self._database.read() as db:
            unsaid = await db.reminders.unsaid([Reason.REMINDER.name])
            still = [delivery.turn_id for delivery in unsaid if await _still_in_time(db, delivery.nonce, now)]
        if still:
            async with self._database.begin() as db:
                await db.reminders.pledge_anew(still, at=now)

    # A single reminder.

    async def _remind(self, due: Reminder, venue_of: VenueOf) -> bool:
        """Deliver, skip or postpone a reminder; return whether it was delivered."""
        role = self._casting.company.by_slug.get(due.character)
        if role is None:  # the character was just removed
            return False
        if not in_time(due.due_at, now=self._clock.now(), zone=zone(due.zone), yearly=is_yearly(due)):
            return await self._let_go(due, "it comes too late")
        try:
            venue = await venue_of(due)
        except SpeakingError as error:
            log.warning("Reminder %d is not said yet: %s", due.id, error)
            return False
        if venue is None:
            return await self._let_go(due, "its place or its person is gone")
        async with self._database.read() as db:
            allowed, pausing = await _may_say(db, due, venue), await self._is_pausing(db, role, due, venue)
            person = await person_of(db, due)
        if not allowed:
            return await self._let_go(due, "the house rules are against it")
        if pausing:
            return False
        words = await self._wording.of(role, due, person, emotes=venue.mouth.emotes)
        self._reached("reminder composed")
        return await self._say(role, due, venue, words)

    async def _say(self, role: PlayedCharacter, due: Reminder, venue: Venue, words: ReminderWords) -> bool:
        """Post a reminder once the channel is idle, unless it was changed or deleted meanwhile."""
        if self._rooms.closing:
            return False  # still due after the restart
        async with self._rooms.enter(due.channel_id) as room, room.lock:
            async with self._database.begin() as db:
                pledge = await self._pledge(db, role, due, venue, words.text)
                turn_id = pledge.turn_id if pledge else None
                await turns.note_calls(db, words.calls, role.slug, turn_id=turn_id)
            if pledge is None:
                return False
            self._reached("pledged")
            log.info("Saying reminder %d in channel %s", due.id, due.channel_id)
            mouth = venue.mouth.speaking_as(role.speaker)
            await self._saying.say(pledge, mouth, spent=float("inf"))
            return True

    async def _pledge(
        self, db: UnitOfWork, role: PlayedCharacter, due: Reminder, venue: Venue, text: str
    ) -> Pledge | None:
        """Queue the message and advance its reminder, atomically."""
        now = self._clock.now()
        if not await _may_say(db, due, venue) or not await self._casting.admits(db, role, venue.where):
            return None  # the next check skips or postpones it
        if not await db.reminders.move_on(due, to=_next(due, now)):
            return None
        seat = await db.channels.seat(due.channel_id, due.character)
        turn = Turn(
            channel_id=due.channel_id,
            trigger_id=_id_at(now - LOOKED_BACK, due.id),
            addressee_id=due.person_id,
            character=due.character,
            reason=Reason.REMINDER.name,
            # Placed behind everything said, and never before the start of the character's transcript.
            heard_through=max(await db.reminders.last_position(), seat.floor // 2 if seat else 0),
            pledged_at=now,
            cast_id=await self._casting.cast_id(db, venue.where, speaker=role.slug),
        )
        parts = _parts(due, split(text, self._longest_message))
        turn_id = await db.turns.pledge(turn, [(part.number, part.text, part.nonce) for part in parts])
        return Pledge(turn_id, turn.channel_id, turn.trigger_id, turn.addressee_id, parts, now)

    async def _let_go(self, due: Reminder, why: str) -> bool:
        """Skip a reminder: a yearly one is due again next year, any other is finished."""
        async with self._database.begin() as db:
            await db.reminders.move_on(due, to=_next(due, self._clock.now()))
        log.info("Not saying reminder %d in channel %s: %s", due.id, due.channel_id, why)
        return False

    async def _is_pausing(self, db: UnitOfWork, role: PlayedCharacter, due: Reminder, venue: Venue) -> bool:
        """Return whether delivery must wait: the channel rejected messages or excludes the character."""
        if not await self._casting.admits(db, role, venue.where):
            return True
        channel = await db.channels.get(due.channel_id)
        until = channel.unsendable_until if channel else None
        return until is not None and until > self._clock.now()


async def _may_say(db: UnitOfWork, due: Reminder, venue: Venue) -> bool:
    """Return whether the place is active and the person not denied."""
    house = HouseRules(await db.channels.rules(due.guild_id))
    denied = house.ignores(due.person_id) or bool(house.denied_roles & set(venue.roles))
    return house.active(venue.where) and not denied


async def _still_in_time(db: UnitOfWork, nonce: str, now: datetime) -> bool:
    found = _NONCE.fullmatch(nonce)
    if found is None:
        return False
    due = datetime.fromtimestamp(int(found[3], 16), UTC)
    if found[1] == "m":
        return in_time(due, now=now, zone=zone(None), yearly=False)
    row = await db.reminders.get(int(found[2], 16))  # yearly, so the reminder still exists
    return row is not None and in_time(due, now=now, zone=zone(row.zone), yearly=True)


def _next(due: Reminder, now: datetime) -> datetime | None:
    day = day_of(due)
    return day.after(due.due_at, now=now, zone=zone(due.zone)) if day else None


def _parts(due: Reminder, texts: Sequence[str]) -> tuple[Part, ...]:
    """Return the messages. Their nonce (at most 25 characters) encodes the reminder and its due time."""
    mark = f"{'y' if is_yearly(due) else 'm'}{due.id:x}.{int(due.due_at.timestamp()):x}"
    return tuple(Part(number, text, f"{mark}.{number}") for number, text in enumerate(texts, 1))


def _id_at(moment: datetime, number: int) -> int:
    """Return a synthetic Discord id for a moment, which no real message has."""
    milliseconds = int((moment - _EPOCH_OF_IDS) / timedelta(milliseconds=1))
    return (milliseconds << 22) | (number & 0x3FFFFF)
