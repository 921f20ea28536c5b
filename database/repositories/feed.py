"""Overview of all channels: lines with decisions, costs, and known people."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union_all

from database.models import CallRow, Channel, Claim, Fact, MessageRow, Nickname, Turn
from database.models.talk import FAILED, FALLBACK
from database.repositories import Repository
from database.repositories.calls import WENT_IN

Outcome = Literal["answered", "silent", "failed"]


class FeedLine(NamedTuple):
    """A line of the log, with its place and the decision about it.

    `turn_id` is the reply it belongs to if a `character` said it, otherwise the reply that answers it. `open`
    means that the decision is pending; `open` and `reason` are None if no decision was necessary.
    """

    position: int
    message_id: int
    channel_id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    character: str | None
    place: str
    channel_name: str
    guild_id: int | None
    guild_name: str
    open: bool | None
    reason: str | None
    trace: dict[str, Any] | None
    turn_id: int | None
    fallback: bool | None


class Spent(NamedTuple):
    """Totals of the calls for a reply; `cost` is None if a price is unknown."""

    calls: int
    cost: float | None
    went_in: int
    came_out: int
    from_cache: int


class KnownPerson(NamedTuple):
    """A person known to a character: number of facts, and the time of the latest."""

    person_id: int
    name: str
    facts: int
    latest: datetime


class FeedRepository(Repository):
    """Joins messages, claims, turns and calls."""

    async def lines(
        self,
        *,
        before: int | None = None,
        channel_id: int | None = None,
        person_id: int | None = None,
        outcome: Outcome | None = None,
        message_id: int | None = None,
        limit: int = 50,
    ) -> list[FeedLine]:
        """Return the newest lines of the log, newest first; `before` is a position."""
        reply = func.coalesce(MessageRow.turn_id, Claim.turn_id)
        query = (
            select(
                MessageRow.position,
                MessageRow.id,
                MessageRow.channel_id,
                MessageRow.author_id,
                MessageRow.author_name,
                MessageRow.text,
                MessageRow.sent_at,
                MessageRow.character,
                Channel.place,
                Channel.name,
                Channel.guild_id,
                Channel.guild_name,
                Claim.open,
                Claim.reason,
                Claim.trace,
                reply,
                Turn.fallback,
            )
            .join(Channel, Channel.id == MessageRow.channel_id)
            .outerjoin(Claim, Claim.message_id == MessageRow.id)
            .outerjoin(Turn, Turn.id == reply)
            .order_by(MessageRow.position.desc())
            .limit(limit)
        )
        chosen = (
            (MessageRow.channel_id, channel_id),
            (MessageRow.author_id, person_id),
            (MessageRow.id, message_id),
        )
        conditions = [column == value for column, value in chosen if value is not None]
        if before is not None:
            conditions.append(MessageRow.position < before)
        if outcome is not None:
            conditions.append(_OUTCOMES[outcome])
        if outcome == "failed":  # there may be many failures: limit them before reading whole rows
            newest = select(MessageRow.position).where(*conditions).order_by(MessageRow.position.desc())
            conditions = [MessageRow.position.in_(newest.limit(limit).correlate(None))]
        query = query.where(*conditions)
        return [FeedLine._make(row) for row in await self._session.execute(query)]

    async def places(self, *, limit: int) -> list[tuple[int, str, str, str]]:
        """Return the most recently active channels: id, kind, name and server of each.

        A private channel is named after its person.
        """
        newest = (  # one index lookup per channel; grouping would read all messages
            select(func.max(MessageRow.position)).where(MessageRow.channel_id == Channel.id).scalar_subquery()
        )
        person = (
            select(MessageRow.author_name)
            .where(MessageRow.channel_id == Channel.id, MessageRow.character.is_(None))
            .order_by(MessageRow.position.desc())
            .limit(1)
            .scalar_subquery()
        )
        name = case((Channel.place == "guild", Channel.name), else_=func.coalesce(person, Channel.name))
        query = (
            select(Channel.id, Channel.place, name, Channel.guild_name)
            .where(newest.is_not(None))
            .order_by(newest.desc())
            .limit(limit)
        )
        return [(row[0], row[1], row[2], row[3]) for row in await self._session.execute(query)]

    async def spent(self, turn_ids: Collection[int]) -> dict[int, Spent]:
        """Return the cost of replies, by turn id, with all calls made for them."""
        query = (
            select(
                CallRow.turn_id,
                func.count(),
                func.count(CallRow.cost),
                func.sum(CallRow.cost),
                func.sum(WENT_IN),
                func.sum(func.coalesce(CallRow.output_tokens, 0)),
                func.sum(CallRow.cache_read_tokens),
            )
            .where(CallRow.turn_id.in_(turn_ids))
            .group_by(CallRow.turn_id)
        )
        rows: Any = await self._session.execute(query)
        return {
            turn_id: Spent(calls, cost if priced == calls else None, went_in, came_out, cached)
            for turn_id, calls, priced, cost, went_in, came_out, cached in rows
        }

    async def known(self, character: str, words: str = "", *, limit: int = 100) -> list[KnownPerson]:
        """Return the people a character knows, latest first; `words` must occur in a name or fact.

        Facts told in private are counted but never searched.
        """
        name = (
            select(Nickname.name)
            .where(Nickname.user_id == Fact.person_id)
            .order_by(Nickname.last_seen.desc())
            .limit(1)
            .scalar_subquery()
        )
        latest = func.max(Fact.changed_at)
        query = (
            select(Fact.person_id, name, func.count(), latest)
            .where(Fact.character == character)
            .group_by(Fact.person_id)
            .order_by(latest.desc())
            .limit(limit)
        )
        if words:
            called = select(Nickname.user_id).where(Nickname.name.icontains(words, autoescape=True))
            said = and_(Fact.scope != "dm", Fact.text.icontains(words, autoescape=True))
            query = query.where(or_(Fact.person_id.in_(called), said))
        return [
            KnownPerson(row[0], row[1] or "?", row[2], row[3]) for row in await self._session.execute(query)
        ]


_FAILED = union_all(  # partial indexes hold exactly these; a condition on each line would read all lines
    select(Claim.message_id).where(FAILED),
    select(Turn.trigger_id).where(FALLBACK),
)
_OUTCOMES: dict[Outcome, ColumnElement[bool]] = {
    "answered": and_(MessageRow.turn_id.is_(None), Turn.fallback.is_(False)),
    "silent": and_(Claim.open.is_(False), Claim.turn_id.is_(None)),
    "failed": and_(MessageRow.turn_id.is_(None), MessageRow.id.in_(_FAILED)),
}
