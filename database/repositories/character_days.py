"""Daily activity of characters per server, counted from other tables and stored (F109)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal_column, or_, select, update

from database.models import CallRow, Channel, CharacterDay, Claim, Turn
from database.repositories import Repository, upsert, values_of
from database.repositories.calls import WENT_IN

_GUILD = func.coalesce(Channel.guild_id, literal_column("0")).label("guild_id")
_VOTED_FOR = Claim.trace["voted_for"].as_string()
_OF_REPLY = CallRow.purpose == "reply"


class CharacterDayRepository(Repository):
    """The character_days table."""

    async def count(
        self, day: str, *, since: datetime, until: datetime, unasked: Collection[str]
    ) -> list[CharacterDay]:
        """Count characters' activity between two moments; messages for `unasked` reasons are no replies."""
        rows: dict[tuple[str, int], CharacterDay] = {}

        def row_of(character: str, guild_id: int) -> CharacterDay:
            return rows.setdefault((character, guild_id), CharacterDay(day, character, guild_id))

        replied = (
            *(Turn.begun_at >= since, Turn.begun_at < until, Turn.state == "said"),
            *(Turn.fallback.is_(False), Turn.reason.not_in(unasked)),
        )
        for query in (_replies(*replied), _calls(since, until)):
            for found in (await self._session.execute(query)).mappings():
                row = row_of(found["character"], found["guild_id"])
                for name in found.keys() - {"character", "guild_id"}:
                    # PostgreSQL returns sums of integers as decimals.
                    setattr(row, name, type(getattr(row, name))(found[name] or 0))
        for character, guild_id, carried in await self._session.execute(_votes(since, until)):
            row = row_of(character, guild_id)
            row.votes, row.won = row.votes + 1, row.won + bool(carried)
        for character, guild_id, topic, times in await self._session.execute(_topics(*replied)):
            row_of(character, guild_id).topics[topic] = times
        return list(rows.values())

    async def keep(self, rows: Collection[CharacterDay]) -> None:
        """Store counts, replacing those of the same day, character and server."""
        if rows:
            await self._session.execute(upsert(self._insert, CharacterDay), [values_of(row) for row in rows])

    async def of(self, *, since: str) -> list[CharacterDay]:
        """Return the counts since a day ("2026-11-22")."""
        query = select(CharacterDay).where(CharacterDay.day >= since)
        return list(await self._session.scalars(query.order_by(CharacterDay.day)))

    async def first(self) -> str | None:
        """Return the first day with counts."""
        return await self._session.scalar(select(func.min(CharacterDay.day)))

    async def forget_counted_topics(self, before: datetime) -> None:
        """Delete the topics of replies from before a moment, which have been counted."""
        await self._forget_topics(Turn.begun_at < before)

    async def forget_topics(self, message_ids: Collection[int]) -> None:
        """Delete the topics of replies to some messages."""
        answering = select(Claim.turn_id).where(Claim.message_id.in_(message_ids), Claim.turn_id.is_not(None))
        await self._forget_topics(or_(Turn.trigger_id.in_(message_ids), Turn.id.in_(answering)))

    async def _forget_topics(self, condition: ColumnElement[bool]) -> None:
        await self._session.execute(update(Turn).where(condition, Turn.topic.is_not(None)).values(topic=None))


def _replies(*conditions: ColumnElement[bool]) -> Any:
    sums = (func.sum(getattr(Turn, name)).label(name) for name in ("letters", "rerolls", "swipes"))
    query = select(Turn.character, _GUILD, func.count().label("replies"), *sums)
    query = query.outerjoin(Channel, Channel.id == Turn.channel_id)
    return query.where(*conditions).group_by(Turn.character, _GUILD)


def _topics(*conditions: ColumnElement[bool]) -> Any:
    query = select(Turn.character, _GUILD, Turn.topic, func.count().label("times"))
    query = query.outerjoin(Channel, Channel.id == Turn.channel_id).where(
        *conditions, Turn.topic.is_not(None)
    )
    return query.group_by(Turn.character, _GUILD, Turn.topic).order_by(Turn.topic)


def _votes(since: datetime, until: datetime) -> Any:
    """Return a query with a row per vote: PostgreSQL can't group by a value extracted from JSON."""
    carried = Claim.trace["carried"].as_boolean().label("carried")
    query = select(_VOTED_FOR.label("character"), _GUILD, carried)
    query = query.outerjoin(Channel, Channel.id == Claim.channel_id)
    return query.where(Claim.claimed_at >= since, Claim.claimed_at < until, _VOTED_FOR != "")


def _calls(since: datetime, until: datetime) -> Any:
    query = select(
        CallRow.character,
        _GUILD,
        func.count().label("calls"),
        (func.count() - func.count(CallRow.cost)).label("unpriced"),
        func.sum(CallRow.cost).label("cost"),
        func.sum(case((_OF_REPLY, WENT_IN), else_=0)).label("prompt_tokens"),
        func.sum(case((_OF_REPLY, CallRow.cache_read_tokens), else_=0)).label("cached_tokens"),
    ).outerjoin(Channel, Channel.id == CallRow.channel_id)
    booked = (CallRow.at >= since, CallRow.at < until, CallRow.character.is_not(None))
    return query.where(*booked).group_by(CallRow.character, _GUILD)
