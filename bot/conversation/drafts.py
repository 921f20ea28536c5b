"""Messages that show a reply while the model writes it: posted, edited, or deleted."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.conversation.config import Streaming
from bot.conversation.growing_reply import GrowingReply, ReplyTrigger, message_of
from bot.conversation.message_log import MessageLog
from bot.conversation.outbox import PLACES, MouthOf
from bot.conversation.queue import Rooms
from bot.conversation.speakers import Casting
from bot.conversation.types import Mouth
from bot.core.clock import Runtime
from bot.core.errors import SpeakingError, Unsaid
from bot.core.tasks import running
from database import Database, UnitOfWork
from database.models import Draft

log = logging.getLogger(__name__)


class Drafting:
    """Grows replies, continues drafts from before a restart, and deletes abandoned drafts."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        rooms: Rooms,
        casting: Casting,
        message_log: MessageLog,
        *,
        how: Streaming,
        resume_within: timedelta,
        limit: int,
    ) -> None:
        self._database = database
        self._runtime = runtime
        self._rooms = rooms
        self._casting = casting
        self._is_gone = message_log.is_gone
        self._how = how
        self._resume_within = resume_within
        self._limit = limit

    @asynccontextmanager
    async def growing(
        self, cause: ReplyTrigger, stale: Callable[[], bool]
    ) -> AsyncIterator[GrowingReply | None]:
        """Yield the display of a growing reply; None if the reply is posted whole, or displayed in another
        way.

        While `stale` is true, because the answered message was edited or deleted, the display stops.
        """
        if not self._how.enabled or cause.mouth.show or cause.newest.where.place not in PLACES:
            yield None
            return
        reply = GrowingReply(
            self._database, self._runtime, self._how, cause, self._limit, stale=stale, is_gone=self._is_gone
        )
        try:
            reply.standing = await self._left_behind(cause)
        except SpeakingError:
            reply.stop()
        async with running(reply.keep_up(), name="Showing a reply while it is written"):
            yield reply

    async def _left_behind(self, cause: ReplyTrigger) -> list[tuple[Draft, str]]:
        """Return the messages of a draft of the same reply from before a restart, if Discord can tell which
        exist.
        """
        async with self._database.read(brief=True) as db:
            left = await db.drafts.of_channel(cause.newest.where.channel_id)
        drafts = [draft for draft in left if cause.is_shown_by(draft)]
        standing = list[tuple[Draft, str]]()
        for draft in drafts:
            if draft.mark != drafts[-1].mark:
                continue  # of an earlier reply: deleted once all messages that it answers are answered
            if (message_id := await message_of(self._database, draft, cause.mouth)) is None:
                await self._close([draft])
                break
            draft.message_id = message_id
            standing.append((draft, ""))
        return standing

    async def take_down(self, mouth: Mouth, drafts: Iterable[Draft]) -> None:
        """Delete the messages of abandoned drafts. A deletion that fails is retried later."""
        for draft in drafts:
            try:
                if (message_id := await message_of(self._database, draft, mouth)) is not None:
                    await mouth.unsay(message_id)
            except Unsaid as error:
                log.warning("A draft in channel %s is not taken down yet: %s", draft.channel_id, error)
            except SpeakingError as error:
                log.warning("A draft in channel %s can't be taken down: %s", draft.channel_id, error)
                await self._close([draft])
            else:
                await self._close([draft])

    async def take_down_left(self, mouth_of: MouthOf, channel_id: int | None = None) -> None:
        """Delete drafts from before a restart that nobody waits for: in a channel, or everywhere."""
        async with self._database.read(brief=True) as db:
            channels = await db.drafts.channels()
        await asyncio.gather(
            *(self._tidy(left, mouth_of(left)) for left in channels if channel_id in (None, left))
        )

    async def _tidy(self, channel_id: int, mouth: Mouth) -> None:
        """Wait for silence in a channel: a draft that exists then is abandoned."""
        async with self._rooms.enter(channel_id) as room, room.lock:
            async with self._database.read(brief=True) as db:
                left = await db.drafts.of_channel(channel_id)
                unwanted = [draft for draft in left if not await self._is_awaited(db, draft)]
            for draft in unwanted:
                speaker = self._casting.company.speaker(draft.character)
                await self.take_down(mouth.speaking_as(speaker), [draft])

    async def _is_awaited(self, db: UnitOfWork, draft: Draft) -> bool:
        """Say whether the message that a draft answers still needs an answer."""
        since = self._runtime.clock.now() - self._resume_within
        if draft.mark.startswith("q"):
            return draft.opened_at >= since and await db.cues.is_open(int(draft.mark[1:]))
        claimed = await db.turns.open_since(draft.trigger_id)
        return claimed is not None and claimed >= since

    async def _close(self, drafts: Sequence[Draft]) -> None:
        async with self._database.begin(brief=True) as db:
            for draft in drafts:
                await db.drafts.close(draft.channel_id, draft.character, [draft.nonce])
