"""Vectors for what has none yet: new words, edited ones, all of them after a change of the model (F080)."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from database import Database, UnitOfWork
from database.repositories.vectors import Kind
from memory.meaning import Meaning
from memory.packing import packed
from memory.rules import Consent

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Texts that are embedded and kept in one step."""
TOLD_EVERY = 1_000
"""Of a longer run so many are told at a time."""

Progress = Callable[[int, int], None]
"""Is told how many of how many have a vector."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose items: a person's facts, under a character, or a channel's lines."""

    kind: Kind
    id: int
    character: str = ""


class Embedding:
    """Sees to it that what can be found by its meaning is, in the background; of who agrees (D03)."""

    def __init__(self, database: Database, meaning: Meaning, consent: Consent) -> None:
        self._database = database
        self._meaning = meaning
        self._consent = consent
        self._running = asyncio.Lock()

    async def catch_up(self, *, progress: Progress | None = None) -> int:
        """Embed whatever has no vector of the present model; return how many those were.

        Vectors of other models go once that is done: until then the database holds both, and finding goes
        on with what there is.
        """
        model = self._meaning.model
        if not model or self._running.locked():
            return 0
        async with self._running:
            async with self._database.read() as db:
                made, there = await db.embeddings.counts(model, self._consent)
                known = await db.embeddings.owners(self._consent) if made < there else []
            owners = [Owner(*one) for one in known]
            tell = progress or _logged
            done = 0
            for owner in owners:
                before = done
                done += await self._embed(owner, model)
                if done // TOLD_EVERY > before // TOLD_EVERY:
                    tell(made + done, there)
            if done >= TOLD_EVERY:
                tell(made + done, there)
            if self._meaning.model:
                await self._drop_others(model)
            return done

    async def _embed(self, owner: Owner, model: str) -> int:
        async with self._database.read() as db:
            missing = await self._missing(db, owner, model)
        done = 0
        for begin in range(0, len(missing), AT_ONCE):
            some = missing[begin : begin + AT_ONCE]
            vectors = await self._meaning.encode([text for _, text in some])
            if vectors is None:
                break
            await self._keep(owner, model, some, packed(vectors))
            done += len(some)
        return done

    async def _keep(
        self, owner: Owner, model: str, some: Sequence[tuple[int, str]], rows: Sequence[bytes]
    ) -> None:
        """Keep vectors of what still has those words."""
        async with self._database.begin() as db:
            now = dict(await self._missing(db, owner, model))
            still = {one: row for (one, text), row in zip(some, rows, strict=True) if now.get(one) == text}
            await db.embeddings.put(owner.kind, owner.id, model, still, character=owner.character)

    async def _missing(self, db: UnitOfWork, owner: Owner, model: str) -> list[tuple[int, str]]:
        return await db.embeddings.missing(
            owner.kind, owner.id, model, self._consent, character=owner.character
        )

    async def _drop_others(self, model: str) -> None:
        async with self._database.begin() as db:
            await db.embeddings.drop_other_models(model)


def _logged(done: int, there: int) -> None:
    log.info("Embedded %d of %d facts and lines", done, there)
