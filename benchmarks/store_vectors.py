"""Vectors of the store benchmark: as an embedder would make them, and as a bot writes them day by day."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, insert, update

from database.models import Vectors
from database.repositories import table_of
from database.repositories.vectors import PART, Kind
from memory.meaning import kept_as, packed
from memory.multilingual import NAME, SIZE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

TOPICS = 400


class Meanings:
    """Unit vectors around the centres of topics, some closer and some farther."""

    def __init__(self, seed: int) -> None:
        import numpy as np

        self._rng = np.random.default_rng(seed)
        self._centres = self.unit(self._rng.standard_normal((TOPICS, SIZE), np.float32))

    def some(self, count: int) -> "Rows":
        """Return so many vectors (count, dimensions)."""
        import numpy as np

        centres = self._centres[self._rng.integers(TOPICS, size=count)]
        strays = self._rng.standard_normal((count, SIZE), np.float32)
        return self.unit(centres + strays / np.float32(SIZE**0.5))

    @staticmethod
    def unit(rows: "Rows") -> "Rows":
        """Return rows at unit length."""
        lengths: Rows = (rows**2).sum(axis=1, keepdims=True) ** 0.5
        return rows / lengths


@dataclass
class Part:
    """The row of somebody's vectors that is not full yet; whether it `stands` in the file."""

    id: int
    number: int
    ids: bytes = b""
    rows: bytes = b""
    stands: bool = False

    @property
    def room(self) -> int:
        return PART - len(self.ids) // 8


class Embedded:
    """Writes vectors as they come up: a row grows with each day on which its owner tells something.

    Written only once each, the rows would lie in one piece, and be read faster than any bot reads them.
    """

    def __init__(self, seed: int) -> None:
        self._meanings = Meanings(seed)
        self._last = 0
        self._parts: dict[int, Part] = {}

    def add(self, db: Connection, kind: Kind, character: str, items: Sequence[tuple[int, int]]) -> None:
        """Make vectors of some (owner, item), and write them."""
        rows = packed(self._meanings.some(len(items)))
        changed: dict[int, tuple[int, Part]] = {}
        for (owner, item), row in zip(items, rows, strict=True):
            part = self._part(owner)
            part.ids += array("q", [item]).tobytes()
            part.rows += row
            changed[part.id] = (owner, part)
        new = [(owner, part) for owner, part in changed.values() if not part.stands]
        grown = [part for _, part in changed.values() if part.stands]
        _insert(db, kind, character, new)
        _update(db, grown)
        for part in (part for _, part in new):
            part.stands = True

    def _part(self, owner: int) -> Part:
        """Return the row that takes what comes up next."""
        part = self._parts.get(owner)
        if part is None or not part.room:
            self._last += 1
            part = self._parts[owner] = Part(self._last, part.number + 1 if part else 0)
        return part


def _insert(db: Connection, kind: Kind, character: str, new: Sequence[tuple[int, Part]]) -> None:
    shared: dict[str, Any] = {"kind": kind, "character": character, "model": kept_as(NAME)}
    rows = [
        {**shared, "owner_id": owner, "id": part.id, "part": part.number, "ids": part.ids, "rows": part.rows}
        for owner, part in new
    ]
    if rows:
        db.execute(insert(table_of(Vectors)), rows)


def _update(db: Connection, grown: Sequence[Part]) -> None:
    table = table_of(Vectors)
    changed = update(table).where(table.c.id == bindparam("row"))
    changed = changed.values(ids=bindparam("new_ids"), rows=bindparam("new_rows"))
    values = [{"row": one.id, "new_ids": one.ids, "new_rows": one.rows} for one in grown]
    if values:
        db.execute(changed, values)
