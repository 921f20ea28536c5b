"""Accounting: model calls with tokens and cost, and spending per day and payer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select

from database.models import CallRow, Channel, DaySpending, User
from database.repositories import Inserting, Repository, table_of, upsert, values_of

_ADD = insert(table_of(CallRow)).values(
    user_id=select(User.id).where(User.id == bindparam("whose")).scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Spending:
    """Totals of some calls. `cost` is in US dollars and excludes the `unpriced` calls."""

    calls: int
    unpriced: int
    cost: float
    input_tokens: int
    output_tokens: int

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            self.calls + other.calls,
            self.unpriced + other.unpriced,
            self.cost + other.cost,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
        )


NO_CALLS = Spending(0, 0, 0.0, 0, 0)
WENT_IN = (
    func.coalesce(CallRow.input_tokens, 0)
    + CallRow.cache_read_tokens
    + CallRow.cache_write_5m_tokens
    + CallRow.cache_write_1h_tokens
)
"""Input tokens of a call, cached or not."""
_SPENDING = (
    func.count(),
    func.count() - func.count(CallRow.cost),
    func.coalesce(func.sum(CallRow.cost), 0.0),
    func.coalesce(func.sum(WENT_IN), 0),
    func.coalesce(func.sum(CallRow.output_tokens), 0),
)
"""The columns of a Spending, in its order."""


class CallRepository(Repository):
    """The calls table."""

    async def of_turn(self, turn_id: int) -> list[CallRow]:
        """Return the calls made for a reply, including votes on its message, in order."""
        query = select(CallRow).where(CallRow.turn_id == turn_id).order_by(CallRow.at, CallRow.id)
        return list(await self._session.scalars(query))

    async def about(self, message_id: int) -> list[CallRow]:
        """Return the calls for decisions about a message, in order."""
        query = select(CallRow).where(CallRow.message_id == message_id).order_by(CallRow.at, CallRow.id)
        return list(await self._session.scalars(query))

    async def add(self, call: CallRow) -> None:
        """Record a call; drop its user id if that person is no longer known."""
        values = values_of(call)
        values["whose"] = values.pop("user_id")
        await self._session.execute(_ADD, values)

    async def spending(self, *, since: datetime, user_id: int | None = None) -> Spending:
        """Return the totals since a moment, for everybody or one person."""
        query = select(*_SPENDING).where(CallRow.at >= since)
        if user_id is not None:
            query = query.where(CallRow.user_id == user_id)
        calls, unpriced, cost, went_in, came_out = (await self._session.execute(query)).one()
        return Spending(calls, unpriced, cost or 0.0, went_in or 0, came_out or 0)

    async def by_purpose(
        self, *, since: datetime, until: datetime, guild_id: int | None
    ) -> list[tuple[str, Spending]]:
        """Return the totals between two moments by purpose, for one server or all."""
        query = select(CallRow.purpose, *_SPENDING).where(CallRow.at >= since, CallRow.at < until)
        if guild_id is not None:
            channels = select(Channel.id).where(Channel.guild_id == guild_id)
            query = query.where(CallRow.channel_id.in_(channels))
        rows: Any = await self._session.execute(query.group_by(CallRow.purpose).order_by(CallRow.purpose))
        return [(purpose, Spending(*sums)) for purpose, *sums in rows]

    async def by_server(self, *, since: datetime, limit: int) -> list[tuple[str, Spending]]:
        """Return the totals since a moment by the server's name, most expensive first."""
        query = (
            select(func.max(Channel.guild_name), *_SPENDING)
            .join(Channel, Channel.id == CallRow.channel_id)
            .where(CallRow.at >= since, Channel.guild_id.is_not(None))
            .group_by(Channel.guild_id)
        )
        rows = await self._session.execute(_dearest(query).limit(limit))
        return [(name, Spending(*sums)) for name, *sums in rows]

    async def by_person(self, *, since: datetime, limit: int) -> list[tuple[int, Spending]]:
        """Return the totals since a moment by person, most expensive first."""
        query = select(CallRow.user_id, *_SPENDING).where(CallRow.at >= since, CallRow.user_id.is_not(None))
        rows = await self._session.execute(_dearest(query.group_by(CallRow.user_id)).limit(limit))
        return [(user_id, Spending(*sums)) for user_id, *sums in rows]

    async def outcomes(self, *, since: datetime) -> dict[str, int]:
        """Return the number of calls since a moment by outcome."""
        query = select(CallRow.outcome, func.count()).where(CallRow.at >= since).group_by(CallRow.outcome)
        return {row[0]: row[1] for row in await self._session.execute(query)}


def _dearest(query: Any) -> Any:
    """Order a query by cost, then by tokens, for calls without a price."""
    return query.order_by(_SPENDING[2].desc(), (_SPENDING[3] + _SPENDING[4]).desc())


class SpendingRepository(Repository):
    """The day_spending table."""

    async def of(self, day: str) -> list[DaySpending]:
        """Return the spending of a day ("2026-11-22")."""
        return list(await self._session.scalars(select(DaySpending).where(DaySpending.day == day)))

    async def keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows, replacing those of the same day and payer."""
        await self._session.execute(_keep(self._insert), rows)

    async def prune(self, before: str) -> None:
        """Delete the days before a day."""
        await self._session.execute(delete(DaySpending).where(DaySpending.day < before))


@cache
def _keep(insert: Inserting) -> Any:
    return upsert(insert, DaySpending)
