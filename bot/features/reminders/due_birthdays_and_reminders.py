"""Saying what is due, exactly once: pledged in the transaction that moves it on, said like a reply (C82)."""

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
"""How often it is looked whether anything is due."""
MOST_AT_ONCE = 200
SIDE_BY_SIDE = 4
LOOKED_BACK = timedelta(minutes=5)
"""So much before the pledge a message that it became is looked for: clocks may differ by that."""
_EPOCH_OF_IDS = datetime(2015, 1, 1, tzinfo=UTC)
_NONCE = re.compile(r"([my])([0-9a-f]+)\.([0-9a-f]+)\.\d+")


@dataclass(frozen=True, slots=True)
class Venue:
    """Where something is said, as it is now: the place, what speaks there, and the roles of the person."""

    where: Where
    mouth: Mouth
    roles: tuple[int, ...] = ()


VenueOf = Callable[[Reminder], Awaitable[Venue | None]]
"""Returns where to say something; None where the place, or the person, is not there any more.

Raises a SpeakingError when nobody can tell now.
"""


class Reminding:
    """Says what is due, in the place where it was told and nowhere else."""

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
        """Say everything that is due by now; return how much that was.

        What can't be said for now stays due. One that fails keeps none of the others from being said.
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

            async def one(reminder: Reminder) -> bool:
                async with few:
                    return await self._remind(reminder, venue_of)

            ended = await asyncio.gather(*map(one, due), return_exceptions=True)
        for reminder, outcome in zip(due, ended, strict=True):
            if isinstance(outcome, Exception):
                log.error("Reminder %d failed and stays due", reminder.id, exc_info=outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
        return sum(outcome is True for outcome in ended)

    async def renew(self) -> None:
        """Let what was pledged before a stop or a fault still be said, for as long as it is in time."""
        now = self._clock.now()
        async with self._database.read() as db:
            unsaid = await db.reminders.unsaid([Reason.REMINDER.name])
            still = [one.turn_id for one in unsaid if await _still_in_time(db, one.nonce, now)]
        if still:
            async with self._database.begin() as db:
                await db.reminders.pledge_anew(still, at=now)

    # One of them.

    async def _remind(self, due: Reminder, venue_of: VenueOf) -> bool:
        """Say it, let it go, or leave it due; say whether it was said."""
        role = self._casting.company.by_slug.get(due.character)
        if role is None:  # it was let go just now
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
        """Say it when nothing else is being said there; what was changed or deleted meanwhile is not said."""
        if self._rooms.closing:
            return False  # it is still due after the restart
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
        """Write the message down and move its reminder on: both, or neither."""
        now = self._clock.now()
        if not await _may_say(db, due, venue) or not await self._casting.admits(db, role, venue.where):
            return None  # the next look lets it go, or wait
        if not await db.reminders.move_on(due, to=_next(due, now)):
            return None
        seat = await db.channels.seat(due.channel_id, due.character)
        turn = Turn(
            channel_id=due.channel_id,
            trigger_id=_id_at(now - LOOKED_BACK, due.id),
            addressee_id=due.person_id,
            character=due.character,
            reason=Reason.REMINDER.name,
            # It stands behind all that was said, and not before the place where transcripts begin.
            heard_through=max(await db.reminders.last_position(), seat.floor // 2 if seat else 0),
            pledged_at=now,
            cast_id=await self._casting.cast_id(db, venue.where, speaker=role.slug),
        )
        parts = _parts(due, split(text, self._longest_message))
        turn_id = await db.turns.pledge(turn, [(one.number, one.text, one.nonce) for one in parts])
        return Pledge(turn_id, turn.channel_id, turn.trigger_id, turn.addressee_id, parts, now)

    async def _let_go(self, due: Reminder, why: str) -> bool:
        """Don't say it: what comes every year is due next year, anything else is over."""
        async with self._database.begin() as db:
            await db.reminders.move_on(due, to=_next(due, self._clock.now()))
        log.info("Not saying reminder %d in channel %s: %s", due.id, due.channel_id, why)
        return False

    async def _is_pausing(self, db: UnitOfWork, role: PlayedCharacter, due: Reminder, venue: Venue) -> bool:
        """Say whether the place is left alone: it refused something, or is none for adults now."""
        if not await self._casting.admits(db, role, venue.where):
            return True
        channel = await db.channels.get(due.channel_id)
        until = channel.unsendable_until if channel else None
        return until is not None and until > self._clock.now()


async def _may_say(db: UnitOfWork, due: Reminder, venue: Venue) -> bool:
    """Say whether the place is switched on, and the person listened to."""
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
    row = await db.reminders.get(int(found[2], 16))  # it comes every year, so it is still there
    return row is not None and in_time(due, now=now, zone=zone(row.zone), yearly=True)


def _next(due: Reminder, now: datetime) -> datetime | None:
    day = day_of(due)
    return day.after(due.due_at, now=now, zone=zone(due.zone)) if day else None


def _parts(due: Reminder, texts: Sequence[str]) -> tuple[Part, ...]:
    """Return the messages. The nonce tells what they say, and when that was due: at most 25 characters."""
    mark = f"{'y' if is_yearly(due) else 'm'}{due.id:x}.{int(due.due_at.timestamp()):x}"
    return tuple(Part(number, text, f"{mark}.{number}") for number, text in enumerate(texts, 1))


def _id_at(moment: datetime, number: int) -> int:
    """Return an id such as Discord would give at a moment; no message has it."""
    milliseconds = int((moment - _EPOCH_OF_IDS) / timedelta(milliseconds=1))
    return (milliseconds << 22) | (number & 0x3FFFFF)
