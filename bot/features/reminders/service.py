"""Reminders, birthdays and yearly dates of people: create, list, change, delete (C82)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.conversation.company import Company
from bot.conversation.text.names import addresses, clean_text
from bot.conversation.types import Utterance
from bot.core.clock import Clock
from bot.core.i18n import _
from bot.features.reminders.reminder_rules import (
    FULL,
    NEAR_ZONES,
    NO_SUCH_DAY,
    NO_SUCH_ZONE,
    NOBODY_HERE,
    UNKNOWN,
    ReminderRefused,
    ahead,
    checked,
    day_of,
)
from database import Database, UnitOfWork
from database.models import Reminder
from database.repositories.reminders import MOST
from memory.dates import YearDay, near_zones, shown, zone, zone_named
from memory.erasing import Eraser
from memory.places import Place, Where
from memory.requests import MAY_ASK_TO_BE_REMINDED, ReminderRequest, birthday_in, reminder_in, stands_in
from memory.when import read_when
from personas.character import names_of

NOTED = "(Noted for {when}: a reminder{zone}. Confirm in your own words that you will say it then.)"
NOTED_BIRTHDAY = (
    "(Noted: their birthday is {day}; you congratulate them then, at 09:00 {key}{zone}. You may say so.)"
)
ZONE_UNKNOWN = ", their time zone being unknown and taken as UTC: tell them that /timezone set changes it"
NOT_NOTED = (
    "(They want to be reminded of something, and nothing was noted: {why} Say so, and promise nothing.)"
)
WHEN_UNKNOWN = "no time was understood; ask them to say it again with the time, or to use /remind me."
WHAT_UNKNOWN = "they left out of what; ask them to say it again in one sentence with the time."
TAKEN_BACK = "the words were deleted or changed meanwhile."

MayLearn = Callable[[int], Awaitable[bool]]
"""Return whether a person, given by id, consented to notes about them."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A person's time zone; `known` is False if they set none and UTC was assumed."""

    zone: ZoneInfo
    known: bool


class Reminders:
    """Creates and manages the reminders of people.

    `may_learn` is asked before a birthday mentioned in talk is stored (D03).
    """

    def __init__(
        self, *, database: Database, company: Company, clock: Clock, eraser: Eraser, may_learn: MayLearn
    ) -> None:
        self._database = database
        self._eraser = eraser
        self._company = company
        self._clock = clock
        self._may_learn = may_learn

    # Explicit commands.

    async def remind(
        self,
        character: str,
        person_id: int,
        when: str,
        text: str,
        where: Where,
        *,
        languages: Sequence[str] = ("en",),
    ) -> Reminder:
        """Create a reminder for a person, to be delivered in the place of the request.

        `languages` are two-letter codes for the languages of `when`. Raises ReminderRefused.
        """
        text = checked(text)
        local = await self.local_time(person_id)
        now = self._clock.now()
        due = await asyncio.to_thread(read_when, when, now=now, zone=local.zone, languages=languages)
        new = self._new(
            character, person_id, "reminder", text, where, local.zone, ahead(due, now, local.zone)
        )
        async with self._database.begin() as db:
            return await self._add(db, new, where)

    async def remember_date(
        self, character: str, person_id: int, day: YearDay | None, text: str, where: Where
    ) -> Reminder:
        """Create a yearly date. Raises ReminderRefused."""
        new = await self._yearly(character, person_id, "date", day, checked(text), where)
        async with self._database.begin() as db:
            return await self._add(db, new, where)

    async def set_birthday(
        self, character: str, person_id: int, day: YearDay | None, where: Where
    ) -> Reminder:
        """Set a person's birthday, replacing an earlier one. Raises ReminderRefused."""
        new = await self._yearly(character, person_id, "birthday", day, "", where)
        async with self._database.begin() as db:
            return await self._put_birthday(db, new, where)

    async def birthday(self, character: str, person_id: int) -> Reminder | None:
        """Return a person's birthday."""
        async with self._database.read() as db:
            return await db.reminders.birthday(person_id, character)

    async def of(self, character: str, person_id: int) -> list[Reminder]:
        """Return a person's reminders and dates, earliest first."""
        async with self._database.read() as db:
            return await db.reminders.of_person(person_id, character)

    async def delete(self, person_id: int, reminder_id: int) -> None:
        """Delete a reminder without a trace. Raises ReminderRefused if it is missing or somebody else's."""
        async with self._database.begin() as db:
            if not await db.reminders.delete(person_id, reminder_id):
                raise ReminderRefused(UNKNOWN)
        await self._eraser.finish()

    # Time zones.

    async def local_time(self, person_id: int) -> LocalTime:
        """Return a person's time zone."""
        async with self._database.read() as db:
            name = await db.reminders.zone(person_id)
        return LocalTime(zone(name), known=name is not None)

    async def set_zone(self, person_id: int, written: str) -> LocalTime:
        """Set a person's time zone. Yearly dates move with it; reminders keep their moment.

        A date already delivered this year is not delivered again. Raises ReminderRefused.
        """
        name = zone_named(written)
        if name is None:
            near = str(_(" or ")).join(near_zones(written))
            raise ReminderRefused(NEAR_ZONES.format(near=near) if near else NO_SUCH_ZONE)
        new = zone(name)
        async with self._database.begin() as db:
            await db.reminders.set_zone(person_id, name, at=self._clock.now())
            for reminder in await db.reminders.of_person(person_id):
                if day := day_of(reminder):
                    year = reminder.due_at.astimezone(zone(reminder.zone)).year
                    moved = {"zone": name, "due_at": day.in_year(year, new)}
                    await db.reminders.change(reminder.id, moved)
        return LocalTime(new, known=True)

    # Requests in talk.

    async def notice(self, character: str, heard: Utterance) -> str | None:
        """Store a reminder that a message asks for, or a birthday that it mentions if the person consented.

        Return a note on it for the end of the prompt, in round brackets and without the person's words; None
        if there is nothing to report. Processing a message again changes nothing.
        """
        said = clean_text(heard.said)
        if not MAY_ASK_TO_BE_REMINDED.search(said) or not self._is_told(character, heard):
            return None
        local = await self.local_time(heard.author_id)
        asked = await asyncio.to_thread(self._read, character, said, heard.sent_at, local.zone)
        if asked is not None:
            return await self._notice_wish(character, heard, asked, local)
        day = birthday_in(said)
        if day is None or not await self._may_learn(heard.author_id):
            return None
        return await self._notice_birthday(character, heard, day, local)

    def _is_told(self, character: str, heard: Utterance) -> bool:
        """Return whether a person addresses the character, in a place where it can speak on its own later."""
        if heard.from_bot or heard.from_self or heard.where.place is Place.TERMINAL:
            return False
        return addresses(heard, self._names(character))

    def _names(self, character: str) -> tuple[str, ...]:
        return names_of(self._company.by_slug[character].character)

    def _read(self, character: str, said: str, at: datetime, local: ZoneInfo) -> ReminderRequest | None:
        def read(words: str) -> datetime | None:
            return read_when(words, now=at, zone=local)

        return reminder_in(said, read_when=read, names=self._names(character))

    async def _notice_wish(
        self, character: str, heard: Utterance, asked: ReminderRequest, local: LocalTime
    ) -> str | None:
        if asked.due is None or not asked.text:
            return NOT_NOTED.format(why=WHEN_UNKNOWN if asked.due is None else WHAT_UNKNOWN)
        if asked.due <= self._clock.now() and asked.due > heard.sent_at:
            return None  # an old message whose time has passed: the reminder was delivered or skipped
        try:
            due = ahead(asked.due, heard.sent_at, local.zone)
            new = self._new(
                character, heard.author_id, "reminder", checked(asked.text), heard.where, local.zone, due
            )
            new.source_id = heard.message_id
            await self._note_wish(new, heard.where)
        except ReminderRefused as error:
            return NOT_NOTED.format(why=error)
        return NOTED.format(when=shown(due, local.zone), zone="" if local.known else ZONE_UNKNOWN)

    async def _note_wish(self, new: Reminder, where: Where) -> None:
        """Store the reminder once per message; an edit of the message replaces it."""
        assert new.source_id is not None
        async with self._database.begin() as db:
            line = await db.messages.get(new.source_id)
            if line is None or not stands_in(new.text, line.text):
                raise ReminderRefused(TAKEN_BACK)
            known = await db.reminders.from_source(new.source_id, new.character)
            if known is None:
                await self._add(db, new, where)
            elif (known.text, known.due_at) != (new.text, new.due_at):
                await db.reminders.change(known.id, {"text": new.text, "due_at": new.due_at})

    async def _notice_birthday(
        self, character: str, heard: Utterance, day: YearDay, local: LocalTime
    ) -> str | None:
        new = await self._yearly(character, heard.author_id, "birthday", day, "", heard.where)
        new.source_id = heard.message_id
        async with self._database.begin() as db:
            line = await db.messages.get(heard.message_id)
            if line is None or birthday_in(line.text) != day:
                return None  # the message was deleted or edited meanwhile
            known = await db.reminders.birthday(heard.author_id, character)
            if known is not None and not _gives_way(known, day, heard.message_id):
                return None
            try:
                await self._put_birthday(db, new, heard.where)
            except ReminderRefused:
                return None
        unknown = "" if local.known else ZONE_UNKNOWN
        return NOTED_BIRTHDAY.format(day=day, key=local.zone.key, zone=unknown)

    # Storage.

    async def _yearly(
        self, character: str, person_id: int, kind: str, day: YearDay | None, text: str, where: Where
    ) -> Reminder:
        if day is None:
            raise ReminderRefused(NO_SUCH_DAY)
        local = (await self.local_time(person_id)).zone
        new = self._new(character, person_id, kind, text, where, local, day.next(self._clock.now(), local))
        new.month, new.day = day.month, day.day
        return new

    async def _put_birthday(self, db: UnitOfWork, new: Reminder, where: Where) -> Reminder:
        known = await db.reminders.birthday(new.person_id, new.character)
        if known is None:
            return await self._add(db, new, where)
        await _note_place(db, where)
        # On the day itself, after delivery, the same day must not become due again before next year.
        same = day_of(known) == day_of(new) and known.zone == new.zone
        values: dict[str, Any] = {
            "month": new.month,
            "day": new.day,
            "zone": new.zone,
            "due_at": known.due_at if same else new.due_at,
            "channel_id": new.channel_id,
            "guild_id": new.guild_id,
            "source_id": new.source_id,
        }
        await db.reminders.change(known.id, values)
        for name, value in values.items():
            setattr(known, name, value)
        return known

    async def _add(self, db: UnitOfWork, new: Reminder, where: Where) -> Reminder:
        if await db.reminders.count(new.person_id, new.character) >= MOST:
            raise ReminderRefused(FULL.format(most=MOST))
        await _note_place(db, where)
        return await db.reminders.add(new)

    def _new(
        self,
        character: str,
        person_id: int,
        kind: str,
        text: str,
        where: Where,
        local: ZoneInfo,
        due: datetime,
    ) -> Reminder:
        if where.place is Place.TERMINAL:
            raise ReminderRefused(NOBODY_HERE)
        return Reminder(
            person_id=person_id,
            character=character,
            kind=kind,
            text=text,
            channel_id=where.channel_id,
            guild_id=where.guild_id,
            zone=local.key,
            due_at=due,
            made_at=self._clock.now(),
        )


def _gives_way(known: Reminder, day: YearDay, message_id: int) -> bool:
    """Return whether a mentioned birthday replaces the known one; one set by command is never replaced."""
    noticed = known.source_id is not None
    return noticed and (day_of(known) != day or known.source_id == message_id)


async def _note_place(db: UnitOfWork, where: Where) -> None:
    """Store a place in which nobody has spoken yet, since the reminder belongs to it."""
    if await db.channels.get(where.channel_id) is None:
        await db.channels.note(
            where.channel_id,
            place=where.place,
            name=where.name,
            guild_id=where.guild_id,
            guild_name=where.guild_name,
            heard=0,
        )
