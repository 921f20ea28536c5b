"""What was done by administrators."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from database.models import Audit
from database.repositories.base import Repository


class Audits(Repository):
    """The audit table."""

    async def add(self, audit: Audit) -> None:
        self._session.add(audit)

    async def latest(self, guild_ids: Collection[int] | None = None, *, limit: int) -> list[Audit]:
        """Return what was done last, in some servers or anywhere, the newest first."""
        query = select(Audit).order_by(Audit.id.desc()).limit(limit)
        if guild_ids is not None:
            query = query.where(Audit.guild_id.in_(guild_ids))
        return list(await self._session.scalars(query))

    async def prune(self, before: datetime) -> None:
        """Delete what was done before a moment."""
        await self._session.execute(delete(Audit).where(Audit.at < before))
