"""Texts as vectors where that can be had; everything works without, by words alone (C58)."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from memory.embeddings import Embedder, EmbedderMissing

if TYPE_CHECKING:
    from memory.sentence_models import Vectors

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
