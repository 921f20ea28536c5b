"""Summaries of older talk, and the lines each of them covers."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, or_, select, update

from database.models import MessageRow, Summary, SummarySource
from database.repositories import Repository, table_of, values_of
from database.repositories.casts import heard_by
from database.repositories.prompts import PromptRepository

_COVER = insert(table_of(SummarySource))
_OF = (
    select(Summary)
    .where(
        Summary.character == bindparam("character"),
        or_(
            Summary.channel_id == bindparam("channel_id"),
            # Data from an older program belongs to its person's private channel.
            and_(Summary.channel_id.is_(None), Summary.person_id == bindparam("person_id")),
        ),
    )
    .order_by(Summary.last_at, Summary.last_place, Summary.id)
)
_NOT_COVERED: ColumnElement[bool] = MessageRow.id.not_in(
    select(SummarySource.message_id).where(SummarySource.character == bindparam("character"))
)


class SummaryRepository(Repository):
    """The summaries and summary_sources tables."""

    async def of(self, channel_id: int, character: str, *, person_id: int | None = None) -> list[Summary]:
        """Return a channel's summaries, oldest first.

        With the person of a private channel, they include the summaries from an older program.
        """
        asked = {"channel_id": channel_id, "character": character, "person_id": person_id}

        async def read() -> list[Summary]:
            return list(await self._session.scalars(_OF, asked))

        return list(await self._kept((Summary.__tablename__,), tuple(asked.values()), read))

    async def add(self, summary: Summary, sources: Sequence[SummarySource]) -> int:
        """Store a summary and the lines it covers, filling in their `summary_id`; return its id."""
        row = await self._session.execute(insert(table_of(Summary)), values_of(summary))
        summary_id = int(row.inserted_primary_key[0])  # type: ignore[attr-defined]
        if sources:
            covered = [values_of(source) | {"summary_id": summary_id} for source in sources]
            await self._session.execute(_COVER, covered)
        return summary_id

    async def join(self, summary_ids: Collection[int], joined: Summary) -> int:
        """Replace several summaries by one that covers the same lines; return its id."""
        summary_id = await self.add(joined, [])
        await self._session.execute(
            update(SummarySource)
            .where(SummarySource.summary_id.in_(summary_ids))
            .values(summary_id=summary_id)
        )
        await self.drop(summary_ids)
        return summary_id

    async def drop(self, summary_ids: Collection[int]) -> int:
        """Delete summaries, so that their lines are no longer covered; return the number."""
        channel_ids = select(Summary.channel_id).where(Summary.id.in_(summary_ids)).distinct()
        places = {place for place in await self._session.scalars(channel_ids) if place is not None}
        await PromptRepository(self._session).forget(channel_ids=places)
        result = await self._session.execute(delete(Summary).where(Summary.id.in_(summary_ids)))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def existing(self, summary_ids: Collection[int]) -> set[int]:
        """Return the ids that still exist."""
        return set(await self._session.scalars(select(Summary.id).where(Summary.id.in_(summary_ids))))

    async def covering(self, message_ids: Collection[int]) -> list[SummarySource]:
        """Return the coverage of messages, for those that are covered."""
        return list(
            await self._session.scalars(
                select(SummarySource).where(SummarySource.message_id.in_(message_ids))
            )
        )

    async def drawn_from(self, author_id: int, *, channel_ids: Collection[int] | None = None) -> set[int]:
        """Return the summaries that contain anything of a person, in some channels or anywhere."""
        query = (
            select(SummarySource.summary_id)
            .join(Summary, Summary.id == SummarySource.summary_id)
            .where(SummarySource.author_id == author_id)
        )
        if channel_ids is not None:
            query = query.where(Summary.channel_id.in_(channel_ids))
        inherited = select(Summary.id).where(Summary.person_id == author_id)
        if channel_ids is not None:
            inherited = inherited.where(Summary.channel_id.in_(channel_ids))
        found = set(await self._session.scalars(query.distinct()))
        return found | set(await self._session.scalars(inherited))

    async def forget_channel(self, channel_id: int, *, person_id: int | None = None) -> int:
        """Delete a channel's summaries, and an older program's about its person."""
        await PromptRepository(self._session).forget(channel_ids=[channel_id])
        gone = Summary.channel_id == channel_id
        if person_id is not None:
            gone = or_(gone, and_(Summary.channel_id.is_(None), Summary.person_id == person_id))
        result = await self._session.execute(delete(Summary).where(gone))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def lines_covered(self, channel_id: int) -> int:
        """Return the number of a channel's lines covered by summaries."""
        query = (
            select(func.count())
            .select_from(SummarySource)
            .join(Summary, Summary.id == SummarySource.summary_id)
            .where(Summary.channel_id == channel_id)
        )
        return int(await self._session.scalar(query) or 0)

    async def ageing(self, before: datetime, character: str) -> list[int]:
        """Return the channels where a character's reply is among the lines that none of its summaries covers.

        At least one of these lines must be from before a moment.
        """
        mine = select(MessageRow.channel_id).where(
            MessageRow.character == bindparam("character"), _NOT_COVERED
        )
        query = (
            select(MessageRow.channel_id)
            .where(
                MessageRow.sent_at < before,
                heard_by(bindparam("character")),
                _NOT_COVERED,
                MessageRow.channel_id.in_(mine),
            )
            .distinct()
        )
        return list(await self._session.scalars(query, {"character": character}))

    async def prune(self, before: datetime) -> int:
        """Delete summaries of channels that have been silent since a moment (D18)."""
        spoken = select(MessageRow.channel_id).where(MessageRow.sent_at >= before)
        silent = and_(
            Summary.channel_id.is_not(None),
            Summary.channel_id.not_in(spoken),
            Summary.channel_id.not_in(select(Summary.channel_id).where(Summary.last_at >= before)),
        )
        result = await self._session.execute(delete(Summary).where(silent))
        return int(result.rowcount)  # type: ignore[attr-defined]
