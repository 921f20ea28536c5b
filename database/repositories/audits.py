"""Log of administrators' actions."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, func, select, update

from database.models import Audit
from database.repositories import Repository


class AuditRepository(Repository):
    """The audit table."""

    async def add(self, audit: Audit) -> int:
        """Record an action; return its number."""
        self._session.add(audit)
        await self._session.flush()
        return audit.id

    async def latest(self, guild_ids: Collection[int] | None = None, *, limit: int) -> list[Audit]:
        """Return the latest actions, in some servers or anywhere, newest first."""
        query = select(Audit).order_by(Audit.id.desc()).limit(limit)
        if guild_ids is not None:
            query = query.where(Audit.guild_id.in_(guild_ids))
        return list(await self._session.scalars(query))

    async def prune(self, before: datetime) -> None:
        """Delete actions before a moment."""
        await self._session.execute(delete(Audit).where(Audit.at < before))

    # Changes (C85).

    async def changes(self, *, limit: int) -> list[Audit]:
        """Return the latest changes, newest first."""
        query = select(Audit).where(Audit.entity.is_not(None)).order_by(Audit.id.desc()).limit(limit)
        return list(await self._session.scalars(query))

    async def change(self, number: int) -> Audit | None:
        """Return the change with a number."""
        return await self._session.scalar(select(Audit).where(Audit.id == number, Audit.entity.is_not(None)))

    async def undone(self, numbers: Collection[int]) -> dict[int, int]:
        """Return, for each of the changes that was reverted, the change that reverted it."""
        query = select(Audit.undoes, Audit.id).where(Audit.undoes.in_(numbers))
        return {row.undoes: row.id for row in await self._session.execute(query)}

    async def last_of(self, actor_id: int) -> Audit | None:
        """Return an administrator's last change that neither reverts another nor was reverted."""
        taken_back = select(Audit.undoes).where(Audit.undoes.is_not(None))
        query = select(Audit).where(
            Audit.actor_id == actor_id,
            Audit.entity.is_not(None),
            Audit.undoes.is_(None),
            Audit.id.not_in(taken_back),
        )
        return await self._session.scalar(query.order_by(Audit.id.desc()).limit(1))

    # People.

    async def about(self, person_id: int) -> list[Audit]:
        """Return the actions that concern a person, oldest first."""
        query = select(Audit).where(Audit.person_id == person_id).order_by(Audit.id)
        return list(await self._session.scalars(query))

    async def looks(self, person_id: int, action: str) -> tuple[int, datetime | None]:
        """Return how often an action concerned a person, and when it last did."""
        query = select(func.count(), func.max(Audit.at)).where(
            Audit.person_id == person_id, Audit.action == action
        )
        count, last = (await self._session.execute(query)).one()
        return int(count), last

    async def without(self, person_id: int) -> None:
        """Anonymise the actions that concern a person and remove their content."""
        blank = {"key": None, "before": None, "after": None, "person_id": None}
        await self._session.execute(update(Audit).where(Audit.person_id == person_id).values(**blank))

    async def without_values(self, person_id: int) -> None:
        """Remove the values from the changes that concern a person."""
        blank = {"before": None, "after": None}
        await self._session.execute(update(Audit).where(Audit.person_id == person_id).values(**blank))
