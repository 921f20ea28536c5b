"""Counts of replies to other bots, which prevent endless conversations between bots."""

from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select, update

from database.models import BotReplies
from database.repositories import Inserting, Repository, table_of

_replies = table_of(BotReplies)


class BotTally(NamedTuple):
    """Replies to one bot in one channel since a person spoke there, and the time of the last reply ever."""

    channel_id: int
    bot_id: int
    replies: int
    in_vain: int
    replied_at: datetime | None


_TALLY = select(*(_replies.c[name] for name in BotTally._fields)).where(
    or_(_replies.c.channel_id == bindparam("channel"), _replies.c.bot_id == bindparam("bot"))
)
_COUNTS = (
    _replies.c.channel_id == bindparam("channel"),
    or_(_replies.c.replies > 0, _replies.c.in_vain > 0),
)
_HAS_COUNTS = select(_replies.c.bot_id).where(*_COUNTS).limit(1)
_REARM = update(_replies).where(*_COUNTS).values(replies=0, in_vain=0)


class BotRepository(Repository):
    """The bot_replies table."""

    async def tallies(self, channel_id: int, bot_id: int) -> list[BotTally]:
        """Return the tallies of every bot in a channel, and of one bot in every channel."""
        rows = await self._session.execute(_TALLY, {"channel": channel_id, "bot": bot_id})
        return [BotTally(*row) for row in rows.all()]

    async def count(self, channel_id: int, bot_id: int, *, replied_at: datetime | None) -> None:
        """Count a reply to a bot; without a time, an attempt that produced no reply."""
        said = replied_at is not None
        counted = {"channel_id": channel_id, "bot_id": bot_id, "replied_at": replied_at}
        counted |= {"replies": int(said), "in_vain": int(not said)}
        await self._session.execute(_count(self._insert), counted)

    async def rearm(self, channel_id: int) -> None:
        """Reset a channel's counts after a person spoke."""
        if await self._kept(("bot_replies",), channel_id, partial(self._has_counts, channel_id)):
            await self._session.execute(_REARM, {"channel": channel_id})

    async def _has_counts(self, channel_id: int) -> bool:
        return bool(await self._session.scalar(_HAS_COUNTS, {"channel": channel_id}))


@cache
def _count(insert: Inserting) -> Any:
    row = insert(_replies)
    return row.on_conflict_do_update(
        index_elements=["channel_id", "bot_id"],
        set_={
            "replies": _replies.c.replies + row.excluded.replies,
            "in_vain": _replies.c.in_vain + row.excluded.in_vain,
            "replied_at": func.coalesce(row.excluded.replied_at, _replies.c.replied_at),
        },
    )
