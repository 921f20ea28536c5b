"""Merging a person's memories into fewer without losing content (F067, C50)."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from database import Database, UnitOfWork
from database.models import Fact
from memory.core import KnownMemory, Merged, merge
from memory.history import JOINED, LAID_DOWN, LEARNT, into

log = logging.getLogger(__name__)

GROWN = 1.1
"""Growth factor of the memories since the last attempt at which merging is tried again."""

Ask = Callable[[str, int, Sequence[KnownMemory]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Asks a model which memories say the same, by character and person id; no groups if the call fails."""


class Merger:
    """Merges a character's memories of a person when they exceed `threshold` tokens."""

    def __init__(
        self,
        database: Database,
        *,
        ask: Ask,
        tokens: Callable[[str], int],
        threshold: int,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._ask = ask
        self._tokens = tokens
        self._threshold = threshold
        self._now = now
        self._tried: dict[tuple[str, int], int] = {}  # tokens at the last attempt, by character and person

    async def run(self, character: str, person_id: int) -> list[Fact] | None:
        """Merge memories where possible; return the memories before, or None if nothing changed."""
        async with self._database.read() as db:
            memories = _core(await db.memories.of(person_id, character))
        size = sum(self._tokens(memory.text) for memory in memories)
        # A request costs as much as a long talk, and right after a failure it would fail again.
        if size <= max(self._threshold, GROWN * self._tried.get((character, person_id), 0)):
            return None
        self._tried[character, person_id] = size
        known = known_of(memories)
        merged = [
            merged_memory
            for place in _places(known)
            for merged_memory in await self._merged(character, person_id, place)
        ]
        async with self._database.begin() as db:
            now = _core(await db.memories.of(person_id, character))
            if not merged or known_of(now) != known:
                log.warning("The memories of a person stay many: they can't be joined without a loss")
                return None
            await self._join(db, now, merged)
        self._tried[character, person_id] = sum(self._tokens(memory.text) for memory in now)
        return memories

    async def _merged(self, character: str, person_id: int, known: Sequence[KnownMemory]) -> list[Merged]:
        """Return merges within one audience: no reader may learn what was said elsewhere (D2)."""
        renumbered = [replace(memory, number=number) for number, memory in enumerate(known, 1)]
        return merge(await self._ask(character, person_id, renumbered), renumbered) or []

    async def _join(self, db: UnitOfWork, memories: Sequence[Fact], merged: Sequence[Merged]) -> None:
        by_id, batch, at = (
            {memory.id: memory for memory in memories},
            await db.memories.new_batch(),
            self._now(),
        )
        for merged_memory in merged:
            first, *others = joined = [by_id[memory_id] for memory_id in merged_memory.ids]
            values = {
                "text": merged_memory.text,
                "sources": sorted({source for memory in joined for source in memory.sources}),
                "origin": _origin(joined),
            }
            for other in others:
                await db.memories.remove(other, batch=batch, cause=into(first.id), at=at)
                await db.memories.repoint(other.id, first.id, batch=batch, at=at)
            await db.memories.change(first, values, batch=batch, cause=JOINED, at=at)


def _origin(joined: Sequence[Fact]) -> str:
    """Return the origin of a merged memory: the person's own only if all parts are."""
    origins = {memory.origin for memory in joined}
    return next((origin for origin in (LEARNT, LAID_DOWN) if origin in origins), joined[0].origin)


def _core(memories: Sequence[Fact]) -> list[Fact]:
    """Return the facts at the start of prompts: facts that are kept and still hold."""
    return [memory for memory in memories if memory.kept and memory.ended_at is None]


def _places(known: Sequence[KnownMemory]) -> list[list[KnownMemory]]:
    """Group memories by audience; a memory alone in its audience can't be merged."""
    places: dict[object, list[KnownMemory]] = {}
    for memory in known:
        places.setdefault(memory.place, []).append(memory)
    return [group for group in places.values() if len(group) > 1]


def known_of(memories: Sequence[Fact]) -> tuple[KnownMemory, ...]:
    """Return memories in the form shown to the model."""
    return tuple(
        KnownMemory(
            number,
            memory.id,
            memory.person_id,
            memory.text,
            pinned=memory.pinned,
            place=(memory.scope, memory.channel_id, memory.guild_id, memory.subject),
        )
        for number, memory in enumerate(memories, 1)
    )
