"""What is kept of the talk after it was heard: edits, deletions, how far a channel was heard, and its end."""

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
"""So long a stop may last after which the messages of half a reply are still taken down."""
SUMMARIES_KEPT = timedelta(days=14)
"""What is summed up of a place goes when nobody spoke there for so long (D18)."""
LEFT_OPEN_FOR = timedelta(hours=24)
"""After this a message that nothing was decided about is let go: resume_within_seconds is long over."""
AUDIT_KEPT = timedelta(days=365)
STIRRINGS_KEPT = timedelta(days=9)
"""What moved a character is kept so long: a week can be shown, and before that nothing is left of it."""
SHIFTS_KEPT = 2 * HALF_LIFE
"""What shifted a trait is kept so long: a fourth of it is left then."""
REMARKS_KEPT = timedelta(days=15)
"""When characters spoke first is kept so long: nobody is written to twice who did not answer (F115)."""

TICKETS_KEPT = timedelta(days=30)
"""That somebody had a support ticket is kept so long after it was closed."""


MOST_IN_MIND, KEPT_IN_MIND = 2_000, 300.0
"""Edits and deletions that are kept in mind, and for how many seconds: the messages may come in later."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a message was edited to; without `attachments` those stay that it had."""

    words: str
    attachments: tuple[Attachment, ...] | None

    def of(self, known: Sequence[dict[str, Any]] | None) -> tuple[str, tuple[Attachment, ...]]:
        """Return the text of the message and its attachments, with what was read of these before."""
        before = attachments_of(known)
        found = before if self.attachments is None else with_known(self.attachments, before)
        return with_attachments(self.words, found), found

    def only_previews(self, text: str, known: Sequence[dict[str, Any]] | None) -> bool:
        """Say whether all that is new is the preview of a link: Discord added it, and not the author."""
        before = attachments_of(known)
        _, found = self.of(known)
        words = without_attachments(text, before)
        return self.words == words and _authors(found) == _authors(before) and found != before


def _authors(attachments: Sequence[Attachment]) -> list[Attachment]:
    return [one for one in attachments if one.kind is not AttachmentKind.EMBED]


class MessageLog:
    """The log of what was said, and the decisions about it."""

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
        """When messages were edited, and to what: None where they are gone. They may not be noted yet."""

    def is_gone(self, message_id: int) -> bool:
        """Say whether a message was deleted just now, as far as Discord has told."""
        return message_id in self.latest and self.latest[message_id][1] is None

    async def watermarks(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Return the last message heard in each of the channels that are known."""
        async with self._database.read(brief=True) as db:
            return await db.channels.watermarks(channel_ids)

    async def known(self, place: Place, *, limit: int) -> list[tuple[int, int]]:
        """Return (channel id, last message heard) of a kind of place, the liveliest first."""
        async with self._database.read(brief=True) as db:
            return await db.channels.of_place(place, limit=limit)

    # Edits and deletions.

    def _keep_in_mind(self, message_id: int, edit: Edit | None) -> None:
        """Keep the newest form of a message for a while: it may come in only after its edit or deletion.

        What was deleted stays so, whatever edit of it comes in late.
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
        """Take in an edit: what is not answered yet is answered in its new form (C17).

        Without `attachments` those stay that are known. It waits for what came in before, unless whoever
        takes it in is `in_turn`.
        """
        edit = Edit(clean_text(words), None if attachments is None else tuple(attachments))
        self._keep_in_mind(message_id, edit)
        room = self._rooms.busy(channel_id)
        with room.changing() if room else nullcontext():
            async with nullcontext() if in_turn else self._rooms.arriving(channel_id):
                erased, begun = await self._reword(channel_id, message_id, edit)
        # What a person took back leaves every byte now; bots that edit all the time wait for the hourly job.
        await self._afterwards(channel_id, erased, begun=begun)

    async def previewed(self, message_id: int, words: str, attachments: Sequence[Attachment]) -> None:
        """Take in what Discord itself adds to a message, such as the preview of a link.

        That is no edit by its author: once the message is answered, or passed over, it stays as it was read.
        """
        async with self._database.begin(brief=True) as db:
            if await db.turns.still_open([message_id]) and (known := await db.messages.get(message_id)):
                text, found = Edit(clean_text(words), tuple(attachments)).of(known.attachments)
                await db.messages.edited(message_id, text, json_of(found))

    async def _reword(self, channel_id: int, message_id: int, edit: Edit) -> tuple[Erased, bool]:
        """Write down an edit; say whether words of a person went with it."""
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
        # A file may be another one of the same name.
        same = known is None or (known.text, known.attachments) == (text, json_of(found))
        if same and not (known is None and remembered):
            return Erased(), False
        if known is not None and edit.only_previews(known.text, known.attachments):
            await self.previewed(message_id, edit.words, found)
            return Erased(), False
        async with self._changing(channel_id, edited={message_id}), self._database.begin() as db:
            await db.messages.edited(message_id, text, json_of(found))
            erased = await self._eraser.reworded(db, message_id, described(text, found))
            await self._heard_anew(db, channel_id, message_id)
        return erased, known is not None and not known.from_bot

    async def _heard_anew(self, db: UnitOfWork, channel_id: int, message_id: int) -> None:
        """Let new words be heard by those who heard the old ones and are there now (C25)."""
        channel = await db.channels.get(channel_id)
        line = await db.messages.get(message_id) or next(iter(await db.archive.these([message_id])), None)
        if channel is None or line is None or line.cast_id is None:
            return
        cast_id = await self._casting.narrowed(db, line.cast_id, where_of(channel))
        await db.messages.recast([message_id], cast_id)
        await db.archive.recast([message_id], cast_id)

    async def deleted(self, channel_id: int, message_ids: set[int]) -> None:
        """Take in that messages were deleted: they leave everything, and are not answered any more (C63)."""
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
        await self._afterwards(channel_id, erased, begun=taken_back)

    async def _afterwards(self, channel_id: int, erased: Erased, *, begun: bool = False) -> None:
        """Remove the traces; what a summary that went had covered besides is summed up anew.

        A reply that was `begun`, and not yet in the log, leaves traces too, and so do words edited away.
        """
        if erased == Erased() and not begun:
            return
        await self._eraser.finish()
        if erased.summaries:
            await self._summaries.again([channel_id])

    async def let_go(self, channel_id: int) -> None:
        """Drop what was to be said in a channel and will not be: nobody is there any more to hear it."""
        async with self._database.begin() as db:
            await db.turns.abandon(self._clock.now(), channel_id=channel_id)
            await db.cues.drop(ended=UNSAID, channel_id=channel_id)
            await db.cues.end_unsaid(ended=UNSAID, at=self._clock.now())

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

    async def prune(self) -> None:
        """Let go of what is past its time: words after a day, decisions after a week or so."""
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
