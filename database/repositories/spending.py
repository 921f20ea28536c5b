"""What was spent on each day, and for whom."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import delete, select

from database.models import DaySpending
from database.repositories.base import Inserting, Repository, upsert


class DaySpendings(Repository):
    """The day_spending table."""

    async def of(self, day: str) -> list[DaySpending]:
        """Return what was spent on a day ("2026-11-22")."""
        return list(await self._session.scalars(select(DaySpending).where(DaySpending.day == day)))

    async def keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows, each in place of the one of the same day and payer."""
        await self._session.execute(_keep(self._insert), rows)

    async def prune(self, before: str) -> None:
        """Delete the days before one."""
        await self._session.execute(delete(DaySpending).where(DaySpending.day < before))


@cache
def _keep(insert: Inserting) -> Any:
    return upsert(insert, DaySpending)
