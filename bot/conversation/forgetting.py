"""Deletion on request: single exchanges, or a person's whole conversation with the character (F117, F118)."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from bot.conversation.decision import Reason
from bot.conversation.queue import Rooms
from bot.conversation.summaries.service import Summaries
from bot.core.clock import Clock
from database import Database, UnitOfWork
from database.models import MessageRow, Turn
from memory.erasing import Erased, Eraser
from memory.places import Where

MOST_PAIRS = 10
"""The maximum number of pairs in a list (F118)."""


@dataclass(frozen=True, slots=True)
class SaidAndAnswered:
    """A person's message and the character's answer: `said` holds only that person's words."""

    turn_id: int
    said: tuple[str, ...]
    reply: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Length:
    """The size of a person's conversation: lines in the log, and in a place's summaries.

    `summaries` counts those with any of the person's words, anywhere; `summaries_here` those of the place.
    """

    lines: int
    lines_anywhere: int
    channels: int
    summed_up: int
    summaries: int = 0
    summaries_here: int = 0


class Forgetting:
    """Deletes people's words with everything derived from them."""

    def __init__(
        self, *, database: Database, rooms: Rooms, eraser: Eraser, summaries: Summaries, clock: Clock
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._eraser = eraser
        self._summaries = summaries
        self._clock = clock

    async def pairs(self, person_id: int, where: Where, *, count: int = 5) -> list[SaidAndAnswered]:
        """Return the last exchanges with a person in a place, the oldest first; at most MOST_PAIRS."""
        limit = min(max(count, 1), MOST_PAIRS)
        async with self._database.read() as db:
            replies = await db.turns.last_to(person_id, where.channel_id, limit=limit)
            pairs = [await self._pair(db, turn, person_id) for turn in replies]
        return list(reversed(pairs))

    async def forget_pairs(self, person_id: int, where: Where, turn_ids: Collection[int]) -> Erased:
        """Delete some exchanges: the person's messages in them, and the replies."""
        async with self._rooms.enter(where.channel_id) as room, room.lock, self._database.begin() as db:
            theirs = {turn.id for turn in await db.turns.last_to(person_id, where.channel_id, limit=200)}
            message_ids: set[int] = set()
            for turn_id in theirs & set(turn_ids):
                message_ids |= {line.id for line in await self._said_by(db, turn_id, person_id)}
                message_ids |= {line.id for line in await db.messages.of_turn(turn_id)}
            erased = await self._erase(db, message_ids)
        await self._remove_traces([where.channel_id])
        return erased

    async def length(self, person_id: int, where: Where) -> Length:
        """Return how much of a person's conversation is stored, here and anywhere."""
        async with self._database.read() as db:
            channels = await db.messages.channels_of(person_id)
            here = await db.summaries.drawn_from(person_id, channel_ids=[where.channel_id])
            return Length(
                lines=await db.messages.count(author_id=person_id, channel_id=where.channel_id),
                lines_anywhere=await db.messages.count(author_id=person_id),
                channels=len(channels),
                summed_up=await db.summaries.lines_covered(where.channel_id),
                summaries=len(await db.summaries.drawn_from(person_id)),
                summaries_here=len(here),
            )

    async def reset(self, person_id: int, where: Where, *, everywhere: bool = False) -> Erased:
        """Delete a person's whole conversation with the character, in a place or everywhere (F117).

        This deletes their messages, the replies to them, and every summary with any of their words; core
        memories stay. Other people's messages in a channel stay, but a private place is deleted entirely.
        """
        async with self._database.read() as db:
            theirs = await db.messages.channels_of(person_id) if everywhere else []
            theirs += await db.archive.channels_of(person_id) if everywhere else []
        channels = sorted({where.channel_id, *theirs})
        async with self._quiet(channels), self._database.begin() as db:
            erased = Erased()
            for channel_id in channels:
                erased += await self._reset(db, person_id, channel_id)
            if everywhere:
                summaries = await db.summaries.drawn_from(person_id)
                erased += Erased(summaries=await db.summaries.drop(summaries))
        await self._remove_traces(channels)
        return erased

    @asynccontextmanager
    async def _quiet(self, channel_ids: Sequence[int]) -> AsyncIterator[None]:
        """Wait until some channels are silent, and block them while the context is open.

        The order of channels is always the same, so two callers can't deadlock.
        """
        async with AsyncExitStack() as inside:
            for channel_id in sorted(channel_ids):
                room = await inside.enter_async_context(self._rooms.enter(channel_id))
                await inside.enter_async_context(room.lock)
            yield

    async def _reset(self, db: UnitOfWork, person_id: int, channel_id: int) -> Erased:
        now = self._clock.now()
        channel = await db.channels.get(channel_id)
        if channel is not None and channel.place != "guild":
            message_ids = {*await db.messages.ids_in(channel_id), *await db.archive.ids_in(channel_id)}
            await db.turns.abandon(now, channel_id=channel_id)
            await db.channels.forget_lore(channel_id)
            dropped = await db.summaries.forget_channel(channel_id, person_id=person_id)
        else:
            message_ids = set(await db.messages.of_author(person_id, [channel_id]))
            message_ids |= set(await db.messages.replies_to(person_id, [channel_id]))
            message_ids |= set(await db.archive.ids_of(person_id, channel_ids=[channel_id]))
            await db.turns.abandon(now, channel_id=channel_id, addressee_id=person_id)
            drawn = await db.summaries.drawn_from(person_id, channel_ids=[channel_id])
            dropped = await db.summaries.drop(drawn)
        return await self._lines(db, message_ids) + Erased(summaries=dropped)

    async def _lines(self, db: UnitOfWork, message_ids: Collection[int]) -> Erased:
        """Delete lines; core memories stay, even those derived only from these lines (F117)."""
        covering = await db.summaries.covering(message_ids)
        summaries = await db.summaries.drop({source.summary_id for source in covering})
        await db.turns.forget_variants(message_ids)
        await db.affinities.forget(message_ids)
        await db.character_days.forget_topics(message_ids)
        lines = await db.messages.forget(message_ids)
        archived = await db.archive.forget(message_ids)
        await self._let_go(db, message_ids)
        return Erased(lines, summaries, archived=archived)

    async def _erase(self, db: UnitOfWork, message_ids: Collection[int]) -> Erased:
        """Delete lines, and all facts derived only from them."""
        erased = await self._eraser.lines(db, message_ids)
        await self._let_go(db, message_ids)
        return erased

    async def _let_go(self, db: UnitOfWork, message_ids: Collection[int]) -> None:
        """Cancel answers to deleted lines."""
        now = self._clock.now()
        await db.turns.close_open(message_ids, reason=Reason.DELETED.name, at=now)
        await db.turns.drop_unsaid(message_ids, at=now)
        await db.turns.take_back(message_ids, at=now)

    async def _remove_traces(self, channel_ids: Collection[int]) -> None:
        """Remove the traces; summarise again the other people's lines of deleted summaries."""
        await self._eraser.finish()
        await self._summaries.again(channel_ids)

    async def _pair(self, db: UnitOfWork, turn: Turn, person_id: int) -> SaidAndAnswered:
        said = [line.text for line in await self._said_by(db, turn.id, person_id)]
        reply = [line.text for line in await db.messages.of_turn(turn.id)]
        return SaidAndAnswered(turn.id, tuple(said), "\n".join(reply), turn.pledged_at)

    async def _said_by(self, db: UnitOfWork, turn_id: int, person_id: int) -> list[MessageRow]:
        found = [await db.messages.get(message_id) for message_id in await db.turns.answered_by(turn_id)]
        return [line for line in found if line is not None and line.author_id == person_id]
