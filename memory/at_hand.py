"""Facts and earlier lines made ready to be searched, and kept so for those who talk just now."""

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
"""People, and places, that are kept ready to be searched: a quarter of a megabyte each, and up to twenty."""
PINNED, RECENT, RECENT_DAYS = 0.1, 0.1, 30.0
"""What a pin adds to a fact's score, and having been mentioned just now, which fades over so many days."""
_DAY = 86_400_000_000


class PlaceTalk:
    """Earlier lines of a place, oldest first, who said them, and the index over them once it is made."""

    def __init__(self, lines: Sequence[ArchivedLine]) -> None:
        self.lines = tuple(lines)
        self.index: PassageIndex | None = None
        self.people: defaultdict[int, set[str]] = defaultdict(set)
        """The names under which each person spoke here."""
        self.characters = set[str]()
        for one in self.lines:
            (self.characters if one.mine else self.people[one.author_id]).add(one.author_name)

    def made_ready(self, vectors: Packed | None) -> PassageIndex:
        """Return the index, and make it before: that takes its time."""
        if self.index is None:
            passages = [Passage(one.id, one.text, one.author_name, _day(one.sent_at)) for one in self.lines]
            self.index = PassageIndex(
                passages, rows_of(vectors, [one.id for one in self.lines]), weights=TALK
            )
        return self.index


class AtHand(Generic[_Kept]):
    """What was made ready last, of `most` at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[object, _Kept] = OrderedDict()

    def keep(self, key: object, one: _Kept) -> None:
        self._kept[key] = one
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def again(self, key: object) -> _Kept | None:
        """Return what is at hand, to be kept for longer than what nobody asked for since."""
        one = self._kept.get(key)
        with suppress(KeyError):  # a thread may have put it away just now
            self._kept.move_to_end(key)
        return one


def fact_index(facts: Sequence[Recallable], now: datetime) -> PassageIndex:
    """Return an index over the words of facts; whom one is about is its speaker, by id."""
    fades = _DAY * RECENT_DAYS
    at = (now - EPOCH) / timedelta(microseconds=1)
    passages = [
        Passage(
            one.id,
            f"{one.text} {one.search_text or ''}",
            str(one.person_id),
            boost=(PINNED if one.pinned else 0.0) + RECENT * exp(min(one.last - at, 0.0) / fades),
        )
        for one in facts
    ]
    return PassageIndex(passages, weights=FACTS)


def rows_of(there: Packed | None, ids: Sequence[int]) -> "WholeNumbers | None":
    """Return a vector for each of some items, zeros for those that have none yet; None without any."""
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
