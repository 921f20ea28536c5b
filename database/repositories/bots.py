"""How often other bots were answered: what keeps bots from talking to each other for ever."""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select, update

from database.models import BotReplies
from database.repositories.base import Inserting, Repository, table_of

_replies = table_of(BotReplies)
_TALLY = select(_replies.c.channel_id, _replies.c.bot_id, _replies.c.replies, _replies.c.replied_at).where(
    or_(_replies.c.channel_id == bindparam("channel"), _replies.c.bot_id == bindparam("bot"))
)
_REARM = (
    update(_replies)
    .where(_replies.c.channel_id == bindparam("channel"), _replies.c.replies > 0)
    .values(replies=0)
)


class BotTally(NamedTuple):
    """Replies to one bot in one channel since a person spoke there, and the last of them."""

    channel_id: int
    bot_id: int
    replies: int
    replied_at: datetime


class Bots(Repository):
    """The bot_replies table."""

    async def tallies(self, channel_id: int, bot_id: int) -> list[BotTally]:
        """Return the tallies of every bot in a channel, and of one bot in every channel."""
        rows = await self._session.execute(_TALLY, {"channel": channel_id, "bot": bot_id})
        return [BotTally(*row) for row in rows.all()]

    async def count_reply(self, channel_id: int, bot_id: int, *, at: datetime) -> None:
        """Count one more reply to a bot."""
        counted = {"channel_id": channel_id, "bot_id": bot_id, "replies": 1, "replied_at": at}
        await self._session.execute(_count_reply(self._insert), counted)

    async def rearm(self, channel_id: int) -> None:
        """Begin the counts of a channel anew: a person spoke there."""
        await self._session.execute(_REARM, {"channel": channel_id})


@cache
def _count_reply(insert: Inserting) -> Any:
    row = insert(_replies)
    return row.on_conflict_do_update(
        index_elements=["channel_id", "bot_id"],
        set_={"replies": _replies.c.replies + 1, "replied_at": row.excluded.replied_at},
    )
