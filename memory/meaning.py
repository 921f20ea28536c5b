"""Texts as vectors where that can be had; everything works without, by words alone (C58)."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from database import Database, UnitOfWork
from database.repositories.vectors import Kind
from memory.embeddings import Embedder, EmbedderMissing
from memory.rules import Consent

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from memory.sentence_models import Vectors

    WholeNumbers = npt.NDArray[np.int8]

log = logging.getLogger(__name__)

DEADLINE = 10.0
"""Seconds that a question may wait for its vector; beside a first start the model loads in one."""


class Meaning:
    """An embedder that never fails: what it can't do is said once, and then there are no vectors."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder

    @property
    def model(self) -> str:
        """The name under which vectors are kept; "" where there are none."""
        return kept_as(self.before) if self._embedder is not None else ""

    @property
    def before(self) -> str:
        """The name under which they were kept in 8 bits."""
        return self._embedder.name if self._embedder is not None else ""

    async def encode(self, texts: Sequence[str], *, deadline: float | None = None) -> "Vectors | None":
        """Return unit vectors (n, dimensions), or None where there are none, or not within the deadline."""
        if self._embedder is None or not texts:
            return None
        try:
            async with asyncio.timeout(deadline):
                return await self._embedder.encode(texts)
        except EmbedderMissing as error:
            self._give_up(str(error))
        except TimeoutError:
            log.warning("No vector within %g seconds: this once, only words are searched for", deadline)
        return None

    def close(self) -> None:
        if self._embedder is not None:
            self._embedder.close()

    def _give_up(self, why: str) -> None:
        if self._embedder is not None:
            log.warning("%s", why)
            self._embedder.close()
            self._embedder = None


# Vectors as they are kept: an eighth of the room, and the same neighbours.

_MOST = 7
"""A number is kept as one of -7 to 7, two of them in a byte."""
_STEP = 0.42
"""What one of these stands for, in units of the numbers' mean: so few are larger than the largest."""


def kept_as(model: str) -> str:
    """Return the name under which a model's vectors are kept: those of 8 bits can't be compared with them."""
    return f"{model}, 4 bits"


def packed(vectors: "Vectors") -> list[bytes]:
    """Return unit vectors (n, dimensions), a row of bytes each: what is above in a byte is the first half."""
    import numpy as np

    rows = np.asarray(vectors, np.float32)
    whole = np.rint(rows * np.float32(rows.shape[1] ** 0.5 / _STEP)).clip(-_MOST, _MOST).astype(np.int8)
    whole = np.pad(whole, ((0, 0), (0, whole.shape[1] % 2)))
    first, second = np.hsplit(whole, 2)
    return [row.tobytes() for row in (first << 4 | second & 15)]


def whole_numbers(rows: bytes, count: int) -> "WholeNumbers":
    """Return `count` packed rows in a byte for each number, 16 times as large (count, dimensions).

    Of odd dimensions there is one more. What is packed as zeros stays zeros.
    """
    import numpy as np

    both = np.frombuffer(rows, np.int8).reshape(count, -1 if count else 0)
    return np.concatenate([both & -16, both << 4], axis=1)


def unpacked(rows: bytes, count: int) -> "Vectors":
    """Return `count` packed rows as unit vectors: see `whole_numbers`."""
    import numpy as np

    vectors = whole_numbers(rows, count).astype(np.float32)
    vectors /= np.sqrt(np.vecdot(vectors, vectors)).clip(1)[:, np.newaxis]
    return vectors


def from_8_bits(rows: Mapping[int, bytes]) -> dict[int, bytes]:
    """Return packed rows for those that were kept as they were before: a byte for each number."""
    import numpy as np

    if not rows:
        return {}
    before = np.stack([np.frombuffer(one, np.int8) for one in rows.values()]).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", before, before))[:, np.newaxis]
    return dict(zip(rows, packed(before / lengths.clip(1)), strict=True))


# Vectors for what has none yet: new words, edited ones, all of them after a change of the model (F080).

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
        await self._keep_anew(owner, model)
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

    async def _keep_anew(self, owner: Owner, model: str) -> None:
        """Keep in 4 bits what is there in 8, which need not be encoded again."""
        before = self._meaning.before
        async with self._database.begin() as db:
            there = await db.embeddings.of(owner.kind, [owner.id], before, characters=[owner.character])
            if not there.ids:
                return
            size = len(there.rows) // len(there.ids)
            old = {one: there.rows[size * at : size * (at + 1)] for at, one in enumerate(there.ids)}
            missing = dict(await self._missing(db, owner, model))
            still = {one: row for one, row in old.items() if one in missing}
            rows = await asyncio.to_thread(from_8_bits, still)
            await db.embeddings.put(owner.kind, owner.id, model, rows, character=owner.character)

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
