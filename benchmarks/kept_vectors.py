"""Vectors that are made once, however often a benchmark plays the same words: making them takes longest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.embeddings import Embedder

if TYPE_CHECKING:
    from memory.sentence_models import Vectors


@dataclass
class KeptVectors:
    """An embedder that makes the vector of a text once; `made` holds those of earlier plays."""

    of: Embedder
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def dimensions(self) -> int:
        return self.of.dimensions

    async def encode(self, texts: Sequence[str]) -> "Vectors":
        import numpy as np

        new = [one for one in dict.fromkeys(texts) if one not in self.made]
        if new:
            self.made |= zip(new, await self.of.encode(new), strict=True)
        return np.stack([self.made[one] for one in texts])

    def close(self) -> None:
        """Leave the embedder open: whoever opened it closes it."""


async def keep_vectors(file: Path, embedder: Embedder, texts: Iterable[str]) -> None:
    """Write the vectors of some texts into a file, for other processes to read."""
    import numpy as np

    once = list(dict.fromkeys(texts))
    np.savez(file, texts=once, rows=await embedder.encode(once))


def kept_vectors(file: Path) -> dict[str, Any]:
    """Return the vectors in a file by their texts; none where there is no file."""
    import numpy as np

    if not file.exists():
        return {}
    with np.load(file) as kept:
        return dict(zip(kept["texts"].tolist(), kept["rows"], strict=True))
