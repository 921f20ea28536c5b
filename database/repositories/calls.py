"""The books: every call to a model, its tokens and its cost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select

from database.models import Call, Turn, User
from database.repositories.base import Repository, table_of, values_of

_ADD = insert(table_of(Call)).values(
    user_id=select(User.id).where(User.id == bindparam("whose")).scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Spending:
    """What some calls came to. `cost` is in US dollars and leaves out the `unpriced` calls."""

    calls: int
    unpriced: int
    cost: float
    input_tokens: int
    output_tokens: int


class Calls(Repository):
    """The calls table."""

    async def of_reply(self, turn: Turn, *, since: datetime) -> list[Call]:
        """Return the calls that were made for a reply, as far as that can be told: the books know no replies.

        They are those for replies in its channel from when its message was heard until it was pledged, but
        for those that the reply before it needed.
        """
        before = select(func.max(Turn.pledged_at)).where(
            Turn.channel_id == turn.channel_id, Turn.id < turn.id
        )
        query = select(Call).where(
            Call.channel_id == turn.channel_id,
            Call.purpose == "reply",
            Call.at >= since,
            Call.at <= turn.pledged_at,
        )
        last = await self._session.scalar(before)
        if last is not None:
            query = query.where(Call.at > last)
        return list(await self._session.scalars(query.order_by(Call.id)))

    async def add(self, call: Call) -> None:
        """Enter a call; not whose it was, if that person is not known any more."""
        values = values_of(call)
        values["whose"] = values.pop("user_id")
        await self._session.execute(_ADD, values)

    async def spending(self, *, since: datetime, user_id: int | None = None) -> Spending:
        """Add up the calls since a moment, of everybody or of one person."""
        went_in = (
            func.coalesce(Call.input_tokens, 0)
            + Call.cache_read_tokens
            + Call.cache_write_5m_tokens
            + Call.cache_write_1h_tokens
        )
        query = select(
            func.count(),
            func.count() - func.count(Call.cost),
            func.coalesce(func.sum(Call.cost), 0.0),
            func.coalesce(func.sum(went_in), 0),
            func.coalesce(func.sum(Call.output_tokens), 0),
        ).where(Call.at >= since)
        if user_id is not None:
            query = query.where(Call.user_id == user_id)
        calls, unpriced, cost, went_in_total, came_out = (await self._session.execute(query)).one()
        return Spending(calls, unpriced, cost or 0.0, went_in_total, came_out or 0)

    async def outcomes(self, *, since: datetime) -> dict[str, int]:
        """Count the calls since a moment by what came of them."""
        query = select(Call.outcome, func.count()).where(Call.at >= since).group_by(Call.outcome)
        return {row[0]: row[1] for row in await self._session.execute(query)}
