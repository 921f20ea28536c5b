"""Search for entries' keys in the newest messages and in other lore."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from personas.lorebooks.match import NeedleIndex
from personas.lorebooks.model import NEWEST, Logic, Lorebook, LoreEntry
from personas.lorebooks.needles import SearchedText
from personas.lorebooks.patterns import TimeBox

FURTHEST = 100
"""Maximum number of messages searched, whatever a book says."""
LONGEST_MESSAGE = 20_000
"""Maximum number of characters searched in a message."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The key that matched an entry, and the number of messages since; None if it was in other lore."""

    key: str
    depth: int | None


@dataclass(slots=True)
class HeardKeys:
    """Matches of a book's keys: in the talk, with their distance, and in active lore."""

    book: Lorebook
    index: NeedleIndex
    nearest: dict[int, int] = field(default_factory=dict)
    told: set[int] = field(default_factory=set)

    def listen(self, newest_first: Sequence[SearchedText], box: TimeBox) -> None:
        """Search the messages for the book's keys."""
        for depth, heard in enumerate(newest_first):
            for number in self.index.within(heard, box):
                self.nearest.setdefault(number, depth)

    def waiting(self) -> Iterator[str]:
        """Yield the uids of entries with a matching key, possibly repeated."""
        for number in {*self.nearest, *self.told}:
            yield from self.index.uses.get(number, ())

    def named(self, uid: str, *, recursion: int) -> Naming | None:
        """Return the match of an entry in this round of recursion, if all its conditions on words are met."""
        entry = self.index.entries[uid]
        keys = self.index.keys[uid]
        naming = self._primary(entry, keys.primary, recursion)
        if naming is None:
            return None
        if keys.additional and not any(self._is_present(number, entry) for number in keys.additional):
            return None
        if any(self._is_present(number, entry) for number in keys.exclude):
            return None
        return naming if self._selected(entry, keys.secondary) else None

    def said(self, uid: str) -> int | None:
        """Return the number of messages since the talk itself named an entry; None if it did not."""
        naming = self.named(uid, recursion=0)
        return naming.depth if naming else None

    def _primary(self, entry: LoreEntry, numbers: Sequence[int], recursion: int) -> Naming | None:
        if not entry.delay_until_recursion:
            window = self._window(entry)
            depth, number = min(
                ((self.nearest.get(key_number, math.inf), key_number) for key_number in numbers),
                default=(math.inf, 0),
            )
            if depth < window:
                return Naming(self.index.needles[number].word, int(depth))
        if recursion and recursion >= entry.delay_until_recursion and self._hears_lore(entry):
            number = min((key_number for key_number in numbers if key_number in self.told), default=-1)
            if number >= 0:
                return Naming(self.index.needles[number].word, None)
        return None

    def _selected(self, entry: LoreEntry, numbers: Sequence[int]) -> bool:
        if not entry.selective or not numbers:
            return True
        present = [self._is_present(number, entry) for number in numbers]
        match entry.logic:
            case Logic.AND_ANY:
                return any(present)
            case Logic.AND_ALL:
                return all(present)
            case Logic.NOT_ANY:
                return not any(present)
            case Logic.NOT_ALL:
                return not all(present)

    def _is_present(self, number: int, entry: LoreEntry) -> bool:
        if self.nearest.get(number, math.inf) < self._window(entry):
            return True
        return number in self.told and self._hears_lore(entry)

    def _hears_lore(self, entry: LoreEntry) -> bool:
        return self.index.recurses and not entry.exclude_recursion

    def _window(self, entry: LoreEntry) -> int:
        for depth in (entry.scan_depth, self.book.scan_depth):
            if depth is not None:
                return depth
        return NEWEST


def heard_of(talk: Sequence[str], depth: int) -> list[SearchedText]:
    """Return the newest messages, newest first."""
    count = min(depth, FURTHEST, len(talk))
    return [SearchedText(text[:LONGEST_MESSAGE]) for text in reversed(talk[len(talk) - count :])]
