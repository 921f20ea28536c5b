"""Reminders, birthdays and other dates, and people's time zones (C82)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from database.models import Channel, MessageRow, PartRow, Reminder, Turn, User
from database.repositories import Repository, table_of, values_of

MOST = 25
"""Maximum number of reminders per character and person."""


class UnsaidTurn(NamedTuple):
    """A pledged turn of which no part was sent yet, and the nonce of its first part."""

    turn_id: int
    nonce: str


class ReminderRepository(Repository):
    """The reminders table, and users' time zones."""

    async def of_person(self, person_id: int, character: str | None = None) -> list[Reminder]:
        """Return a person's reminders, from one character or any, next first."""
        query = select(Reminder).where(Reminder.person_id == person_id)
        if character is not None:
            query = query.where(Reminder.character == character)
        return list(await self._session.scalars(query.order_by(Reminder.due_at, Reminder.id)))

    async def get(self, reminder_id: int) -> Reminder | None:
        return await self._session.get(Reminder, reminder_id)

    async def count(self, person_id: int, character: str) -> int:
        """Return the number of a person's reminders from a character."""
        query = select(func.count()).select_from(Reminder)
        query = query.where(Reminder.person_id == person_id, Reminder.character == character)
        return int(await self._session.scalar(query) or 0)

    async def birthday(self, person_id: int, character: str) -> Reminder | None:
        """Return a person's birthday."""
        mine = (Reminder.person_id == person_id, Reminder.character == character)
        return await self._session.scalar(select(Reminder).where(*mine, Reminder.kind == "birthday"))

    async def from_source(self, message_id: int, character: str) -> Reminder | None:
        """Return the reminder that a message led to."""
        query = select(Reminder).where(Reminder.source_id == message_id, Reminder.character == character)
        return await self._session.scalar(query.limit(1))

    async def add(self, reminder: Reminder) -> Reminder:
        """Store a new reminder; return it with its id."""
        added = await self._session.execute(insert(table_of(Reminder)), values_of(reminder))
        reminder.id = int(added.inserted_primary_key[0])  # type: ignore[attr-defined]
        return reminder

    async def change(self, reminder_id: int, values: Mapping[str, Any]) -> None:
        """Change a reminder's values."""
        await self._session.execute(update(Reminder).where(Reminder.id == reminder_id).values(**values))

    async def due(
        self, character: str, places: Collection[str], *, at: datetime, limit: int
    ) -> list[Reminder]:
        """Return a character's due reminders in `places`, longest overdue first."""
        query = (
            select(Reminder)
            .join(Channel, Channel.id == Reminder.channel_id)
            .where(Reminder.character == character, Reminder.due_at <= at, Channel.place.in_(places))
            .order_by(Reminder.due_at, Reminder.id)
        )
        return list(await self._session.scalars(query.limit(limit)))

    async def move_on(self, reminder: Reminder, *, to: datetime | None) -> bool:
        """Reschedule a reminder, or delete it if `to` is None.

        Returns False and changes nothing if the reminder has changed since it was read.
        """
        table = table_of(Reminder)
        as_read = [table.c[name] == getattr(reminder, name) for name in ("id", "due_at", "text")]
        moving = delete(table) if to is None else update(table).values(due_at=to)
        result = await self._session.execute(moving.where(*as_read))
        return bool(result.rowcount)  # type: ignore[attr-defined]

    # Forgetting.

    async def delete(self, person_id: int, reminder_id: int) -> bool:
        """Delete a person's reminder; return whether it existed."""
        gone = delete(Reminder).where(Reminder.id == reminder_id, Reminder.person_id == person_id)
        return bool((await self._session.execute(gone)).rowcount)  # type: ignore[attr-defined]

    async def forget_person(self, person_id: int) -> int:
        """Delete a person's reminders and time zone; return the number of reminders."""
        await self._session.execute(update(User).where(User.id == person_id).values(zone=None))
        result = await self._session.execute(delete(Reminder).where(Reminder.person_id == person_id))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def forget_sources(self, message_ids: Collection[int], *, unless_in: str = "") -> int:
        """Delete reminders from messages unless `unless_in` contains their text; return the number."""
        found = await self._session.scalars(select(Reminder).where(Reminder.source_id.in_(message_ids)))
        gone = [reminder for reminder in found if not reminder.text or reminder.text not in unless_in]
        for reminder in gone:
            await self._session.delete(reminder)
        await self._session.flush()
        return len(gone)

    async def forget_learnt(self, person_id: int) -> int:
        """Delete a birthday learnt from talk, not by command; return the number."""
        noted = (
            Reminder.person_id == person_id,
            Reminder.kind == "birthday",
            Reminder.source_id.is_not(None),
        )
        result = await self._session.execute(delete(Reminder).where(*noted))
        return int(result.rowcount)  # type: ignore[attr-defined]

    # Time zones.

    async def zone(self, person_id: int) -> str | None:
        """Return the IANA name of a person's time zone; None if they set none."""
        return await self._session.scalar(select(User.zone).where(User.id == person_id))

    async def set_zone(self, person_id: int, zone: str, *, at: datetime) -> None:
        """Store a person's time zone, even if they never said anything here."""
        row = self._insert(table_of(User)).values(
            id=person_id, is_bot=False, first_seen=at, last_seen=at, premium=False, zone=zone
        )
        await self._session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"zone": zone}))

    # Pledged but unsent reminders.

    async def unsaid(self, reasons: Collection[str]) -> list[UnsaidTurn]:
        """Return turns pledged for some reasons of which no part was sent yet."""
        begun = select(PartRow.turn_id).where(PartRow.message_id.is_not(None))
        query = (
            select(Turn.id, PartRow.nonce)
            .join(PartRow, PartRow.turn_id == Turn.id)
            .where(
                Turn.state == "pledged", Turn.reason.in_(reasons), Turn.id.not_in(begun), PartRow.number == 1
            )
        )
        return [UnsaidTurn(*row) for row in await self._session.execute(query)]

    async def last_position(self) -> int:
        """Return the position of the last line in the log, in any channel; 0 if it is empty."""
        return int(await self._session.scalar(select(func.max(MessageRow.position))) or 0)

    async def pledge_anew(self, turn_ids: Collection[int], *, at: datetime) -> None:
        """Reset the pledge time of unsent turns."""
        still = (Turn.id.in_(turn_ids), Turn.state == "pledged")
        await self._session.execute(update(Turn).where(*still).values(pledged_at=at))
