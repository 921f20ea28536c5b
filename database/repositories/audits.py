"""What was done by administrators."""

from datetime import datetime

from sqlalchemy import delete, select

from database.models import Audit
from database.repositories.base import Repository


class Audits(Repository):
    """The audit table."""

    async def add(self, audit: Audit) -> None:
        self._session.add(audit)

    async def latest(self, *, since: datetime, limit: int = 100) -> list[Audit]:
        """Return what was done since a moment, the newest first."""
        query = select(Audit).where(Audit.at >= since).order_by(Audit.id.desc()).limit(limit)
        return list(await self._session.scalars(query))

    async def prune(self, before: datetime) -> None:
        """Delete what was done before a moment."""
        await self._session.execute(delete(Audit).where(Audit.at < before))
