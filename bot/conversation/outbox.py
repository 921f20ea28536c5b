"""Delivery of stored replies, exactly once, despite crashes and faults."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from bot.conversation import turns
from bot.conversation.config import Manner
from bot.conversation.effects import Consequences, News
from bot.conversation.message_log import MessageLog
from bot.conversation.queue import Rooms
from bot.conversation.speakers import Casting
from bot.conversation.text.typing import typing_times
from bot.conversation.turns import Pledge, Posted
from bot.conversation.types import Mouth, Part
from bot.core.clock import Runtime
from bot.core.errors import Gone, Interrupted, SpeakingError, Unpostable, Unsayable
from database import Database, DatabaseError, UnitOfWork
from database.models import Channel, PartRow, Turn
from memory.places import Place, where_of
from memory.sensitive.detect import masked

log = logging.getLogger(__name__)

PLACES = (Place.DM, Place.GUILD)
"""Places that allow later delivery: a closed terminal doesn't."""

MouthOf = Callable[[int], Mouth]
"""Returns the outlet of a channel id."""


async def _not_looked_at(_channel_id: int, _message_id: int) -> None:
    pass


class Saying:
    """The last two stages of the pipeline: deliver, and settle."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        rooms: Rooms,
        casting: Casting,
        message_log: MessageLog,
        consequences: Consequences,
        manner: Manner,
    ) -> None:
        self._database = database
        self._clock, self._rng, self._reached = runtime.clock, runtime.rng, runtime.reached
        self._rooms = rooms
        self._casting = casting
        self._message_log = message_log
        self._consequences = consequences
        self._pace = manner.pace
        self._resume_within = manner.resume_within
        self._accepting: set[int] = set()
        """Channels stored as writable."""
        self.on_reply: list[Callable[[News], None]] = []
        """Callbacks for a character's changes through a reply, after these are stored."""
        self.look_again: Callable[[int, int], Awaitable[object]] = _not_looked_at
        """Asks Discord for a message, by channel and id, and updates the log if it was deleted."""

    async def say(self, pledge: Pledge, mouth: Mouth, *, spent: float) -> None:
        """Post the parts one after another, each after its typing time, and settle.

        `spent` seconds of typing were already shown. After a temporary failure the reply stays queued; after
        a refusal it is dropped, and the channel is skipped for a while.
        """
        texts = [part.text for part in pledge.parts]
        pauses = typing_times(texts, self._pace, self._rng, spent=spent, tempo=pledge.tempo)
        pauses = [0.0] * len(texts) if pledge.grown else pauses
        try:
            try:
                if not pledge.parts:  # all of it was displayed before it was stored
                    await self._drop(pledge, mouth)
                for part, pause in zip(pledge.parts, pauses, strict=True):
                    if pause > 0 and part.todo is None and mouth.show is None:
                        await self._clock.sleep(pause)
                    if not await self._post_part(pledge, part, mouth):
                        break
            except (Unsayable, Unpostable) as error:
                log.warning("Can't write this in channel %s: %s", pledge.channel_id, error)
                await self._drop(pledge, mouth, refused=isinstance(error, Unsayable))
        except SpeakingError as error:
            log.warning("Not said yet in channel %s: %s", pledge.channel_id, error)
        except DatabaseError as error:
            # The reply stays queued: the job that finishes replies finds it in the channel and records it.
            log.error("Said in channel %s, but not noted: %s", pledge.channel_id, error)  # noqa: TRY400

    async def _post_part(self, pledge: Pledge, part: Part, mouth: Mouth) -> bool:
        """Post one part and record it; False if the rest of the reply must not be posted."""
        try:
            message_id = await _do(mouth, part, to=pledge.addressee_id)
        except Interrupted as cut:
            await self._note_interrupted(pledge, part, cut, me=mouth.me)
            return False
        except Gone:
            # Somebody deleted the message while the bot was offline: the log decides what that means for the
            # reply.
            log.info("What was to be changed in channel %s is not there any more", pledge.channel_id)
            assert part.message_id is not None
            await self._message_log.deleted(pledge.channel_id, {part.message_id})
            if pledge.grown:
                await self._take_back(pledge, mouth)
            return False
        self._reached("part_posted")
        noted = await self._note_said(pledge, part, message_id, me=mouth.me)
        if not noted and (part.todo is None or pledge.grown):  # no row refers to it, so it must be deleted
            await mouth.unsay(message_id)
        return noted

    async def _take_back(self, pledge: Pledge, mouth: Mouth) -> None:
        """End a reply that must not stay half-posted: delete its posted parts."""
        async with self._database.read(brief=True) as db:
            _, parts = await db.turns.with_parts(pledge.turn_id)
        there = {part.message_id for part in parts if part.message_id is not None and part.text}
        await self._message_log.deleted(pledge.channel_id, there)
        await self._drop(pledge, mouth)
        for message_id in there:
            with suppress(SpeakingError):
                await mouth.unsay(message_id)

    async def finish(self, mouth_of: MouthOf, *, in_place: Callable[[], object] = bool) -> int:
        """Post queued replies after a crash or a fault; return their number.

        `in_place` is called once they have their positions in the queues: later arrivals are answered after
        them.
        """
        async with self._database.read() as db:
            pledged = await db.turns.pledged(PLACES)
        saying = asyncio.gather(
            *(
                self._finish_in_turn(channel_id, turn_id, mouth_of(channel_id))
                for turn_id, channel_id in pledged
            )
        )
        await asyncio.sleep(0)  # each takes its position in its first step
        in_place()
        return sum(await saying)

    async def _finish_in_turn(self, channel_id: int, turn_id: int, mouth: Mouth) -> bool:
        """Wait for silence in a channel, then finish the reply that is in progress there."""
        async with self._rooms.enter(channel_id) as room, room.lock:
            try:
                return await self._finish_one(turn_id, mouth)
            except DatabaseError as error:
                log.error("Can't finish a reply in channel %s: %s", channel_id, error)  # noqa: TRY400
                return False

    async def _finish_one(self, turn_id: int, mouth: Mouth) -> bool:
        async with self._database.read(brief=True) as db:
            turn = await db.turns.get(turn_id)
            pledge = await turns.unfinished(db, turn_id)
            aloud = turn is not None and await db.turns.was_aloud(turn.trigger_id)
            asked = turn is not None and turn.next_variant is None and await db.turns.answers_message(turn)
        if pledge is None or turn is None:
            return False
        mouth = mouth.speaking_as(self._casting.company.speaker(turn.character))
        if aloud:  # the chat shows words already spoken; the rest is not spoken hours later
            left = await self._not_posted(pledge, mouth)
            await self._drop(replace(pledge, parts=left), mouth)
            return False
        late = self._clock.now() - pledge.pledged_at > self._resume_within
        if not pledge.parts or (late and not any(part.todo for part in pledge.parts)):
            log.info("Ending a reply in channel %s: what is missing comes too late", pledge.channel_id)
            await self._drop(pledge, mouth)
            return False
        missing = await self._not_posted(pledge, mouth)
        if missing and asked:
            await self.look_again(pledge.channel_id, pledge.trigger_id)
            if self._message_log.is_gone(pledge.trigger_id):
                await self._take_back(pledge, mouth)
                return False
        await self.say(replace(pledge, parts=missing), mouth, spent=float("inf"))
        return True

    async def _not_posted(self, pledge: Pledge, mouth: Mouth) -> tuple[Part, ...]:
        """Return the parts missing in the channel: a part may have been posted just before a crash.

        The nonce alone is not enough: Discord remembers it for a few minutes only (faults A9).
        """
        async with self._database.read() as db:
            known = await db.turns.posted(pledge.channel_id, after=pledge.trigger_id)
        # An edit is repeated: that is harmless, and nobody can tell whether it was made before.
        revised = [part for part in pledge.parts if part.todo]
        missing = [part for part in pledge.parts if not part.todo]
        while missing:
            try:
                found = await mouth.find(missing[0], after=pledge.trigger_id, known=known)
            except SpeakingError:
                break
            if found is None:
                break
            known.add(found)
            left = replace(pledge, parts=(*missing, *revised))
            await self._note_said(left, missing.pop(0), found, me=mouth.me)
        return (*revised, *missing)

    async def _drop(self, pledge: Pledge, mouth: Mouth, *, refused: bool = False) -> None:
        """End a reply with its posted parts; if the channel refused it, skip the channel for a while."""
        unfinished = list[int]()
        async with self._database.begin(brief=True) as db:
            if refused:
                self._accepting.discard(pledge.channel_id)
                await turns.refuse(db, pledge.channel_id, at=self._clock.now())
            turn, parts = await db.turns.with_parts(pledge.turn_id)
            if turn and turn.next_variant is None:
                unfinished = [part.message_id for part in parts if part.todo and part.message_id]
            news = await self._settle(db, turn, parts, mouth.me) if turn else []
        self._reached("settled")
        self._tell(news)
        with suppress(SpeakingError):
            for message_id in unfinished:  # it shows a part of an undelivered reply
                await mouth.unsay(message_id)

    async def _note_said(self, pledge: Pledge, part: Part, message_id: int, *, me: int) -> bool:
        """Record that a part was posted; the last one makes the reply history.

        False if the reply was dropped meanwhile, because it or the message that it answers was deleted.
        """
        last = part is pledge.parts[-1]
        news: list[News] = []
        async with self._database.begin(brief=True) as db:
            if part.todo and pledge.grown:
                await db.turns.grew(
                    pledge.turn_id, part.number, gone=part.todo == "delete", at=self._clock.now()
                )
            elif part.todo:
                await self._note_revised(db, pledge, part, message_id)
            turn, parts = await db.turns.with_parts(pledge.turn_id)
            if turn is None or turn.state != "pledged":
                return False
            posted = None if part.todo else Posted(part.number, message_id, self._clock.now())
            if posted and not last:
                await db.turns.said(turn.id, *posted)
            if pledge.channel_id not in self._accepting:
                await db.channels.accepted(pledge.channel_id)
            if last:
                news = await self._settle(db, turn, parts, me, posted)
        self._accepting.add(pledge.channel_id)
        self._tell(news)
        self._reached("settled" if last else "part_said")
        return True

    async def _note_interrupted(self, pledge: Pledge, part: Part, cut: Interrupted, *, me: int) -> None:
        """End a reply of which only some words were heard: only these become history."""
        async with self._database.begin(brief=True) as db:
            turn, parts = await db.turns.with_parts(pledge.turn_id)
            if turn is None:
                return
            for row in parts:
                if row.number == part.number:
                    row.text = cut.text
            posted = Posted(part.number, cut.message_id, self._clock.now()) if cut.message_id else None
            news = await self._settle(db, turn, parts, me, posted)
        self._tell(news)
        self._reached("settled")

    async def _note_revised(self, db: UnitOfWork, pledge: Pledge, part: Part, message_id: int) -> None:
        """Update the log to the channel's current text."""
        gone = part.todo == "delete"
        if gone:
            await db.messages.forget([message_id])
            await db.archive.forget([message_id])
        else:
            await db.messages.edited(message_id, part.text)
            await db.archive.edited(message_id, masked(part.text))
        await db.turns.done(pledge.turn_id, part.number, gone=gone)

    async def _settle(
        self, db: UnitOfWork, turn: Turn, parts: Sequence[PartRow], me: int, posted: Posted | None = None
    ) -> list[News]:
        channel = await db.channels.get(turn.channel_id) if len(self._casting.company) > 1 else None
        await self._narrow_audience(db, turn, channel)
        lines = await turns.settle(
            db, turn, parts, posted=posted, me=me, name_of=self._name_of, at=self._clock.now()
        )
        if lines is None:
            return []
        try:  # posted words are history, whatever effects fail
            async with db.apart():
                return await self._consequences.of(db, turn, lines, channel)
        except DatabaseError as error:
            log.error("What follows from reply %d is not known. %s", turn.id, error)  # noqa: TRY400
        except Exception:
            log.exception("What follows from reply %d is not known", turn.id)
        return []

    def _tell(self, news: Sequence[News]) -> None:
        for change in news:
            if change.text:
                log.info("%s", change.text)
            for listen in self.on_reply:
                listen(change)

    async def _narrow_audience(self, db: UnitOfWork, turn: Turn, channel: Channel | None) -> None:
        """Remove characters from a reply's audience that were sent out before it was posted (C25)."""
        if channel is None:
            return
        cast_id = await self._casting.narrowed(db, turn.cast_id, where_of(channel), speaker=turn.character)
        if cast_id != turn.cast_id:
            await db.turns.recast(turn.id, cast_id)
            turn.cast_id = cast_id

    def _name_of(self, slug: str) -> str:
        return self._casting.company.speaker(slug).name


async def _do(mouth: Mouth, part: Part, *, to: int) -> int:
    """Post, edit or delete the message of a part; return its id."""
    if part.todo is None or part.message_id is None:
        return await mouth.say(part, to=to)
    if part.todo == "edit":
        await mouth.edit(part.message_id, part.text)
    else:
        await mouth.unsay(part.message_id)
    return part.message_id
