"""What admins laid down about who a character is, and how far it has grown."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from database.models import Growth, IdentityLine, Milestone
from database.repositories.base import Inserting, Repository, table_of, values_of

_growth = table_of(Growth)


class Identities(Repository):
    """The identity_lines, growth and milestones tables."""

    async def of(self, character: str) -> list[IdentityLine]:
        """Return everything laid down about a character, oldest first."""
        query = select(IdentityLine).where(IdentityLine.character == character).order_by(IdentityLine.id)
        return list(await self._session.scalars(query))

    async def get(self, line_id: int) -> IdentityLine | None:
        return await self._session.scalar(select(IdentityLine).where(IdentityLine.id == line_id))

    async def add(self, line: IdentityLine) -> int:
        row = await self._session.execute(insert(table_of(IdentityLine)), values_of(line))
        return int(row.inserted_primary_key[0])  # type: ignore[attr-defined]

    async def put_back(self, line_id: int, line: IdentityLine) -> None:
        """Lay a line down again under the number that it had."""
        await self._session.execute(insert(table_of(IdentityLine)).values(id=line_id, **values_of(line)))

    async def reword(self, line_id: int, text: str, *, at: datetime) -> None:
        query = update(IdentityLine).where(IdentityLine.id == line_id).values(text=text, changed_at=at)
        await self._session.execute(query)

    async def remove(self, line_id: int) -> None:
        await self._session.execute(delete(IdentityLine).where(IdentityLine.id == line_id))

    async def count(self, character: str) -> int:
        query = select(func.count()).select_from(IdentityLine).where(IdentityLine.character == character)
        return int(await self._session.scalar(query) or 0)

    # Growth.

    async def interactions(self, character: str) -> int:
        """Return how often a character has spoken with anybody."""
        query = select(Growth.interactions).where(Growth.character == character)
        return int(await self._session.scalar(query) or 0)

    async def spoke(self, character: str) -> int:
        """Count an interaction and return how many there were."""
        return int(await self._session.scalar(_spoke(self._insert), {"character": character}) or 0)

    async def milestones(self, character: str) -> list[Milestone]:
        """Return the stages that a character reached, the first one first."""
        query = select(Milestone).where(Milestone.character == character).order_by(Milestone.milestone)
        return list(await self._session.scalars(query))

    async def reach(
        self, character: str, milestone: int, changes: Mapping[str, Any] | None, *, at: datetime
    ) -> None:
        """Keep that a character reached a stage; it does so once."""
        row = self._insert(table_of(Milestone)).values(
            character=character, milestone=milestone, at=at, changes=changes
        )
        await self._session.execute(row.on_conflict_do_nothing())

    async def revert(self, character: str, milestone: int, *, at: datetime | None) -> bool:
        """Take a stage back, or with None let it stand again; False when there is none to change."""
        query = update(Milestone).where(
            Milestone.character == character,
            Milestone.milestone == milestone,
            Milestone.reverted_at.is_(None) if at is not None else Milestone.reverted_at.is_not(None),
        )
        return bool((await self._session.execute(query.values(reverted_at=at))).rowcount)  # type: ignore[attr-defined]


@cache
def _spoke(insert: Inserting) -> Any:
    row = insert(_growth).values(character=bindparam("character"), interactions=1)
    counted = row.on_conflict_do_update(
        index_elements=["character"], set_={"interactions": Growth.interactions + 1}
    )
    return counted.returning(_growth.c.interactions)
