"""What is to be said at a time: reminders, birthdays, other dates; and who lives by which clock (C82)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, update

from database.models import Channel, MessageRow, PartRow, Reminder, Turn, User
from database.repositories import Repository, table_of, values_of

MOST = 25
"""Things that one character keeps to be said to one person."""


class UnsaidTurn(NamedTuple):
    """A pledged turn of which nothing was said yet, and the nonce of its first part."""

    turn_id: int
    nonce: str


class ReminderRepository(Repository):
    """The reminders table, and the zone of each user."""

    async def of_person(self, person_id: int, character: str | None = None) -> list[Reminder]:
        """Return everything that is to be said to somebody, by one character or any; what is next first."""
        query = select(Reminder).where(Reminder.person_id == person_id)
        if character is not None:
            query = query.where(Reminder.character == character)
        return list(await self._session.scalars(query.order_by(Reminder.due_at, Reminder.id)))

    async def get(self, reminder_id: int) -> Reminder | None:
        return await self._session.get(Reminder, reminder_id)

    async def count(self, person_id: int, character: str) -> int:
        """Return how much is to be said to somebody by a character."""
        query = select(func.count()).select_from(Reminder)
        query = query.where(Reminder.person_id == person_id, Reminder.character == character)
        return int(await self._session.scalar(query) or 0)

    async def birthday(self, person_id: int, character: str) -> Reminder | None:
        """Return the birthday of somebody."""
        mine = (Reminder.person_id == person_id, Reminder.character == character)
        return await self._session.scalar(select(Reminder).where(*mine, Reminder.kind == "birthday"))

    async def from_source(self, message_id: int, character: str) -> Reminder | None:
        """Return what came of a message."""
        query = select(Reminder).where(Reminder.source_id == message_id, Reminder.character == character)
        return await self._session.scalar(query.limit(1))

    async def add(self, reminder: Reminder) -> Reminder:
        """Keep a new one; it is returned with its id."""
        added = await self._session.execute(insert(table_of(Reminder)), values_of(reminder))
        reminder.id = int(added.inserted_primary_key[0])  # type: ignore[attr-defined]
        return reminder

    async def change(self, reminder_id: int, values: Mapping[str, Any]) -> None:
        """Give one other values."""
        await self._session.execute(update(Reminder).where(Reminder.id == reminder_id).values(**values))

    async def due(
        self, character: str, places: Collection[str], *, at: datetime, limit: int
    ) -> list[Reminder]:
        """Return what a character has to say by now in `places`, what is due longest first."""
        query = (
            select(Reminder)
            .join(Channel, Channel.id == Reminder.channel_id)
            .where(Reminder.character == character, Reminder.due_at <= at, Channel.place.in_(places))
            .order_by(Reminder.due_at, Reminder.id)
        )
        return list(await self._session.scalars(query.limit(limit)))

    async def move_on(self, reminder: Reminder, *, to: datetime | None) -> bool:
        """Let one be due at another time, or, without any, let it go.

        False, and nothing changes, where it is not any more what it was when it was read.
        """
        table = table_of(Reminder)
        as_read = [table.c[name] == getattr(reminder, name) for name in ("id", "due_at", "text")]
        moving = delete(table) if to is None else update(table).values(due_at=to)
        result = await self._session.execute(moving.where(*as_read))
        return bool(result.rowcount)  # type: ignore[attr-defined]

    # Forgetting.

    async def delete(self, person_id: int, reminder_id: int) -> bool:
        """Delete one of somebody's; say whether it was there."""
        gone = delete(Reminder).where(Reminder.id == reminder_id, Reminder.person_id == person_id)
        return bool((await self._session.execute(gone)).rowcount)  # type: ignore[attr-defined]

    async def forget_person(self, person_id: int) -> int:
        """Delete everything that was to be said to somebody, and their zone; return how much that was."""
        await self._session.execute(update(User).where(User.id == person_id).values(zone=None))
        result = await self._session.execute(delete(Reminder).where(Reminder.person_id == person_id))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def forget_sources(self, message_ids: Collection[int], *, unless_in: str = "") -> int:
        """Delete what came of some messages, but for words that still stand there; return how much it was."""
        found = await self._session.scalars(select(Reminder).where(Reminder.source_id.in_(message_ids)))
        gone = [one for one in found if not one.text or one.text not in unless_in]
        for one in gone:
            await self._session.delete(one)
        await self._session.flush()
        return len(gone)

    async def forget_learnt(self, person_id: int) -> int:
        """Delete a birthday that was noted from talk, and not told by a command; return how many."""
        noted = (
            Reminder.person_id == person_id,
            Reminder.kind == "birthday",
            Reminder.source_id.is_not(None),
        )
        result = await self._session.execute(delete(Reminder).where(*noted))
        return int(result.rowcount)  # type: ignore[attr-defined]

    # Zones.

    async def zone(self, person_id: int) -> str | None:
        """Return the IANA name of somebody's time zone; None where they named none."""
        return await self._session.scalar(select(User.zone).where(User.id == person_id))

    async def set_zone(self, person_id: int, zone: str, *, at: datetime) -> None:
        """Keep somebody's time zone, also of somebody who never said anything here."""
        row = self._insert(table_of(User)).values(
            id=person_id, is_bot=False, first_seen=at, last_seen=at, premium=False, zone=zone
        )
        await self._session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"zone": zone}))

    # What is pledged already, and not said.

    async def unsaid(self, reasons: Collection[str]) -> list[UnsaidTurn]:
        """Return the turns pledged for some reasons of which nothing was said yet."""
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
        """Return the position of the last line in the log, of whatever channel; 0 for an empty one."""
        return int(await self._session.scalar(select(func.max(MessageRow.position))) or 0)

    async def pledge_anew(self, turn_ids: Collection[int], *, at: datetime) -> None:
        """Let turns that are still to be said count as pledged now."""
        still = (Turn.id.in_(turn_ids), Turn.state == "pledged")
        await self._session.execute(update(Turn).where(*still).values(pledged_at=at))
