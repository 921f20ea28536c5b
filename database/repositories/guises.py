"""Whom people play (C37)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from database.models import Guise
from database.repositories.base import Repository, table_of


class Guises(Repository):
    """The guises table."""

    async def of(self, user_ids: Collection[int], channel_id: int) -> dict[int, str]:
        """Return whom some people play in a channel; who plays nobody is left out."""
        query = select(Guise.user_id, Guise.name).where(
            Guise.user_id.in_(user_ids), Guise.channel_id == channel_id
        )
        return {row.user_id: row.name for row in await self._session.execute(query)}

    async def of_person(self, user_id: int) -> list[Guise]:
        query = select(Guise).where(Guise.user_id == user_id).order_by(Guise.channel_id)
        return list(await self._session.scalars(query))

    async def put_on(self, user_id: int, channel_id: int, name: str | None, *, at: datetime) -> None:
        """Keep whom somebody plays in a channel; None is themself."""
        if name is None:
            gone = delete(Guise).where(Guise.user_id == user_id, Guise.channel_id == channel_id)
            await self._session.execute(gone)
            return
        row = self._insert(table_of(Guise)).values(
            user_id=user_id, channel_id=channel_id, name=name, made_at=at
        )
        kept = {"name": name, "made_at": at}
        await self._session.execute(
            row.on_conflict_do_update(index_elements=["user_id", "channel_id"], set_=kept)
        )
