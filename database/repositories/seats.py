"""Each character's place in each channel: where its transcript begins, what stands at its prompt's head."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, update

from database.models import CastMember, Message, Seat
from database.repositories.base import Inserting, Repository, table_of

_seats = table_of(Seat)
_HERE = (_seats.c.channel_id == bindparam("channel"), _seats.c.character == bindparam("who"))
_GET = select(Seat).where(*_HERE)
_FLOOR = select(func.max(_seats.c.floor)).where(_seats.c.channel_id == bindparam("channel"))
_BEGIN_AT = (
    update(_seats).where(*_HERE, _seats.c.floor < bindparam("begins_at")).values(floor=bindparam("begins_at"))
)
_HEAD = update(_seats).where(*_HERE).values(head_at=bindparam("shown_at"), head_people=bindparam("shown"))
_LORE = update(_seats).where(*_HERE).values(lore=bindparam("kept"))
_CONSOLIDATED = (
    update(_seats)
    .where(*_HERE, _seats.c.consolidated < bindparam("through"))
    .values(consolidated=bindparam("through"))
)


def heard_by(character: Any) -> ColumnElement[bool]:
    """Return which lines of the log a character was there for (C25)."""
    casts = select(CastMember.cast_id).where(CastMember.character == character)
    return or_(Message.cast_id.is_(None), Message.cast_id.in_(casts))


class Seats(Repository):
    """The seats table."""

    async def get(self, channel_id: int, character: str) -> Seat | None:
        return await self._session.scalar(_GET, {"channel": channel_id, "who": character})

    async def highest_floor(self, channel_id: int) -> int:
        """Return the latest place in the log at which a transcript of a channel begins; 0 without any."""
        return int(await self._session.scalar(_FLOOR, {"channel": channel_id}) or 0)

    async def take(self, channel_id: int, character: str) -> None:
        """Give a character its place in a channel, if it has none yet."""
        seat = {"channel_id": channel_id, "character": character}
        await self._session.execute(_take(self._insert), seat)

    async def begin_at(self, channel_id: int, character: str, floor: int) -> None:
        """Let a character's transcript of a channel begin at place `floor` of the log; never further back."""
        await self._session.execute(_BEGIN_AT, {"channel": channel_id, "who": character, "begins_at": floor})

    async def show_at_head(
        self, channel_id: int, character: str, at: datetime, people: Sequence[int]
    ) -> None:
        """Keep as of when, and about whom, memories stand at the head of a character's prompt."""
        head = {"channel": channel_id, "who": character, "shown_at": at, "shown": list(people)}
        await self._session.execute(_HEAD, head)

    async def keep_lore(self, channel_id: int, character: str, state: Mapping[str, Any] | None) -> None:
        """Keep what a character's lorebooks remember from turn to turn."""
        await self._session.execute(_LORE, {"channel": channel_id, "who": character, "kept": state})

    async def forget_lore(self, channel_id: int) -> None:
        """Let all lorebooks begin anew in a channel."""
        await self._session.execute(update(Seat).where(Seat.channel_id == channel_id).values(lore=None))

    async def consolidated(self, channel_id: int, character: str, through: int) -> bool:
        """Keep how far a character drew facts; False when it had done so before."""
        moved = {"channel": channel_id, "who": character, "through": through}
        return bool((await self._session.execute(_CONSOLIDATED, moved)).rowcount)  # type: ignore[attr-defined]


@cache
def _take(insert: Inserting) -> Any:
    return insert(_seats).on_conflict_do_nothing()
