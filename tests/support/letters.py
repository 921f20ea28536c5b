"""What several tests stand on: letters."""

from typing import Any

import pytest


class Letters:
    """An embedder by the letters of a text."""

    name, dimensions = "letters", 8

    async def encode(self, texts: Any) -> Any:
        np = pytest.importorskip("numpy")
        rows = np.array([[text.count(letter) + 0.1 for letter in "aeioustn"] for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def close(self) -> None:
        """Nothing to let go of."""
