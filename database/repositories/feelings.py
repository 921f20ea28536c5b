"""What moved the characters, and what is left of it (F085)."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from database.models import Feeling, Stirring
from database.repositories.base import Inserting, Repository, table_of, upsert, values_of

_STIR = insert(table_of(Stirring))


class Feelings(Repository):
    """The feelings and stirrings tables."""

    async def get(self, character: str) -> Feeling | None:
        return await self._session.get(Feeling, character)

    async def keep(self, feeling: Feeling) -> None:
        """Keep what a character feels now, in place of what it felt before."""
        await self._session.execute(_keep(self._insert), values_of(feeling))

    async def stir(self, stirrings: Collection[Stirring]) -> None:
        """Keep what moved a character."""
        if stirrings:
            await self._session.execute(_STIR, [values_of(one) for one in stirrings])

    async def stirrings(
        self, character: str, *, since: datetime, until: datetime | None = None
    ) -> list[Stirring]:
        """Return what moved a character since a moment, the oldest first."""
        query = select(Stirring).where(Stirring.character == character, Stirring.at >= since)
        if until is not None:
            query = query.where(Stirring.at < until)
        return list(await self._session.scalars(query.order_by(Stirring.at, Stirring.id)))

    async def counts(self, character: str, *, since: datetime, until: datetime) -> dict[str, int]:
        """Count what moved a character between two moments, by kind."""
        query = select(Stirring.kind, func.count().label("times")).where(
            Stirring.character == character, Stirring.at >= since, Stirring.at < until
        )
        rows = await self._session.execute(query.group_by(Stirring.kind))
        return {row.kind: row.times for row in rows}

    async def prune(self, before: datetime) -> None:
        await self._session.execute(delete(Stirring).where(Stirring.at < before))

    async def without(self, person_id: int, channel_ids: Collection[int] = ()) -> None:
        """Let nobody know any more who moved a character, or in which private place."""
        theirs = or_(Stirring.person_id == person_id, Stirring.channel_id.in_(channel_ids))
        nobody: dict[str, Any] = {"person_id": None, "channel_id": None, "guild_id": None}
        await self._session.execute(update(Stirring).where(theirs).values(**nobody))


@cache
def _keep(insert: Inserting) -> Any:
    return upsert(insert, Feeling)
