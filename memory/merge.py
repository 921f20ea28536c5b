"""Joining what is known of somebody into fewer memories, without dropping any of it (F067, C50)."""

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
"""By so much memories have to grow before joining them is tried again."""

Ask = Callable[[str, int, Sequence[KnownMemory]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Asks a model, by character and person id, which memories say the same; none when that failed."""


class Merger:
    """Joins a character's memories of a person where they take more than `threshold` tokens."""

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
        self._tried: dict[tuple[str, int], int] = {}  # how large somebody's memories were the last time

    async def run(self, character: str, person_id: int) -> list[Fact] | None:
        """Join what can be joined; return what was known before, or None when all stayed as it was."""
        async with self._database.read() as db:
            memories = _core(await db.memories.of(person_id, character))
        size = sum(self._tokens(one.text) for one in memories)
        # Asking costs as much as a long talk: what could not be joined just now can't be a moment later.
        if size <= max(self._threshold, GROWN * self._tried.get((character, person_id), 0)):
            return None
        self._tried[character, person_id] = size
        known = known_of(memories)
        merged = [one for place in _places(known) for one in await self._merged(character, person_id, place)]
        async with self._database.begin() as db:
            now = _core(await db.memories.of(person_id, character))
            if not merged or known_of(now) != known:
                log.warning("The memories of a person stay many: they can't be joined without a loss")
                return None
            await self._join(db, now, merged)
        self._tried[character, person_id] = sum(self._tokens(one.text) for one in now)
        return memories

    async def _merged(self, character: str, person_id: int, known: Sequence[KnownMemory]) -> list[Merged]:
        """Return how memories of one place are joined: nobody reads there what was said elsewhere (D2)."""
        renumbered = [replace(one, number=number) for number, one in enumerate(known, 1)]
        return merge(await self._ask(character, person_id, renumbered), renumbered) or []

    async def _join(self, db: UnitOfWork, memories: Sequence[Fact], merged: Sequence[Merged]) -> None:
        by_id, batch, at = {one.id: one for one in memories}, await db.memories.new_batch(), self._now()
        for one in merged:
            first, *others = joined = [by_id[memory_id] for memory_id in one.ids]
            values = {
                "text": one.text,
                "sources": sorted({source for each in joined for source in each.sources}),
                "origin": _origin(joined),
            }
            for other in others:
                await db.memories.remove(other, batch=batch, cause=into(first.id), at=at)
                await db.memories.repoint(other.id, first.id, batch=batch, at=at)
            await db.memories.change(first, values, batch=batch, cause=JOINED, at=at)


def _origin(joined: Sequence[Fact]) -> str:
    """Return where the words of a whole come from: what is not all the person's own is not theirs."""
    origins = {one.origin for one in joined}
    return next((one for one in (LEARNT, LAID_DOWN) if one in origins), joined[0].origin)


def _core(memories: Sequence[Fact]) -> list[Fact]:
    """Return what stands at the head of prompts: facts that are kept, and hold."""
    return [one for one in memories if one.kept and one.ended_at is None]


def _places(known: Sequence[KnownMemory]) -> list[list[KnownMemory]]:
    """Return memories by the place in which they were said; those that stand alone there can't be joined."""
    places: dict[object, list[KnownMemory]] = {}
    for one in known:
        places.setdefault(one.place, []).append(one)
    return [theirs for theirs in places.values() if len(theirs) > 1]


def known_of(memories: Sequence[Fact]) -> tuple[KnownMemory, ...]:
    """Return memories as a model is shown them."""
    return tuple(
        KnownMemory(
            number,
            one.id,
            one.person_id,
            one.text,
            pinned=one.pinned,
            place=(one.scope, one.channel_id, one.guild_id, one.subject),
        )
        for number, one in enumerate(memories, 1)
    )
