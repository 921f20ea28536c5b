"""Who of the characters is where, and who of them heard something together."""

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
    """Return which lines of the log a character was there for (C25)."""
    casts = select(CastMember.cast_id).where(CastMember.character == character)
    return or_(MessageRow.cast_id.is_(None), MessageRow.cast_id.in_(casts))


class CastRepository(Repository):
    """The casts, cast_members and attendances tables."""

    async def known(self, members: Collection[str]) -> int | None:
        """Return the number of a cast; None when it never heard anything together."""
        return await self._session.scalar(_ID, {"members": " ".join(sorted(members))})

    async def id_of(self, members: Collection[str]) -> int:
        """Return the number of a cast, a new one where they were never together before."""
        found = await self.known(members)
        if found is not None:
            return found
        row = await self._session.execute(insert(table_of(Cast)), {"members": " ".join(sorted(members))})
        cast_id = int(row.inserted_primary_key[0])  # type: ignore[attr-defined]
        rows = [{"character": one, "cast_id": cast_id} for one in sorted(members)]
        if rows:
            await self._session.execute(insert(table_of(CastMember)), rows)
        return cast_id

    async def members(self, cast_id: int | None) -> frozenset[str] | None:
        """Return who belongs to a cast; None where nobody wrote down who was there."""
        if cast_id is None:
            return None
        found = await self._kept(
            ("casts",), cast_id, partial(self._session.scalar, _MEMBERS, {"cast": cast_id})
        )
        return None if found is None else frozenset(found.split())

    async def who_heard(self, message_id: int) -> frozenset[str] | None:
        """Return who heard a message of the log; None where nobody wrote it down, or it is gone."""
        found = await self._session.scalar(_WHO_HEARD, {"message_id": message_id})
        return None if found is None else frozenset(found.split())

    async def attendance(self, channel_ids: Collection[int]) -> dict[str, bool]:
        """Return which characters were invited to places, or sent out of them."""

        async def read() -> dict[str, bool]:
            rows = await self._session.execute(_SENT_OUT, {"channel_ids": list(channel_ids)})
            return {row.character: row.present for row in rows}

        return dict(await self._kept(("attendances",), frozenset(channel_ids), read))

    async def attend(self, channel_id: int, character: str, *, present: bool | None) -> None:
        """Invite a character to a channel, or send it out; None leaves it to the rule for all channels."""
        gone = delete(Attendance).where(
            Attendance.channel_id == channel_id, Attendance.character == character
        )
        await self._session.execute(gone)
        if present is not None:
            self._session.add(Attendance(channel_id, character, present))
            await self._session.flush()
