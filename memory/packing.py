"""Embeddings as they are kept: a fourth of the room, and the same neighbours."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from memory.sentence_models import Vectors

_WHOLE = 127


def packed(vectors: "Vectors") -> list[bytes]:
    """Return unit vectors (n, dimensions) as small integers, a row each."""
    import numpy as np

    rows = np.rint(np.asarray(vectors) * _WHOLE).astype(np.int8)
    return [row.tobytes() for row in rows]


def unpacked(rows: bytes, count: int) -> "Vectors":
    """Return `count` packed rows as vectors (count, dimensions) of float32, nearly of unit length."""
    import numpy as np

    if not count:
        return np.zeros((0, 0), dtype=np.float32)
    return np.frombuffer(rows, dtype=np.int8).reshape(count, -1).astype(np.float32) / np.float32(_WHOLE)
