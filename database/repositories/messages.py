"""The 24-hour log of messages."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, false, func, insert, or_, select, update
from sqlalchemy.orm import aliased

from database.models import CastMember, Channel, Claim, Consent, MessageRow, Seat, SummarySource, Turn
from database.repositories import Repository, table_of, values_of
from database.repositories.casts import heard_by
from database.repositories.consents import agreed
from database.repositories.prompts import PromptRepository


class LoggedLine(NamedTuple):
    """A line of the transcript: see MessageRow. A reply reads hundreds, too many for entities."""

    place: int
    position: int
    id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    heard_through: int | None
    character: str | None
    drew_on: list[int] | None
    reply_to: int | None
    attachments: list[dict[str, Any]] | None


class Uncovered(NamedTuple):
    """A line that no summary covers yet: see MessageRow.

    A reply was `said_to` somebody, and is `under_way` while it is being changed.
    """

    place: int
    position: int
    id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    heard_through: int | None
    character: str | None
    drew_on: list[int] | None
    reply_to: int | None
    attachments: list[dict[str, Any]] | None
    from_bot: bool
    said_to: int | None
    under_way: bool


class LatelySaid(NamedTuple):
    """The fields of a line that decisions need."""

    id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    from_bot: bool
    reply_to: int | None
    heard_through: int | None
    character: str | None
    attachments: list[dict[str, Any]] | None


_ADD = insert(table_of(MessageRow))
_LATELY = (
    select(*(getattr(MessageRow, name) for name in LatelySaid._fields))
    .where(MessageRow.channel_id == bindparam("channel_id"), MessageRow.sent_at >= bindparam("since"))
    .order_by(MessageRow.position.desc())
    .limit(bindparam("limit"))
)
_NOT_COVERED = MessageRow.id.not_in(
    select(SummarySource.message_id).where(SummarySource.character == bindparam("character"))
)
_UNCOVERED = (
    select(
        *(getattr(MessageRow, name) for name in (*LoggedLine._fields, "from_bot")),
        Turn.addressee_id,
        func.coalesce(Turn.state == "pledged", false()),
    )
    .outerjoin(Turn, Turn.id == MessageRow.turn_id)
    .where(MessageRow.channel_id == bindparam("channel_id"), heard_by(bindparam("character")), _NOT_COVERED)
    .order_by(MessageRow.place, MessageRow.position)
    .limit(bindparam("limit"))
)
_TRANSCRIPT = (
    select(*(getattr(MessageRow, name) for name in LoggedLine._fields))
    .where(
        MessageRow.channel_id == bindparam("channel_id"),
        MessageRow.sent_at >= bindparam("since"),
        MessageRow.position >= bindparam("earliest"),  # never after its place: lets the query use the index
        MessageRow.place >= bindparam("floor"),
        heard_by(bindparam("character")),
    )
    .order_by(MessageRow.place.desc(), MessageRow.position.desc())
    .limit(bindparam("limit"))
)


def _of_who_agreed(consent: Literal["opt_in", "opt_out"]) -> ColumnElement[bool]:
    """Return the condition for lines by people who consent to facts about them, or to such people (D03)."""
    agreed = consent == "opt_in"
    answered = select(Consent.person_id).where(Consent.given.is_(agreed))
    to = select(Turn.addressee_id).where(Turn.id == MessageRow.turn_id).scalar_subquery()
    if agreed:
        return or_(MessageRow.author_id.in_(answered), to.in_(answered))
    by_person = and_(MessageRow.author_id.not_in(answered), MessageRow.from_bot.is_(False))
    return or_(by_person, and_(to.is_not(None), to.not_in(answered)))


def _to_be_summed_up() -> ColumnElement[bool]:
    """Return the condition for lines that a character with a seat heard and has yet to summarise.

    Each subquery names its correlated tables, because SQLAlchemy correlates only the nearest one by itself.
    """
    own, told = aliased(MessageRow), aliased(SummarySource)
    covered = select(SummarySource.message_id).where(
        SummarySource.message_id == MessageRow.id, SummarySource.character == Seat.character
    )
    own_covered = select(told.message_id).where(told.message_id == own.id, told.character == Seat.character)
    took_part = select(own.id).where(
        own.channel_id == Seat.channel_id,
        own.character == Seat.character,
        ~own_covered.correlate(own, Seat).exists(),
    )
    seats = select(Seat.character).where(
        Seat.channel_id == MessageRow.channel_id,
        _was_there(),
        ~covered.correlate(MessageRow, Seat).exists(),
        or_(took_part.correlate(Seat).exists(), MessageRow.place < Seat.floor),
    )
    return seats.correlate(MessageRow).exists()


def _to_be_drawn_from() -> ColumnElement[bool]:
    """Return the condition for lines from which a seated character, or nobody, has extracted facts."""
    seats = select(Seat.character).where(Seat.channel_id == MessageRow.channel_id, _was_there())
    waiting = seats.where(MessageRow.position > Seat.consolidated)
    return or_(~seats.correlate(MessageRow).exists(), waiting.correlate(MessageRow).exists())


def _was_there() -> ColumnElement[bool]:
    casts = select(CastMember.cast_id).where(
        CastMember.character == Seat.character, CastMember.cast_id == MessageRow.cast_id
    )
    return or_(MessageRow.cast_id.is_(None), casts.correlate(MessageRow, Seat).exists())


class MessageRepository(Repository):
    """The messages table."""

    async def add(self, message: MessageRow) -> None:
        """Append a line to the log."""
        await self._session.execute(_ADD, values_of(message))

    async def transcript(
        self, channel_id: int, character: str, *, since: datetime, floor: int = 0, limit: int = 2_000
    ) -> list[LoggedLine]:
        """Return the newest lines that a character heard in a channel since `since` and from `floor` on.

        They are in the order in which the characters took them in: see MessageRow.place.
        """
        asked = {"channel_id": channel_id, "character": character, "since": since, "floor": floor}
        asked |= {"earliest": floor // 2, "limit": limit}
        rows = (await self._session.execute(_TRANSCRIPT, asked)).all()
        return [LoggedLine(*row) for row in reversed(rows)]

    async def agreed(
        self,
        channel_id: int,
        character: str,
        *,
        since: datetime,
        consent: Literal["opt_in", "opt_out"],
        limit: int,
    ) -> list[LoggedLine]:
        """Return the newest lines of a channel that a character heard and may refer to unprompted.

        Their authors consent to being remembered, or they are characters' lines to such people or to nobody.
        """
        nobody = select(Turn.id).where(Turn.id == MessageRow.turn_id, Turn.addressee_id == 0)
        # An answer to several people counts only if all of them consent.
        unconsenting = select(Claim.turn_id).where(
            Claim.turn_id == MessageRow.turn_id, Claim.author_id != 0, ~agreed(Claim.author_id, consent)
        )
        query = (
            select(*(getattr(MessageRow, name) for name in LoggedLine._fields))
            .where(
                MessageRow.channel_id == channel_id,
                MessageRow.sent_at >= since,
                heard_by(character),
                or_(_of_who_agreed(consent), nobody.correlate(MessageRow).exists()),
                ~unconsenting.correlate(MessageRow).exists(),
            )
            .order_by(MessageRow.place.desc(), MessageRow.position.desc())
            .limit(limit)
        )
        rows = (await self._session.execute(query)).all()
        return [LoggedLine(*row) for row in reversed(rows)]

    async def uncovered(self, channel_id: int, character: str, *, limit: int = 2_000) -> list[Uncovered]:
        """Return the oldest lines that a character heard in a channel and has not summarised, in order."""
        asked = {"channel_id": channel_id, "character": character, "limit": limit}
        return [Uncovered._make(row) for row in await self._session.execute(_UNCOVERED, asked)]

    async def person_in(self, channel_id: int) -> int | None:
        """Return the last speaker in a channel other than a character."""
        query = select(MessageRow.author_id).where(
            MessageRow.channel_id == channel_id, MessageRow.heard_through.is_(None)
        )
        return await self._session.scalar(query.order_by(MessageRow.position.desc()).limit(1))

    async def spoken_since(self, channel_id: int, message_id: int) -> bool:
        """Return whether anybody but the characters spoke in a channel after one of its messages."""
        then = select(MessageRow.position).where(MessageRow.id == message_id).scalar_subquery()
        query = select(MessageRow.id).where(
            MessageRow.channel_id == channel_id,
            MessageRow.position > then,
            MessageRow.heard_through.is_(None),
        )
        return await self._session.scalar(query.limit(1)) is not None

    async def waiting(self, character: str) -> list[int]:
        """Return the channels with lines before a character's transcript that no summary covers."""
        query = (
            select(MessageRow.channel_id)
            .join(Seat, Seat.channel_id == MessageRow.channel_id)
            .where(
                Seat.character == bindparam("character"),
                MessageRow.place < Seat.floor,
                heard_by(bindparam("character")),
                _NOT_COVERED,
            )
            .distinct()
        )
        return list(await self._session.scalars(query, {"character": character}))

    async def lately(self, channel_id: int, *, since: datetime, limit: int) -> list[LatelySaid]:
        """Return a channel's newest `limit` lines since `since`, in order of arrival."""
        asked = {"channel_id": channel_id, "since": since, "limit": limit}
        rows = (await self._session.execute(_LATELY, asked)).all()
        return [LatelySaid(*row) for row in reversed(rows)]

    async def said_by(self, people: Collection[int], *, since: datetime) -> list[tuple[int, str]]:
        """Return (author, text) of the messages of some people since a moment, anywhere."""
        query = select(MessageRow.author_id, MessageRow.text).where(
            MessageRow.author_id.in_(people), MessageRow.sent_at >= since
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]

    async def count(self, *, author_id: int, channel_id: int | None = None) -> int:
        """Return the number of a person's lines in the log, in one channel or in all."""
        query = select(func.count()).select_from(MessageRow).where(MessageRow.author_id == author_id)
        if channel_id is not None:
            query = query.where(MessageRow.channel_id == channel_id)
        return int(await self._session.scalar(query) or 0)

    async def get(self, message_id: int) -> MessageRow | None:
        return await self._session.scalar(select(MessageRow).where(MessageRow.id == message_id))

    async def of_turn(self, turn_id: int) -> list[MessageRow]:
        """Return the lines of a reply, in order."""
        query = select(MessageRow).where(MessageRow.turn_id == turn_id).order_by(MessageRow.position)
        return list(await self._session.scalars(query))

    async def of_author(self, author_id: int, channel_ids: Collection[int]) -> list[int]:
        """Return the ids of a person's messages in some channels."""
        query = select(MessageRow.id).where(
            MessageRow.author_id == author_id, MessageRow.channel_id.in_(channel_ids)
        )
        return list(await self._session.scalars(query))

    async def replies_to(self, author_id: int, channel_ids: Collection[int]) -> list[int]:
        """Return the ids of replies in some channels to a person, alone or with others."""
        answered = select(Claim.turn_id).where(Claim.author_id == author_id, Claim.turn_id.is_not(None))
        query = (
            select(MessageRow.id)
            .join(Turn, Turn.id == MessageRow.turn_id)
            .where(
                or_(Turn.addressee_id == author_id, Turn.id.in_(answered)),
                MessageRow.channel_id.in_(channel_ids),
            )
        )
        return list(await self._session.scalars(query))

    async def ids_in(self, channel_id: int) -> list[int]:
        """Return the ids of all lines of a channel in the log."""
        return list(
            await self._session.scalars(select(MessageRow.id).where(MessageRow.channel_id == channel_id))
        )

    async def channels_of(self, author_id: int) -> list[int]:
        """Return the channels with lines by a person, or replies to them, in the log."""
        answered = select(Turn.id).where(Turn.addressee_id == author_id)
        condition = or_(MessageRow.author_id == author_id, MessageRow.turn_id.in_(answered))
        return list(await self._session.scalars(select(MessageRow.channel_id).where(condition).distinct()))

    async def edited(
        self, message_id: int, text: str, attachments: list[dict[str, Any]] | None = None
    ) -> None:
        """Replace a message's text and attachments."""
        author = select(MessageRow.author_id).where(
            MessageRow.id == message_id, MessageRow.from_bot.is_(False)
        )
        await PromptRepository(self._session).forget(people=list(await self._session.scalars(author)))
        changed = update(MessageRow).where(MessageRow.id == message_id)
        await self._session.execute(changed.values(text=text, attachments=attachments))

    async def newest(self, channel_id: int) -> int:
        """Return the position of a channel's newest line; 0 without any."""
        query = select(func.max(MessageRow.position)).where(MessageRow.channel_id == channel_id)
        return await self._session.scalar(query) or 0

    async def recast(self, message_ids: Collection[int], cast_id: int) -> None:
        """Assign another cast of listeners to messages."""
        moved = update(MessageRow).where(MessageRow.id.in_(message_ids)).values(cast_id=cast_id)
        await self._session.execute(moved)

    async def forget(self, message_ids: Collection[int]) -> int:
        """Delete messages from the log; return their number."""
        await self._forget_prompts(MessageRow.id.in_(message_ids))
        result = await self._session.execute(delete(MessageRow).where(MessageRow.id.in_(message_ids)))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def _forget_prompts(self, condition: ColumnElement[bool] | None) -> None:
        assert condition is not None
        places = await self._session.scalars(select(MessageRow.channel_id).where(condition).distinct())
        people = await self._session.scalars(select(MessageRow.author_id).where(condition).distinct())
        await PromptRepository(self._session).forget(channel_ids=list(places), people=list(people))

    async def forget_author(self, author_id: int, *, guild_id: int | None = None) -> int:
        """Delete a person's messages, in one server or anywhere; return the number of lines."""
        gone = delete(MessageRow).where(MessageRow.author_id == author_id)
        if guild_id is not None:
            channels = select(Channel.id).where(Channel.guild_id == guild_id)
            gone = gone.where(MessageRow.channel_id.in_(channels))
        await self._forget_prompts(gone.whereclause)
        result = await self._session.execute(gone)
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def prune(
        self,
        before: datetime,
        *,
        at_last: datetime,
        consent: Literal["opt_in", "opt_out", "off"] = "opt_in",
        channel_id: int | None = None,
    ) -> int:
        """Delete lines from before a moment, in one channel or anywhere; return the number of lines.

        A line that a participating character has yet to summarise stays, but not if it is older than
        `at_last`. The same holds for lines from before the transcript's start, and for lines from which facts
        are extracted, until every listener has processed them.
        """
        waiting = _to_be_summed_up()
        if consent != "off":
            waiting = or_(waiting, and_(_to_be_drawn_from(), _of_who_agreed(consent)))
        gone = delete(MessageRow).where(
            MessageRow.sent_at < before, or_(~waiting, MessageRow.sent_at < at_last)
        )
        if channel_id is not None:
            gone = gone.where(MessageRow.channel_id == channel_id)
        result = await self._session.execute(gone)
        return int(result.rowcount)  # type: ignore[attr-defined]
