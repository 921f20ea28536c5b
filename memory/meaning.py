"""Optional embeddings: without them search works by words alone (C58)."""

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
"""Seconds that a question may wait for its vector; apart from the first start the model loads in one."""


class Meaning:
    """An embedder that never fails: it logs a failure once and returns no vectors afterwards."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder

    @property
    def model(self) -> str:
        """The name under which vectors are stored; "" without an embedder."""
        return kept_as(self.before) if self._embedder is not None else ""

    @property
    def before(self) -> str:
        """The name under which earlier versions stored vectors of 8 bits."""
        return self._embedder.name if self._embedder is not None else ""

    async def encode(self, texts: Sequence[str], *, deadline: float | None = None) -> "Vectors | None":
        """Return unit vectors (n, dimensions); None without an embedder or after the deadline."""
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


# Quantised vectors: an eighth of the size, with the same nearest neighbours.

_MOST = 7
"""Numbers are stored as integers from -7 to 7, two in a byte."""
_STEP = 0.42
"""Size of a step relative to the numbers' mean, so that few exceed the largest."""


def kept_as(model: str) -> str:
    """Return the storage name of a model's vectors of 4 bits, which can't be compared with those of 8."""
    return f"{model}, 4 bits"


def packed(vectors: "Vectors") -> list[bytes]:
    """Return unit vectors (n, dimensions) as bytes; the high bits hold the first half of the dimensions."""
    import numpy as np

    rows = np.asarray(vectors, np.float32)
    whole = np.rint(rows * np.float32(rows.shape[1] ** 0.5 / _STEP)).clip(-_MOST, _MOST).astype(np.int8)
    whole = np.pad(whole, ((0, 0), (0, whole.shape[1] % 2)))
    first, second = np.hsplit(whole, 2)
    return [row.tobytes() for row in (first << 4 | second & 15)]


def whole_numbers(rows: bytes, count: int) -> "WholeNumbers":
    """Return `count` packed rows as int8 (count, dimensions), scaled by 16.

    An odd number of dimensions grows by one. Zeros stay zeros.
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
    """Return rows packed in 4 bits for rows in 8 bits."""
    import numpy as np

    if not rows:
        return {}
    before = np.stack([np.frombuffer(row, np.int8) for row in rows.values()]).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", before, before))[:, np.newaxis]
    return dict(zip(rows, packed(before / lengths.clip(1)), strict=True))


# Embedding of new and edited texts, and of all texts after a change of the model (F080).

AT_ONCE = 64
"""Texts embedded and stored per step."""
TOLD_EVERY = 1_000
"""Texts between two progress reports of a long run."""

Progress = Callable[[int, int], None]
"""Called with the number of embedded texts and of all texts."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Owner of embedded items: a person, for the facts of a character, or a channel, for its lines."""

    kind: Kind
    id: int
    character: str = ""


class Embedding:
    """Embeds facts and lines of people who agreed, in the background (D03)."""

    def __init__(self, database: Database, meaning: Meaning, consent: Consent) -> None:
        self._database = database
        self._meaning = meaning
        self._consent = consent
        self._running = asyncio.Lock()

    async def catch_up(self, *, progress: Progress | None = None) -> int:
        """Embed everything without a vector of the current model; return the number of texts.

        Vectors of other models are deleted afterwards; until then search goes on with the vectors there are.
        """
        model = self._meaning.model
        if not model or self._running.locked():
            return 0
        async with self._running:
            async with self._database.read() as db:
                made, there = await db.embeddings.counts(model, self._consent)
                known = await db.embeddings.owners(self._consent) if made < there else []
            owners = [Owner(*owner) for owner in known]
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
        await self._convert(owner, model)
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

    async def _convert(self, owner: Owner, model: str) -> None:
        """Convert vectors of 8 bits to 4 bits, which saves encoding the texts again."""
        before = self._meaning.before
        async with self._database.begin() as db:
            there = await db.embeddings.of(owner.kind, [owner.id], before, characters=[owner.character])
            if not there.ids:
                return
            size = len(there.rows) // len(there.ids)
            old = {item: there.rows[size * at : size * (at + 1)] for at, item in enumerate(there.ids)}
            missing = dict(await self._missing(db, owner, model))
            still = {item: row for item, row in old.items() if item in missing}
            rows = await asyncio.to_thread(from_8_bits, still)
            await db.embeddings.put(owner.kind, owner.id, model, rows, character=owner.character)

    async def _keep(
        self, owner: Owner, model: str, some: Sequence[tuple[int, str]], rows: Sequence[bytes]
    ) -> None:
        """Store vectors of items whose text has not changed meanwhile."""
        async with self._database.begin() as db:
            now = dict(await self._missing(db, owner, model))
            still = {item: row for (item, text), row in zip(some, rows, strict=True) if now.get(item) == text}
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
