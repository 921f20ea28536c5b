"""Forgetting for real: what is forgotten leaves the tables, the files and the write-ahead log (B10, C63)."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.conversation.condensing import digest
from database import Database, DatabaseError, UnitOfWork
from database.models import CoreMemory
from memory.dumps import Dumps
from memory.lineage import Lines, Plan, Step, after_loss, lineages

LOOKED_UP = 100
"""Messages whose authors are looked up when they are deleted: as many as Discord deletes at once."""

log = logging.getLogger(__name__)

_TO_ERASE = "to erase"
"""What a crash between a deletion and its traces leaves to be done, by the ids of memories."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: lines of the log, summaries drawn from them, memories that came only from them."""

    lines: int = 0
    summaries: int = 0
    memories: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(
            self.lines + other.lines, self.summaries + other.summaries, self.memories + other.memories
        )


class Eraser:
    """Deletes, and then sees to it that no trace is left: that part is resumed after a crash (B3)."""

    def __init__(self, database: Database, dumps: Dumps | None) -> None:
        self._database = database
        self._dumps = dumps

    async def lines(self, db: UnitOfWork, message_ids: Collection[int]) -> Erased:
        """Delete lines, and whatever came only from them."""
        covering = await db.summaries.covering(message_ids)
        authors = {source.author_id for source in covering.values()}
        summaries = await db.summaries.drop({source.summary_id for source in covering.values()})
        memories = await self._unsupported(db, set(message_ids), said={}, authors=authors)
        await db.turns.forget_variants(message_ids)
        lines = await db.messages.forget(message_ids)
        return Erased(lines, summaries, memories)

    async def reworded(self, db: UnitOfWork, message_id: int, text: str) -> Erased:
        """Delete what came only from words that an edit took away (C63)."""
        covering = await db.summaries.covering([message_id])
        authors = {source.author_id for source in covering.values()}
        outdated = {one.summary_id for one in covering.values() if one.digest != digest(text)}
        summaries = await db.summaries.drop(outdated)
        memories = await self._unsupported(db, {message_id}, said={message_id: text}, authors=authors)
        return Erased(0, summaries, memories)

    async def memories(self, db: UnitOfWork, memory_ids: Collection[int]) -> Erased:
        """Delete memories and every earlier form of them."""
        gone = await db.memories.forget(memory_ids)
        await self._remember_to(db, memory_ids)
        return Erased(memories=gone)

    async def finish(self) -> bool:
        """Remove the traces of what was deleted: dumps, and the write-ahead log.

        False when that has to be tried again.
        """
        try:
            async with self._database.read() as db:
                left = await db.states.get(_TO_ERASE)
            if self._dumps is not None and left and (memory_ids := json.loads(left)):
                await asyncio.to_thread(self._dumps.forget, set(memory_ids))
            if left:
                async with self._database.begin() as db:
                    if await db.states.get(_TO_ERASE) == left:
                        await db.states.drop(_TO_ERASE)
            return await self._database.scrub()
        except (DatabaseError, OSError) as error:
            log.error("Traces of what was forgotten may be left for now: %s", error)  # noqa: TRY400
            return False

    async def cut(
        self, db: UnitOfWork, person_id: int, character: str, cutting: Callable[[Lines], Plan]
    ) -> Erased:
        """Leave of somebody's memories what is left of their lines; tell how many lost the words they had."""
        lines = lineages(reversed(await db.memories.since(person_id, character, 0)))
        plan = cutting(lines)
        known = {one.id: (one.text, one.made_at) for one in await db.memories.of(person_id, character)}
        await db.memories.forget(plan)
        for memory_id, steps in plan.items():
            _, made_at = known.get(memory_id, ("", None))
            await _tell(db, _Memory(memory_id, person_id, character, made_at), steps)
        lost = [one for one, steps in plan.items() if _words(steps) != _words(lines.get(one, ()))]
        await self._remember_to(db, lost)
        now = {one.id: one.text for one in await db.memories.of(person_id, character)}
        return Erased(memories=sum(now.get(one) != known[one][0] for one in lost if one in known))

    async def _unsupported(
        self, db: UnitOfWork, message_ids: Collection[int], *, said: Mapping[int, str], authors: set[int]
    ) -> int:
        """Delete what is known only from some messages, as they are by now; return how much that was."""
        whose = {(one.person_id, one.character) for one in await db.memories.drawn_from(message_ids)}
        # What went, and could be brought back, is found by who said it.
        for author_id in authors | await _authors(db, message_ids):
            whose |= {(author_id, character) for character in await db.memories.characters(author_id)}
        gone = Erased()
        for person_id, character in sorted(whose):
            gone += await self.cut(
                db, person_id, character, lambda lines: after_loss(lines, message_ids, said)
            )
        return gone.memories

    async def _remember_to(self, db: UnitOfWork, memory_ids: Collection[int]) -> None:
        left = json.loads(await db.states.get(_TO_ERASE) or "[]")
        await db.states.set(_TO_ERASE, json.dumps(sorted({*left, *memory_ids})))


@dataclass(frozen=True, slots=True)
class _Memory:
    """Which memory is told anew, and since when it is known."""

    id: int
    person_id: int
    character: str
    made_at: datetime | None


async def _tell(db: UnitOfWork, which: _Memory, steps: Sequence[Step]) -> None:
    """Write down anew what is left of a memory that was deleted, step by step as it was."""
    memory: CoreMemory | None = None
    for step in steps:
        if step.values is None:
            if memory is not None:
                await db.memories.remove(memory, batch=step.batch, cause=step.cause, at=step.at)
            memory = None
        elif memory is None:
            memory = CoreMemory(
                person_id=which.person_id,
                character=which.character,
                made_at=which.made_at or step.at,
                changed_at=step.at,
                **step.values,
            )
            memory.id = which.id
            memory.number = await _free(db, memory)
            await db.memories.add(memory, batch=step.batch, cause=step.cause)
        else:
            values = {**step.values, "number": memory.number}
            await db.memories.change(memory, values, batch=step.batch, cause=step.cause, at=step.at)


def _words(steps: Sequence[Step]) -> list[object]:
    return [step.values and step.values["text"] for step in steps]


async def _free(db: UnitOfWork, memory: CoreMemory) -> int:
    """Return the number of a memory; 0, for the next one, where another has it by now."""
    other = await db.memories.numbered(memory.person_id, memory.character, memory.number)
    return 0 if other is not None else memory.number


async def _authors(db: UnitOfWork, message_ids: Collection[int]) -> set[int]:
    """Return who said some messages that are still in the log; of very many, the first are looked at."""
    found = [await db.messages.get(one) for one in sorted(message_ids)[:LOOKED_UP]]
    return {one.author_id for one in found if one is not None}
