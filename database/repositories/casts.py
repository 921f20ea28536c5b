"""Presence of characters in channels, and casts that heard something together."""

from collections.abc import Collection
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select

from database.models import Attendance, Cast, CastMember, MessageRow
from database.repositories import Repository, table_of

_ID = select(Cast.id).where(Cast.members == bindparam("members"))
_MEMBERS = select(Cast.members).where(Cast.id == bindparam("cast"))
_WHO_HEARD = (
    select(Cast.members)
    .join(MessageRow, MessageRow.cast_id == Cast.id)
    .where(MessageRow.id == bindparam("message_id"))
)
_SENT_OUT = select(Attendance.character, Attendance.present).where(
    Attendance.channel_id.in_(bindparam("channel_ids", expanding=True))
)


def heard_by(character: Any) -> ColumnElement[bool]:
    """Return the condition for lines of the log that a character heard (C25)."""
    casts = select(CastMember.cast_id).where(CastMember.character == character)
    return or_(MessageRow.cast_id.is_(None), MessageRow.cast_id.in_(casts))


class CastRepository(Repository):
    """The casts, cast_members and attendances tables."""

    async def known(self, members: Collection[str]) -> int | None:
        """Return a cast's number; None if its members never heard anything together."""
        return await self._session.scalar(_ID, {"members": " ".join(sorted(members))})

    async def id_of(self, members: Collection[str]) -> int:
        """Return a cast's number, creating the cast if necessary."""
        found = await self.known(members)
        if found is not None:
            return found
        row = await self._session.execute(insert(table_of(Cast)), {"members": " ".join(sorted(members))})
        cast_id = int(row.inserted_primary_key[0])  # type: ignore[attr-defined]
        rows = [{"character": member, "cast_id": cast_id} for member in sorted(members)]
        if rows:
            await self._session.execute(insert(table_of(CastMember)), rows)
        return cast_id

    async def members(self, cast_id: int | None) -> frozenset[str] | None:
        """Return a cast's members; None if the listeners were not recorded."""
        if cast_id is None:
            return None
        found = await self._kept(
            ("casts",), cast_id, partial(self._session.scalar, _MEMBERS, {"cast": cast_id})
        )
        return None if found is None else frozenset(found.split())

    async def who_heard(self, message_id: int) -> frozenset[str] | None:
        """Return the characters that heard a message; None if unrecorded or no longer in the log."""
        found = await self._session.scalar(_WHO_HEARD, {"message_id": message_id})
        return None if found is None else frozenset(found.split())

    async def attendance(self, channel_ids: Collection[int]) -> dict[str, bool]:
        """Return the characters invited to the channels (True) or dismissed from them (False)."""

        async def read() -> dict[str, bool]:
            rows = await self._session.execute(_SENT_OUT, {"channel_ids": list(channel_ids)})
            return {row.character: row.present for row in rows}

        return dict(await self._kept(("attendances",), frozenset(channel_ids), read))

    async def attend(self, channel_id: int, character: str, *, present: bool | None) -> None:
        """Invite a character to a channel or dismiss it; None resets to the default rule."""
        gone = delete(Attendance).where(
            Attendance.channel_id == channel_id, Attendance.character == character
        )
        await self._session.execute(gone)
        if present is not None:
            self._session.add(Attendance(channel_id, character, present))
            await self._session.flush()
