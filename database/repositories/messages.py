"""The 24-hour log of what was said."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from database.models import Channel, Message
from database.repositories.base import Repository, table_of, values_of


class LoggedLine(NamedTuple):
    """A line of the transcript: see Message. Hundreds are read for a reply, too many to be entities."""

    place: int
    position: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    heard_through: int | None


class LatelySaid(NamedTuple):
    """A line as far as deciding looks at it."""

    id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    from_bot: bool
    reply_to: int | None
    heard_through: int | None


_ADD = insert(table_of(Message))
_LATELY = (
    select(*(getattr(Message, name) for name in LatelySaid._fields))
    .where(Message.channel_id == bindparam("channel_id"), Message.sent_at >= bindparam("since"))
    .order_by(Message.position.desc())
    .limit(bindparam("limit"))
)
_TRANSCRIPT = (
    select(*(getattr(Message, name) for name in LoggedLine._fields))
    .where(
        Message.channel_id == bindparam("channel_id"),
        Message.sent_at >= bindparam("since"),
        Message.position >= bindparam("earliest"),  # never later than its place: lets the index help
        Message.place >= bindparam("floor"),
    )
    .order_by(Message.place.desc(), Message.position.desc())
    .limit(bindparam("limit"))
)


class Messages(Repository):
    """The messages table."""

    async def add(self, message: Message) -> None:
        """Append a line to the log."""
        await self._session.execute(_ADD, values_of(message))

    async def transcript(
        self, channel_id: int, *, since: datetime, floor: int = 0, limit: int = 2_000
    ) -> list[LoggedLine]:
        """Return what was said in a channel from `since` on and not before `floor`, the newest `limit`.

        In the order in which the character took it in: see Message.place.
        """
        asked = {"channel_id": channel_id, "since": since, "floor": floor}
        asked |= {"earliest": floor // 2, "limit": limit}
        rows = (await self._session.execute(_TRANSCRIPT, asked)).all()
        return [LoggedLine(*row) for row in reversed(rows)]

    async def lately(self, channel_id: int, *, since: datetime, limit: int) -> list[LatelySaid]:
        """Return the newest `limit` lines of a channel from `since` on, in the order of arrival."""
        asked = {"channel_id": channel_id, "since": since, "limit": limit}
        rows = (await self._session.execute(_LATELY, asked)).all()
        return [LatelySaid(*row) for row in reversed(rows)]

    async def count(self, *, author_id: int, channel_id: int | None = None) -> int:
        """Return how many lines of somebody the log holds, in one channel or in all."""
        query = select(func.count()).select_from(Message).where(Message.author_id == author_id)
        if channel_id is not None:
            query = query.where(Message.channel_id == channel_id)
        return int(await self._session.scalar(query) or 0)

    async def get(self, message_id: int) -> Message | None:
        return await self._session.scalar(select(Message).where(Message.id == message_id))

    async def edited(self, message_id: int, text: str) -> bool:
        """Replace the words of a message; say whether we had it."""
        result = await self._session.execute(
            update(Message).where(Message.id == message_id, Message.text != text).values(text=text)
        )
        return bool(result.rowcount)  # type: ignore[attr-defined]

    async def forget(self, message_ids: Collection[int]) -> int:
        """Delete messages from the log; return how many there were."""
        result = await self._session.execute(delete(Message).where(Message.id.in_(message_ids)))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def forget_author(self, author_id: int, *, guild_id: int | None = None) -> int:
        """Delete what somebody said, in one server or anywhere; return how many lines went."""
        gone = delete(Message).where(Message.author_id == author_id)
        if guild_id is not None:
            there = select(Channel.id).where(Channel.guild_id == guild_id)
            gone = gone.where(Message.channel_id.in_(there))
        result = await self._session.execute(gone)
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def forget_channel(self, channel_id: int) -> int:
        """Delete what was said in a channel; return how many lines went."""
        result = await self._session.execute(delete(Message).where(Message.channel_id == channel_id))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def prune(self, before: datetime) -> int:
        """Delete what was said before a moment; return how many lines went."""
        result = await self._session.execute(delete(Message).where(Message.sent_at < before))
        return int(result.rowcount)  # type: ignore[attr-defined]
