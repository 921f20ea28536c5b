"""Forgetting for real: what is forgotten leaves the tables, the files and the write-ahead log (B10, C63)."""

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
"""What a crash between a deletion and its traces leaves to be done, by the ids of memories."""
_PEOPLE = "people to erase"
"""The same of people of whom nothing is to be left, by their ids: [] when only the tables are left to do."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: lines of the log, summaries drawn from them, memories that came only from them.

    `forms` counts other memories that are what they were, and lost words of their past; `archived`
    lines of the archive that went, or have other words.
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
    """Deletes, and then sees to it that no trace is left: that part is resumed after a crash (B3)."""

    def __init__(self, database: Database, dumps: Dumps | None, spawn: Spawn) -> None:
        self._database = database
        self._dumps = dumps
        self._spawn = spawn
        self._finishing = asyncio.Lock()
        self._next: asyncio.Task[bool] | None = None

    async def lines(self, db: UnitOfWork, message_ids: Collection[int]) -> Erased:
        """Delete lines, and whatever came only from them."""
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
        """Delete what came only from words that an edit took away (C63)."""
        covering = await db.summaries.covering([message_id])
        outdated = {one.summary_id for one in covering if one.digest != digest(text)}
        summaries = await db.summaries.drop(outdated)
        gone = await self._unsupported(db, {message_id}, said={message_id: text})
        await db.character_days.forget_topics([message_id])
        archived = await db.archive.edited(message_id, masked(text))
        await db.reminders.forget_sources([message_id], unless_in=text)
        return gone + Erased(summaries=summaries, archived=int(archived))

    async def memories(self, db: UnitOfWork, memory_ids: Collection[int]) -> Erased:
        """Delete memories and every earlier form of them."""
        gone = await db.memories.forget(memory_ids)
        await db.memories.revive(memory_ids)
        await self._remember_to(db, memory_ids)
        return Erased(memories=gone)

    async def person(self, db: UnitOfWork, person_id: int) -> None:
        """Keep that no file may hold anything of somebody any more."""
        left = json.loads(await db.states.get(_PEOPLE) or "[]")
        await db.states.set(_PEOPLE, json.dumps(sorted({*left, person_id})))

    async def finish(self) -> bool:
        """Remove the traces of what was deleted: dumps, and the write-ahead log.

        False when that has to be tried again: the hourly job does. It writes whole tables anew, so those
        who come while it is under way share the one that follows.
        """
        if self._next is None:
            self._next = self._spawn(self._finish_next(), name="Removing traces")
        return await asyncio.shield(self._next)

    async def _finish_next(self) -> bool:
        async with self._finishing:
            self._next = None  # what is deleted from now on needs another one
            for _ in range(TRIES):
                if await self._finish():
                    return True
                await asyncio.sleep(PAUSE)  # somebody was reading: that takes milliseconds
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
        """Remove the files of people who are erased, then what is left in any table."""
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
        """Write down what is left to do; False where more came in meanwhile."""
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
        """Leave of somebody's memories what is left of their lines; tell how many lost their words."""
        lines = lineages(reversed(await db.memories.since(person_id, character, 0)))
        plan = cutting(lines)
        if not plan:
            return Erased()
        known = {one.id: one.text for one in await db.memories.of(person_id, character)}
        await db.memories.forget(plan)
        for memory_id, steps in plan.items():
            await _tell(db, _Memory(memory_id, person_id, character), steps)
        gone = [one for one, steps in plan.items() if not steps or steps[-1].values is None]
        await db.memories.revive(gone)
        lost = [one for one, steps in plan.items() if _words(steps) != _words(lines.get(one, ()))]
        await self._remember_to(db, lost)
        now = {one.id: one.text for one in await db.memories.of(person_id, character)}
        memories = sum(one in known and now.get(one) != known[one] for one in lost)
        return Erased(memories=memories, forms=len(lost) - memories)

    async def _unsupported(
        self, db: UnitOfWork, message_ids: Collection[int], *, said: Mapping[int, str]
    ) -> Erased:
        """Delete what is known only from some messages, as they are by now."""
        whose = await db.memories.drawn_from(message_ids)
        gone = Erased()
        for person_id, character in sorted(whose):
            gone += await self.cut(
                db, person_id, character, lambda lines: after_loss(lines, message_ids, said)
            )
        return gone

    async def _remember_to(self, db: UnitOfWork, memory_ids: Collection[int]) -> None:
        left = json.loads(await db.states.get(_TO_ERASE) or "[]")
        await db.states.set(_TO_ERASE, json.dumps(sorted({*left, *memory_ids})))


@dataclass(frozen=True, slots=True)
class _Memory:
    """Which memory is told anew."""

    id: int
    person_id: int
    character: str


async def _tell(db: UnitOfWork, which: _Memory, steps: Sequence[HistoryStep]) -> None:
    """Write down anew what is left of a memory that was deleted, step by step as it was."""
    memory: Fact | None = None
    for step in steps:
        if step.values is None:
            if memory is not None:
                await db.memories.remove(memory, batch=step.batch, cause=step.cause, at=step.at)
            memory = None
        elif memory is None:
            memory = Fact(
                person_id=which.person_id,
                character=which.character,
                changed_at=step.at,
                **{"made_at": step.at, **step.values},
            )
            memory.id = which.id
            memory.number = await _free(db, memory)
            await db.memories.add(memory, batch=step.batch, cause=step.cause)
        else:
            values = {**step.values, "number": memory.number}
            await db.memories.change(memory, values, batch=step.batch, cause=step.cause, at=step.at)


def _words(steps: Sequence[HistoryStep]) -> list[object]:
    return [step.values and step.values["text"] for step in steps]


async def _free(db: UnitOfWork, memory: Fact) -> int:
    """Return the number of a memory; 0, for the next one, where another has it by now."""
    other = await db.memories.numbered(memory.person_id, memory.character, memory.number)
    return 0 if other is not None else memory.number


def digest(text: str) -> str:
    """Return a mark of a line's words, by which an edit is noticed, and that goes with the summary."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
