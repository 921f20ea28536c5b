"""How the characters stand with people, and what changed that (F089, C71)."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from database.models import BondChange, BondRow
from database.repositories import Inserting, Repository, table_of, upsert, values_of


class BondRepository(Repository):
    """The bonds and bond_changes tables."""

    async def get(self, user_id: int, character: str) -> BondRow | None:
        return await self._session.get(BondRow, (user_id, character))

    async def keep(self, bond: BondRow) -> None:
        """Keep how a character stands with somebody now."""
        await self._session.execute(_keep(self._insert), values_of(bond))

    async def drop(self, user_id: int, character: str) -> None:
        """Let a character and somebody begin anew; the ledger stays."""
        await self._session.execute(
            delete(BondRow).where(BondRow.user_id == user_id, BondRow.character == character)
        )

    async def of_person(self, user_id: int) -> list[BondRow]:
        query = select(BondRow).where(BondRow.user_id == user_id).order_by(BondRow.character)
        return list(await self._session.scalars(query))

    async def of_character(self, character: str, *, limit: int) -> list[BondRow]:
        """Return how a character stands with people, who talked last first."""
        query = select(BondRow).where(BondRow.character == character)
        return list(await self._session.scalars(query.order_by(BondRow.talked_at.desc()).limit(limit)))

    # The ledger.

    async def note(self, changes: Collection[BondChange]) -> None:
        """Keep what changed, and why."""
        if changes:
            await self._session.execute(insert(table_of(BondChange)), [values_of(one) for one in changes])

    async def changes(self, user_id: int, character: str, *, limit: int | None = None) -> list[BondChange]:
        """Return what changed between a character and somebody, the newest first."""
        query = select(BondChange).where(BondChange.user_id == user_id, BondChange.character == character)
        query = query.order_by(BondChange.id.desc())
        return list(await self._session.scalars(query.limit(limit) if limit else query))

    async def ledger(self, user_id: int) -> list[BondChange]:
        """Return what changed between somebody and any character, the oldest first."""
        query = select(BondChange).where(BondChange.user_id == user_id).order_by(BondChange.id)
        return list(await self._session.scalars(query))

    async def change(self, change_id: int, user_id: int) -> BondChange | None:
        query = select(BondChange).where(BondChange.id == change_id, BondChange.user_id == user_id)
        return await self._session.scalar(query)

    async def causes(self, user_id: int, character: str, *, since: datetime, until: datetime) -> set[str]:
        """Return the causes of what changed between two moments; a clock may have run ahead of both."""
        query = select(BondChange.cause).where(
            BondChange.user_id == user_id,
            BondChange.character == character,
            BondChange.at > since,
            BondChange.at <= until,
        )
        return set(await self._session.scalars(query))

    async def dispute(self, change_id: int, *, at: datetime) -> bool:
        """Keep that a change counts no more; False when it did not already."""
        query = update(BondChange).where(BondChange.id == change_id, BondChange.disputed_at.is_(None))
        done = await self._session.execute(query.values(disputed_at=at))
        return bool(done.rowcount)  # type: ignore[attr-defined]

    async def disputes(self, user_id: int, *, since: datetime) -> int:
        """Count what somebody disputed since a moment."""
        query = select(func.count()).select_from(BondChange)
        query = query.where(BondChange.user_id == user_id, BondChange.disputed_at > since)
        return int(await self._session.scalar(query) or 0)

    async def forget(self, user_id: int) -> None:
        """Forget how all characters stand with somebody."""
        await self._session.execute(delete(BondRow).where(BondRow.user_id == user_id))
        await self._session.execute(delete(BondChange).where(BondChange.user_id == user_id))


@cache
def _keep(insert: Inserting) -> Any:
    return upsert(insert, BondRow)
