"""The log after intake: edits, deletions, watermarks of channels, and expiry."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.conversation.config import Manner
from bot.conversation.decision import Reason
from bot.conversation.effects import UNSAID
from bot.conversation.queue import Rooms
from bot.conversation.speakers import Casting
from bot.conversation.summaries.service import Summaries
from bot.conversation.text.names import clean_text
from bot.core.clock import Clock
from database import Database, UnitOfWork
from memory.attachments import (
    Attachment,
    AttachmentKind,
    attachments_of,
    described,
    json_of,
    with_attachments,
    with_known,
    without_attachments,
)
from memory.erasing import Erased, Eraser
from memory.places import Place, where_of
from memory.rules import LOG_KEPT, WAITING_KEPT
from personas.personality import HALF_LIFE
from personas.rhythm import WINDOW, hour_of

DRAFTS_KEPT = timedelta(days=7)
"""The maximum length of a stop after which half-posted replies are still deleted."""
SUMMARIES_KEPT = timedelta(days=14)
"""A place's summaries expire after this time without a message there (D18)."""
LEFT_OPEN_FOR = timedelta(hours=24)
"""Messages without a decision expire after this: resume_within_seconds is long over."""
AUDIT_KEPT = timedelta(days=365)
STIRRINGS_KEPT = timedelta(days=9)
"""Mood changes expire after this: a week can be shown, and older ones have no effect any more."""
SHIFTS_KEPT = 2 * HALF_LIFE
"""Shifts of traits expire after this: a quarter of their effect is left then."""
REMARKS_KEPT = timedelta(days=15)
"""The character's first messages expire after this: people who didn't answer get no second one (F115)."""

TICKETS_KEPT = timedelta(days=30)
"""Support tickets expire this long after they were closed."""


MOST_IN_MIND, KEPT_IN_MIND = 2_000, 300.0
"""The size of the cache of edits and deletions, and its seconds: their messages may arrive later."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The new form of a message; without `attachments` the old ones stay."""

    words: str
    attachments: tuple[Attachment, ...] | None

    def of(self, known: Sequence[dict[str, Any]] | None) -> tuple[str, tuple[Attachment, ...]]:
        """Return the message's new text and attachments, with the perceived content of unchanged files."""
        before = attachments_of(known)
        found = before if self.attachments is None else with_known(self.attachments, before)
        return with_attachments(self.words, found), found

    def only_previews(self, text: str, known: Sequence[dict[str, Any]] | None) -> bool:
        """Say whether only a link's preview is new: Discord added it, not the author."""
        before = attachments_of(known)
        _, found = self.of(known)
        words = without_attachments(text, before)
        return self.words == words and _authors(found) == _authors(before) and found != before


def _authors(attachments: Sequence[Attachment]) -> list[Attachment]:
    return [attachment for attachment in attachments if attachment.kind is not AttachmentKind.EMBED]


class MessageLog:
    """The log of messages, and the decisions about them."""

    def __init__(
        self,
        *,
        database: Database,
        rooms: Rooms,
        eraser: Eraser,
        casting: Casting,
        summaries: Summaries,
        clock: Clock,
        manner: Manner,
    ) -> None:
        self._database = database
        self._eraser = eraser
        self._casting = casting
        self._summaries = summaries
        self._rooms = rooms
        self._clock = clock
        self._decisions_kept, self._prompts_kept = manner.decisions_kept, manner.prompts_kept
        self._consent = manner.consent
        self.latest: OrderedDict[int, tuple[float, Edit | None]] = OrderedDict()
        """Times and content of edits; None for deletions. The messages may not be logged yet."""

    def is_gone(self, message_id: int) -> bool:
        """Say whether a message was deleted recently, according to Discord's events."""
        return message_id in self.latest and self.latest[message_id][1] is None

    async def watermarks(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Return the last message read in each of the known channels."""
        async with self._database.read(brief=True) as db:
            return await db.channels.watermarks(channel_ids)

    async def known(self, place: Place, *, limit: int) -> list[tuple[int, int]]:
        """Return (channel id, last message read) of a kind of place, the liveliest first."""
        async with self._database.read(brief=True) as db:
            return await db.channels.of_place(place, limit=limit)

    # Edits and deletions.

    def _keep_in_mind(self, message_id: int, edit: Edit | None) -> None:
        """Cache a message's newest form: the message may arrive after its edit or deletion.

        A deleted message stays deleted, even if an edit arrives late.
        """
        now = self._clock.monotonic()
        was_deleted = self.is_gone(message_id)
        self.latest[message_id] = now, None if was_deleted else edit
        self.latest.move_to_end(message_id)
        while len(self.latest) > MOST_IN_MIND or next(iter(self.latest.values()))[0] < now - KEPT_IN_MIND:
            self.latest.popitem(last=False)

    async def edited(
        self,
        channel_id: int,
        message_id: int,
        words: str,
        attachments: Sequence[Attachment] | None = None,
        *,
        in_turn: bool = False,
    ) -> None:
        """Process an edit: a message without an answer is answered in its new form (C17).

        Without `attachments` the known ones stay. The edit waits for earlier arrivals, unless the caller is
        `in_turn` already.
        """
        edit = Edit(clean_text(words), None if attachments is None else tuple(attachments))
        self._keep_in_mind(message_id, edit)
        room = self._rooms.busy(channel_id)
        with room.changing() if room else nullcontext():
            async with nullcontext() if in_turn else self._rooms.arriving(channel_id):
                erased, begun = await self._reword(channel_id, message_id, edit)
        # A person's deleted words leave every file now; frequent edits of bots wait for the hourly job.
        await self._remove_traces(channel_id, erased, begun=begun)

    async def previewed(self, message_id: int, words: str, attachments: Sequence[Attachment]) -> None:
        """Process an addition by Discord itself, such as the preview of a link.

        It is no edit by the author: a message that was decided about stays in the form that was read.
        """
        async with self._database.begin(brief=True) as db:
            if await db.turns.still_open([message_id]) and (known := await db.messages.get(message_id)):
                text, found = Edit(clean_text(words), tuple(attachments)).of(known.attachments)
                await db.messages.edited(message_id, text, json_of(found))

    async def _reword(self, channel_id: int, message_id: int, edit: Edit) -> tuple[Erased, bool]:
        """Store an edit; say whether it removed words of a person."""
        async with self._database.read(brief=True) as db:
            known = await db.messages.get(message_id)
            if await db.turns.decided(message_id):
                self.latest.pop(message_id, None)
            remembered = (
                await db.summaries.covering([message_id])
                or await db.memories.drawn_from([message_id])
                or await db.archive.these([message_id])
            )
        text, found = edit.of(known.attachments if known else None)
        # A file may be a different one of the same name.
        same = known is None or (known.text, known.attachments) == (text, json_of(found))
        if same and not (known is None and remembered):
            return Erased(), False
        if known is not None and edit.only_previews(known.text, known.attachments):
            await self.previewed(message_id, edit.words, found)
            return Erased(), False
        async with self._changing(channel_id, edited={message_id}), self._database.begin() as db:
            await db.messages.edited(message_id, text, json_of(found))
            erased = await self._eraser.reworded(db, message_id, described(text, found))
            await self._set_audience(db, channel_id, message_id)
        return erased, known is not None and not known.from_bot

    async def _set_audience(self, db: UnitOfWork, channel_id: int, message_id: int) -> None:
        """Set the audience of new words: characters that heard the old ones and are present now (C25)."""
        channel = await db.channels.get(channel_id)
        line = await db.messages.get(message_id) or next(iter(await db.archive.these([message_id])), None)
        if channel is None or line is None or line.cast_id is None:
            return
        cast_id = await self._casting.narrowed(db, line.cast_id, where_of(channel))
        await db.messages.recast([message_id], cast_id)
        await db.archive.recast([message_id], cast_id)

    async def deleted(self, channel_id: int, message_ids: set[int]) -> None:
        """Process deletions: the messages leave all tables, and are not answered any more (C63)."""
        now = self._clock.now()
        for message_id in message_ids:
            self._keep_in_mind(message_id, None)
        async with self._changing(channel_id, deleted=message_ids):
            async with self._database.begin() as db:
                erased = await self._eraser.lines(db, message_ids)
                await db.turns.close_open(message_ids, reason=Reason.DELETED.name, at=now)
                await db.turns.drop_unsaid(message_ids, at=now)
                taken_back = await db.turns.take_back(message_ids, at=now)
                await db.cues.end_unsaid(ended=UNSAID, at=now)
            if erased.lines and (room := self._rooms.busy(channel_id)):
                room.reconsider()
        await self._remove_traces(channel_id, erased, begun=taken_back)

    async def _remove_traces(self, channel_id: int, erased: Erased, *, begun: bool = False) -> None:
        """Remove the traces; summarise again the other lines of deleted summaries.

        A reply in progress (`begun`), not yet in the log, leaves traces too, and so do words edited away.
        """
        if erased == Erased() and not begun:
            return
        await self._eraser.finish()
        if erased.summaries:
            await self._summaries.again([channel_id])

    async def let_go(self, channel_id: int) -> None:
        """Drop pending replies in a channel that nobody can see any more."""
        async with self._database.begin() as db:
            await db.turns.abandon(self._clock.now(), channel_id=channel_id)
            await db.cues.drop(ended=UNSAID, channel_id=channel_id)
            await db.cues.end_unsaid(ended=UNSAID, at=self._clock.now())

    @asynccontextmanager
    async def _changing(
        self, channel_id: int, *, edited: set[int] | None = None, deleted: set[int] | None = None
    ) -> AsyncIterator[None]:
        """Block replies in a channel while a change is written, and notify them afterwards."""
        room = self._rooms.busy(channel_id)
        with room.changing() if room else nullcontext():
            try:
                yield
            finally:
                if room := self._rooms.busy(channel_id):
                    room.edited(edited or set())
                    room.forget(deleted or set())

    async def prune(self) -> None:
        """Delete expired rows: words after a day, decisions after about a week."""
        now = self._clock.now()
        async with self._database.begin() as db:
            await db.messages.prune(now - LOG_KEPT, at_last=now - WAITING_KEPT, consent=self._consent)
            await db.summaries.prune(now - SUMMARIES_KEPT)
            await db.turns.prune_variants()
            await db.turns.abandon(now - LOG_KEPT)
            await db.drafts.prune(now - DRAFTS_KEPT)
            await db.turns.close_left_open(now - LEFT_OPEN_FOR, reason=Reason.LATE.name, at=now)
            await db.cues.drop(ended=UNSAID, before=now - LEFT_OPEN_FOR)
            await db.cues.end_unsaid(ended=UNSAID, at=now)
            await db.cues.prune(now - self._decisions_kept)
            await db.turns.prune(now - self._decisions_kept)
            await db.audits.prune(now - AUDIT_KEPT)
            await db.channels.prune_hours(hour_of(now - WINDOW))
            await db.archive.prune_windows(now - AUDIT_KEPT)
            await db.characters.prune_stirrings(now - STIRRINGS_KEPT)
            await db.characters.prune_trait_shifts(now - SHIFTS_KEPT)
            await db.remarks.prune(now - REMARKS_KEPT)
            await db.tickets.prune(now - TICKETS_KEPT)
            await db.prompts.prune(now - self._prompts_kept)
        await self._eraser.finish()
