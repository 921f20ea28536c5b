"""Check-ins: a character writes privately to a person who has been away for a while (F115)."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from bot.conversation import turns
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Manner
from bot.conversation.context.reader import ContextReader
from bot.conversation.decision import DecisionStep, Note, Reason, RuleRemark, Trace, trace_json
from bot.conversation.proactive import Impulse, Unasked
from bot.conversation.queue import Rooms
from bot.conversation.speakers import Casting
from bot.conversation.text.names import speaker_label
from bot.conversation.types import Mouth, Utterance
from bot.core.clock import Runtime
from bot.features.proactive.half_hours import HalfHours
from bot.features.proactive.initiative import MouthOf
from bot.prompts import fill
from database import Database, DatabaseError, UnitOfWork
from database.models import Channel
from database.repositories.remarks import Absent
from memory.dates import zone
from memory.places import where_of
from personas.initiative import RemarkKind, Silence, said_on

log = logging.getLogger(__name__)

AWAY, NEAR = timedelta(days=2), timedelta(days=14)
"""Bounds of an absence: people away for less, or for more, get no check-in."""
_STATE = "half hours in which it was rolled who checks in"
_NAME = "check-ins"


class CheckIns:
    """Writes to people who consented to be remembered, and only once until they reply."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        rooms: Rooms,
        casting: Casting,
        reader: ContextReader,
        unasked: Unasked,
        manner: Manner,
    ) -> None:
        self._database = database
        self._clock, self._rng = runtime.clock, runtime.rng
        self._rooms = rooms
        self._casting = casting
        self._reader = reader
        self._unasked = unasked
        self._manner = manner
        self._bounds = manner.initiative
        self._half_hours = HalfHours(_STATE)
        self._at_it = asyncio.Lock()

    async def tick(self, mouth_of: MouthOf) -> int:
        """Roll who gets a check-in in this half hour; return how many were sent."""
        if not self._manner.checkins or self._rooms.closing or self._at_it.locked():
            return 0
        said = 0
        async with self._at_it:
            for absent in await self._rolled():
                try:
                    said += await self._write_to(absent, mouth_of)
                except DatabaseError as error:
                    log.error("Nobody can check in in channel %s: %s", absent.channel_id, error)  # noqa: TRY400
        return said

    async def _rolled(self) -> list[Absent]:
        """Return the people whom the dice chose; the half hour is used up for all others."""
        now, rng = self._clock.now(), self._rng
        async with self._database.read() as db:
            if not await self._half_hours.due(db, [_NAME], now):
                return []
        async with self._database.begin() as db:
            if not await self._half_hours.take(db, _NAME, now):
                return []
            absent = await self._absent(db) if await self._silence(db) is None else []
        chosen = [person for person in absent if rng.random() < self._bounds.chance]
        rng.shuffle(chosen)
        return chosen

    async def _absent(self, db: UnitOfWork) -> list[Absent]:
        now = self._clock.now()
        consent = self._manner.consent
        return await db.remarks.absent(consent, since=now - NEAR, until=now - AWAY)

    async def _silence(self, db: UnitOfWork) -> Silence | None:
        """Return why no check-in is allowed now: quiet hours, or the daily cap."""
        now = self._clock.now().astimezone(self._manner.zone)
        if self._bounds.quiet.hold(now):
            return Silence.QUIET
        said = await db.remarks.times((RemarkKind.CHECK_IN,), since=now - AWAY)
        return Silence.CAP if said_on(now, said) >= self._bounds.cap else None

    async def _write_to(self, absent: Absent, mouth_of: MouthOf) -> bool:
        mouth = mouth_of(absent.channel_id)
        if mouth is None or self._rooms.closing or self._rooms.busy(absent.channel_id):
            return False
        impulse = await self._impulse(absent, mouth)
        if impulse is None:
            return False
        reply = await self._unasked.think(impulse, mouth, typing=False)
        async with self._rooms.enter(absent.channel_id) as room, room.lock:
            async with self._database.begin() as db:
                role = await self._role(db, absent)
                if reply.fallback or role is not impulse.role or self._rooms.closing:
                    await turns.note_calls(db, reply.calls, impulse.role.slug)
                    return False
                cast_id = await self._casting.cast_id(db, impulse.where, speaker=role.slug)
                pledge = await self._unasked.pledge(
                    db, impulse, reply, cast_id=cast_id, why=_trace(absent, self._clock.now())
                )
            log.info("%s checks in in channel %s", role.slug, absent.channel_id)
            await self._unasked.say(pledge, role, mouth)
        return True

    async def _impulse(self, absent: Absent, mouth: Mouth) -> Impulse | None:
        """Return an impulse based on what the character knows about the person, and about nobody else."""
        person_id = absent.person_id
        async with self._database.read() as db:
            role, channel = await self._role(db, absent), await db.channels.get(absent.channel_id)
            if role is None or channel is None:
                return None
            heard = await self._occasion(db, absent, channel)
        remembered = await self._reader.read(role, [heard], emotes=mouth.emotes, answers=False)
        note = fill("checkin", name=role.name, label=speaker_label(heard.author_name, person_id))
        # After another message by the person, it is a new check-in.
        mark = f"k{channel.id:x}.{int(absent.last_at.timestamp()) // 3600:x}"
        return Impulse(
            role,
            RemarkKind.CHECK_IN,
            Reason.CHECK_IN,
            heard,
            remembered,
            note,
            mark,
            channel.watermark,
            person_id,
        )

    async def _occasion(self, db: UnitOfWork, absent: Absent, channel: Channel) -> Utterance:
        """Return an empty utterance by the person, for the reply pipeline."""
        known = await db.users.known_as([absent.person_id], guild_id=None)
        return Utterance(
            message_id=channel.watermark,
            author_id=absent.person_id,
            author_name=known[0].names[0] if known else "",
            text="",
            sent_at=self._clock.now(),
            where=where_of(channel),
        )

    async def _role(self, db: UnitOfWork, absent: Absent) -> PlayedCharacter | None:
        """Return the character that writes: in private and known to the person; None if none may."""
        channel = await db.channels.get(absent.channel_id)
        if channel is None or absent not in await self._absent(db) or await self._silence(db):
            return None
        if await self._is_closed(db, absent, channel):
            return None
        role = next(iter(await self._casting.present(db, where_of(channel))), None)
        return role if role and await db.channels.seat(channel.id, role.slug) else None

    async def _is_closed(self, db: UnitOfWork, absent: Absent, channel: Channel) -> bool:
        """Return whether to leave a person alone: house rules, their night, an unanswered check-in."""
        house, now = HouseRules(await db.channels.rules(None)), self._clock.now()
        until = channel.unsendable_until
        if not house.active(where_of(channel)) or house.ignores(absent.person_id):
            return True
        if (until is not None and until > now) or await self._is_asleep(db, absent.person_id, now):
            return True
        return bool(
            await db.remarks.times((RemarkKind.CHECK_IN,), since=absent.last_at, channel_id=absent.channel_id)
        )

    async def _is_asleep(self, db: UnitOfWork, person_id: int, now: datetime) -> bool:
        user = await db.users.get(person_id)
        if user is None or user.zone is None:
            return False
        return self._bounds.quiet.hold(now.astimezone(zone(user.zone)))


def _trace(absent: Absent, now: datetime) -> dict[str, Any]:
    days = (now - absent.last_at) / timedelta(days=1)
    return trace_json(
        Trace(steps=(DecisionStep("checks_in", RuleRemark(Note.AWAY, {"days": round(days, 1)})),))
    )
