"""How much is said in each channel, by the hour (F106)."""

from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select

from database.models import Rhythm
from database.repositories.base import Inserting, Repository, table_of

_rhythms = table_of(Rhythm)


class Rhythms(Repository):
    """The rhythms table."""

    async def count(self, channel_id: int, hour: int, messages: int = 1) -> None:
        """Count messages that were said in an hour; hours count from 1970."""
        row = {"channel_id": channel_id, "hour": hour, "messages": messages}
        await self._session.execute(_count(self._insert), row)

    async def of(self, channel_id: int, *, since: int) -> dict[int, int]:
        """Return how much was said in a channel in each hour from one on."""
        query = select(Rhythm.hour, Rhythm.messages).where(
            Rhythm.channel_id == channel_id, Rhythm.hour >= since
        )
        return {row.hour: row.messages for row in await self._session.execute(query)}

    async def prune(self, before: int) -> None:
        await self._session.execute(delete(Rhythm).where(Rhythm.hour < before))


@cache
def _count(insert: Inserting) -> Any:
    row = insert(_rhythms).values(
        channel_id=bindparam("channel_id"), hour=bindparam("hour"), messages=bindparam("messages")
    )
    return row.on_conflict_do_update(
        index_elements=["channel_id", "hour"], set_={"messages": Rhythm.messages + row.excluded.messages}
    )
