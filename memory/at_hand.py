"""Search indexes over facts and earlier lines, cached for recent speakers and channels."""

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from math import exp
from typing import TYPE_CHECKING, Generic, TypeVar

from database.repositories.archive import ArchivedLine
from database.repositories.memories import Recallable
from database.repositories.vectors import Packed
from database.types import EPOCH
from memory.meaning import whole_numbers
from memory.ranking import FACTS, TALK, Passage, PassageIndex

if TYPE_CHECKING:
    from memory.meaning import WholeNumbers

_Kept = TypeVar("_Kept")
FACTS_AT_HAND, TALK_AT_HAND = 64, 8
"""Maximum number of cached people and channels: 0.25 MB for a person, up to 20 MB for a channel."""
PINNED, RECENT, RECENT_DAYS = 0.1, 0.1, 30.0
"""What a pin adds to a fact's score, what a mention just now adds, and the days over which that fades."""
_DAY = 86_400_000_000


class PlaceTalk:
    """Earlier lines of a channel, oldest first, their speakers, and the index over them once it is built."""

    def __init__(self, lines: Sequence[ArchivedLine]) -> None:
        self.lines = tuple(lines)
        self.index: PassageIndex | None = None
        self.people: defaultdict[int, set[str]] = defaultdict(set)
        """The names under which each person spoke in the channel."""
        self.characters = set[str]()
        for line in self.lines:
            (self.characters if line.mine else self.people[line.author_id]).add(line.author_name)

    def made_ready(self, vectors: Packed | None) -> PassageIndex:
        """Return the index; the first call builds it, which takes long."""
        if self.index is None:
            passages = [
                Passage(line.id, line.text, line.author_name, _day(line.sent_at)) for line in self.lines
            ]
            self.index = PassageIndex(
                passages, rows_of(vectors, [line.id for line in self.lines]), weights=TALK
            )
        return self.index


class AtHand(Generic[_Kept]):
    """A cache that holds the `most` recently used values."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[object, _Kept] = OrderedDict()

    def keep(self, key: object, value: _Kept) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def again(self, key: object) -> _Kept | None:
        """Return a cached value and mark it as recently used."""
        value = self._kept.get(key)
        with suppress(KeyError):  # a thread may have evicted it just now
            self._kept.move_to_end(key)
        return value


def fact_index(facts: Sequence[Recallable], now: datetime) -> PassageIndex:
    """Return an index over the words of facts; the person's id stands as the speaker."""
    fades = _DAY * RECENT_DAYS
    at = (now - EPOCH) / timedelta(microseconds=1)
    passages = [
        Passage(
            fact.id,
            f"{fact.text} {fact.search_text or ''}",
            str(fact.person_id),
            boost=(PINNED if fact.pinned else 0.0) + RECENT * exp(min(fact.last - at, 0.0) / fades),
        )
        for fact in facts
    ]
    return PassageIndex(passages, weights=FACTS)


def rows_of(there: Packed | None, ids: Sequence[int]) -> "WholeNumbers | None":
    """Return a vector for each item, zeros for an item without one; None if there are no vectors."""
    if there is None or not there.ids:
        return None
    import numpy as np

    rows = np.frombuffer(there.rows, np.uint8).reshape(len(there.ids), -1)
    have, wanted = np.array(there.ids), np.array(ids)
    order = have.argsort()
    places = order[have.searchsorted(wanted, sorter=order).clip(max=len(have) - 1)]
    found = rows[places]
    found[have[places] != wanted] = 0
    return whole_numbers(found.tobytes(), len(ids))


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"
