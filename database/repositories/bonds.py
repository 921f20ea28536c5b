"""Relationships of characters with people, and their changes (F089, C71)."""

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
        """Store a character's current relationship with a person."""
        await self._session.execute(_keep(self._insert), values_of(bond))

    async def drop(self, user_id: int, character: str) -> None:
        """Reset a character's relationship with a person; the ledger stays."""
        await self._session.execute(
            delete(BondRow).where(BondRow.user_id == user_id, BondRow.character == character)
        )

    async def of_person(self, user_id: int) -> list[BondRow]:
        query = select(BondRow).where(BondRow.user_id == user_id).order_by(BondRow.character)
        return list(await self._session.scalars(query))

    async def of_character(self, character: str, *, limit: int) -> list[BondRow]:
        """Return a character's relationships, most recent talk first."""
        query = select(BondRow).where(BondRow.character == character)
        return list(await self._session.scalars(query.order_by(BondRow.talked_at.desc()).limit(limit)))

    # The ledger.

    async def note(self, changes: Collection[BondChange]) -> None:
        """Record changes and their causes."""
        if changes:
            await self._session.execute(
                insert(table_of(BondChange)), [values_of(change) for change in changes]
            )

    async def changes(self, user_id: int, character: str, *, limit: int | None = None) -> list[BondChange]:
        """Return the changes between a character and a person, newest first."""
        query = select(BondChange).where(BondChange.user_id == user_id, BondChange.character == character)
        query = query.order_by(BondChange.id.desc())
        return list(await self._session.scalars(query.limit(limit) if limit else query))

    async def ledger(self, user_id: int) -> list[BondChange]:
        """Return the changes between a person and any character, oldest first."""
        query = select(BondChange).where(BondChange.user_id == user_id).order_by(BondChange.id)
        return list(await self._session.scalars(query))

    async def change(self, change_id: int, user_id: int) -> BondChange | None:
        query = select(BondChange).where(BondChange.id == change_id, BondChange.user_id == user_id)
        return await self._session.scalar(query)

    async def causes(self, user_id: int, character: str, *, since: datetime, until: datetime) -> set[str]:
        """Return the causes of changes between two moments, without rows dated in the future."""
        query = select(BondChange.cause).where(
            BondChange.user_id == user_id,
            BondChange.character == character,
            BondChange.at > since,
            BondChange.at <= until,
        )
        return set(await self._session.scalars(query))

    async def dispute(self, change_id: int, *, at: datetime) -> bool:
        """Mark a change as disputed; return False if it already was."""
        query = update(BondChange).where(BondChange.id == change_id, BondChange.disputed_at.is_(None))
        done = await self._session.execute(query.values(disputed_at=at))
        return bool(done.rowcount)  # type: ignore[attr-defined]

    async def disputes(self, user_id: int, *, since: datetime) -> int:
        """Count a person's disputes since a moment."""
        query = select(func.count()).select_from(BondChange)
        query = query.where(BondChange.user_id == user_id, BondChange.disputed_at > since)
        return int(await self._session.scalar(query) or 0)

    async def forget(self, user_id: int) -> None:
        """Forget all characters' relationships with a person."""
        await self._session.execute(delete(BondRow).where(BondRow.user_id == user_id))
        await self._session.execute(delete(BondChange).where(BondChange.user_id == user_id))


@cache
def _keep(insert: Inserting) -> Any:
    return upsert(insert, BondRow)
