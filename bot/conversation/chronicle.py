"""What is kept of the talk after it was heard: edits, deletions, how far a channel was heard, and its end."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta

from bot.clock import Clock
from bot.conversation.naming import clean_text
from bot.conversation.rooms import Rooms
from bot.decision import Reason
from bot.turn import Place
from database import Database

LOG_KEPT = timedelta(hours=24)
LEFT_OPEN_FOR = timedelta(hours=24)
"""After this a message that nothing was decided about is let go: resume_within_seconds is long over."""
AUDIT_KEPT = timedelta(days=365)


class Chronicle:
    """The log of what was said, and the decisions about it."""

    def __init__(self, *, database: Database, rooms: Rooms, clock: Clock, decisions_kept: timedelta) -> None:
        self._database = database
        self._rooms = rooms
        self._clock = clock
        self._decisions_kept = decisions_kept

    async def watermarks(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Return the last message heard in each of the channels that are known."""
        async with self._database.read() as db:
            return await db.channels.watermarks(channel_ids)

    async def known(self, place: Place, *, limit: int) -> list[tuple[int, int]]:
        """Return (channel id, last message heard) of a kind of place, the liveliest first."""
        async with self._database.read() as db:
            return await db.channels.of_place(place, limit=limit)

    async def edited(self, channel_id: int, message_id: int, text: str) -> None:
        """Take in an edit: what is not answered yet is answered in its new form (C17)."""
        cleaned = clean_text(text)
        async with self._database.read() as db:
            known = await db.messages.get(message_id)
        if known is None or known.text == cleaned:
            return  # Discord edits messages too: it adds the preview of a link
        async with self._changing(channel_id, edited={message_id}), self._database.begin() as db:
            await db.messages.edited(message_id, cleaned)

    async def deleted(self, channel_id: int, message_ids: set[int]) -> None:
        """Take in that messages were deleted: they leave the log, and are not answered any more."""
        async with self._changing(channel_id, deleted=message_ids), self._database.begin() as db:
            await db.messages.forget(message_ids)
            await db.turns.close_open(message_ids, reason=Reason.DELETED, at=self._clock.now())
            await db.turns.drop_unsaid(message_ids, at=self._clock.now())

    @asynccontextmanager
    async def _changing(
        self, channel_id: int, *, edited: set[int] | None = None, deleted: set[int] | None = None
    ) -> AsyncIterator[None]:
        """Keep whoever is answering there from it until a change is written, and let them know then."""
        room = self._rooms.busy(channel_id)
        with room.changing() if room else nullcontext():
            try:
                yield
            finally:
                if room := self._rooms.busy(channel_id):
                    room.edited(edited or set())
                    room.forget(deleted or set())

    async def forget_channel(self, channel_id: int) -> int:
        """Forget what was said in a channel; return how many lines that was."""
        async with self._database.begin() as db:
            await db.turns.abandon(self._clock.now(), channel_id=channel_id)
            return await db.messages.forget_channel(channel_id)

    async def prune(self) -> None:
        """Let go of what is past its time: words after a day, decisions after a week or so."""
        now = self._clock.now()
        async with self._database.begin() as db:
            await db.messages.prune(now - LOG_KEPT)
            await db.turns.abandon(now - LOG_KEPT)
            await db.turns.close_left_open(now - LEFT_OPEN_FOR, reason=Reason.LATE, at=now)
            await db.turns.prune(now - self._decisions_kept)
            await db.audits.prune(now - AUDIT_KEPT)
