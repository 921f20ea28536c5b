"""Physical erasure of forgotten data from the tables, the files and the write-ahead log (B10, C63)."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from database import Database, DatabaseError, UnitOfWork
from database.models import Fact
from memory.dumps import Dumps
from memory.history import HistoryStep, Lines, Plan, after_loss, lineages
from memory.sensitive.detect import masked

log = logging.getLogger(__name__)

TRIES, PAUSE = 5, 0.1
_TO_ERASE = "to erase"
"""State key: ids of memories whose traces a crash after their deletion left to remove."""
_PEOPLE = "people to erase"
"""State key: ids of people whose files are left to remove; [] if only the tables are left."""


@dataclass(frozen=True, slots=True)
class Erased:
    """Counts of erased log lines, of summaries based on them, and of memories based only on them.

    `forms` counts other memories that kept their text but lost earlier forms; `archived` counts archive lines
    that were deleted or reworded.
    """

    lines: int = 0
    summaries: int = 0
    memories: int = 0
    forms: int = 0
    archived: int = 0

    def __add__(self, other: "Erased") -> "Erased":
        return Erased(
            self.lines + other.lines,
            self.summaries + other.summaries,
            self.memories + other.memories,
            self.forms + other.forms,
            self.archived + other.archived,
        )


class Spawn(Protocol):
    """Starts a background task."""

    def __call__(self, coro: Coroutine[Any, Any, bool], *, name: str) -> asyncio.Task[bool]: ...


class Eraser:
    """Deletes data and removes every trace of it; trace removal resumes after a crash (B3)."""

    def __init__(self, database: Database, dumps: Dumps | None, spawn: Spawn) -> None:
        self._database = database
        self._dumps = dumps
        self._spawn = spawn
        self._finishing = asyncio.Lock()
        self._next: asyncio.Task[bool] | None = None

    async def lines(self, db: UnitOfWork, message_ids: Collection[int]) -> Erased:
        """Delete log lines and everything derived only from them."""
        covering = await db.summaries.covering(message_ids)
        summaries = await db.summaries.drop({source.summary_id for source in covering})
        gone = await self._unsupported(db, set(message_ids), said={})
        await db.turns.forget_variants(message_ids)
        await db.affinities.forget(message_ids)
        await db.character_days.forget_topics(message_ids)
        lines = await db.messages.forget(message_ids)
        archived = await db.archive.forget(message_ids)
        await db.reminders.forget_sources(message_ids)
        return gone + Erased(lines, summaries, archived=archived)

    async def reworded(self, db: UnitOfWork, message_id: int, text: str) -> Erased:
        """Delete everything derived only from words that an edit removed (C63)."""
        covering = await db.summaries.covering([message_id])
        outdated = {source.summary_id for source in covering if source.digest != digest(text)}
        summaries = await db.summaries.drop(outdated)
        gone = await self._unsupported(db, {message_id}, said={message_id: text})
        await db.character_days.forget_topics([message_id])
        archived = await db.archive.edited(message_id, masked(text))
        await db.reminders.forget_sources([message_id], unless_in=text)
        return gone + Erased(summaries=summaries, archived=int(archived))

    async def memories(self, db: UnitOfWork, memory_ids: Collection[int]) -> Erased:
        """Delete memories and all their earlier forms."""
        gone = await db.memories.forget(memory_ids)
        await db.memories.revive(memory_ids)
        await self._remember_traces(db, memory_ids)
        return Erased(memories=gone)

    async def person(self, db: UnitOfWork, person_id: int) -> None:
        """Record that a person's data must be removed from files."""
        left = json.loads(await db.states.get(_PEOPLE) or "[]")
        await db.states.set(_PEOPLE, json.dumps(sorted({*left, person_id})))

    async def finish(self) -> bool:
        """Remove the traces of deleted data from dumps and the write-ahead log.

        Returns False if that must be retried, which the hourly job does. Each run rewrites whole tables, so
        calls that arrive during a run share the next one.
        """
        if self._next is None:
            self._next = self._spawn(self._finish_next(), name="Removing traces")
        return await asyncio.shield(self._next)

    async def _finish_next(self) -> bool:
        async with self._finishing:
            self._next = None  # later deletions need another run
            for _ in range(TRIES):
                if await self._finish():
                    return True
                await asyncio.sleep(PAUSE)  # a reader blocked the run, for milliseconds
        return False

    async def _finish(self) -> bool:
        try:
            async with self._database.read() as db:
                left = await db.states.get(_TO_ERASE)
            if self._dumps is not None and left and (memory_ids := json.loads(left)):
                await asyncio.to_thread(self._dumps.forget, set(memory_ids))
            if left:
                async with self._database.begin() as db:
                    if await db.states.get(_TO_ERASE) == left:
                        await db.states.drop(_TO_ERASE)
            return await self._finish_people()
        except (DatabaseError, OSError) as error:
            log.error("Traces of what was forgotten may be left for now: %s", error)  # noqa: TRY400
            return False

    async def _finish_people(self) -> bool:
        """Remove erased people's files, then leftovers in any table."""
        async with self._database.read() as db:
            people = await db.states.get(_PEOPLE)
        if people is None:
            return await self._database.scrub()
        if self._dumps is not None:
            await asyncio.to_thread(self._dumps.forget_people, set(json.loads(people)))
        if not await self._replace_people(people, "[]") or not await self._database.scrub(every_table=True):
            return False
        return await self._replace_people("[]", None)

    async def _replace_people(self, known: str, left: str | None) -> bool:
        """Update the list of erased people; return False if it changed meanwhile."""
        async with self._database.begin() as db:
            if await db.states.get(_PEOPLE) != known:
                return False
            if left is None:
                await db.states.drop(_PEOPLE)
            else:
                await db.states.set(_PEOPLE, left)
        return True

    async def cut(
        self, db: UnitOfWork, person_id: int, character: str, cutting: Callable[[Lines], Plan]
    ) -> Erased:
        """Apply `cutting`'s plan for a person's memories; count the memories that lost words."""
        lines = lineages(reversed(await db.memories.since(person_id, character, 0)))
        plan = cutting(lines)
        if not plan:
            return Erased()
        known = {fact.id: fact.text for fact in await db.memories.of(person_id, character)}
        await db.memories.forget(plan)
        for memory_id, steps in plan.items():
            await _rewrite(db, _Memory(memory_id, person_id, character), steps)
        gone = [memory_id for memory_id, steps in plan.items() if not steps or steps[-1].values is None]
        await db.memories.revive(gone)
        lost = [
            memory_id
            for memory_id, steps in plan.items()
            if _words(steps) != _words(lines.get(memory_id, ()))
        ]
        await self._remember_traces(db, lost)
        now = {fact.id: fact.text for fact in await db.memories.of(person_id, character)}
        memories = sum(memory_id in known and now.get(memory_id) != known[memory_id] for memory_id in lost)
        return Erased(memories=memories, forms=len(lost) - memories)

    async def _unsupported(
        self, db: UnitOfWork, message_ids: Collection[int], *, said: Mapping[int, str]
    ) -> Erased:
        """Delete memories that rest only on these messages, which may have been edited into `said`."""
        affected = await db.memories.drawn_from(message_ids)
        gone = Erased()
        for person_id, character in sorted(affected):
            gone += await self.cut(
                db, person_id, character, lambda lines: after_loss(lines, message_ids, said)
            )
        return gone

    async def _remember_traces(self, db: UnitOfWork, memory_ids: Collection[int]) -> None:
        left = json.loads(await db.states.get(_TO_ERASE) or "[]")
        await db.states.set(_TO_ERASE, json.dumps(sorted({*left, *memory_ids})))


@dataclass(frozen=True, slots=True)
class _Memory:
    """Identity of a memory that is rewritten."""

    id: int
    person_id: int
    character: str


async def _rewrite(db: UnitOfWork, identity: _Memory, steps: Sequence[HistoryStep]) -> None:
    """Rewrite the remaining steps of a deleted memory's history."""
    memory: Fact | None = None
    for step in steps:
        if step.values is None:
            if memory is not None:
                await db.memories.remove(memory, batch=step.batch, cause=step.cause, at=step.at)
            memory = None
        elif memory is None:
            memory = Fact(
                person_id=identity.person_id,
                character=identity.character,
                changed_at=step.at,
                **{"made_at": step.at, **step.values},
            )
            memory.id = identity.id
            memory.number = await _free_number(db, memory)
            await db.memories.add(memory, batch=step.batch, cause=step.cause)
        else:
            values = {**step.values, "number": memory.number}
            await db.memories.change(memory, values, batch=step.batch, cause=step.cause, at=step.at)


def _words(steps: Sequence[HistoryStep]) -> list[object]:
    return [step.values and step.values["text"] for step in steps]


async def _free_number(db: UnitOfWork, memory: Fact) -> int:
    """Return the memory's number, or 0 (the next free one) if another memory has taken it."""
    holder = await db.memories.numbered(memory.person_id, memory.character, memory.number)
    return 0 if holder is not None else memory.number


def digest(text: str) -> str:
    """Return a hash of a line's text, stored with a summary to detect edits of its source."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
