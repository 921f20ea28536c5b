"""Simultaneous search for thousands of words in a text, as substrings.

The text is split into all pieces of four letters. Each needle is indexed by its rarest piece, so a message of
some hundred letters is compared with few needles, whatever the book's size.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from unicodedata import normalize

PIECE = 4
CROWD = 64
"""Maximum number of needles per piece; beyond it, longer pieces are used."""


def plain(text: str) -> str:
    """Normalise a text: composed accents, one kind of apostrophe."""
    return normalize("NFC", text).replace("\u2019", "'")


class SearchedText:
    """A text to search, with its lower-case form and pieces, computed on demand."""

    def __init__(self, text: str) -> None:
        self.plain = plain(text)

    @cached_property
    def small(self) -> str:
        """The case-folded text."""
        return self.plain.casefold()

    def pieces(self, length: int, *, cased: bool) -> set[str]:
        """Return all substrings of this length."""
        found = self._pieces.get((length, cased))
        if found is None:
            text = self.plain if cased else self.small
            found = {text[start : start + length] for start in range(len(text) - length + 1)}
            self._pieces[length, cased] = found
        return found

    @cached_property
    def _pieces(self) -> dict[tuple[int, bool], set[str]]:
        return {}


class Needles:
    """Needles indexed by pieces. `words` maps numbers to needles, normalised like the texts.

    If too many share a piece, as words of only two letters would, the longer ones are indexed by pieces of
    twice the length, and so on.
    """

    def __init__(self, words: Mapping[int, str], *, cased: bool) -> None:
        self._cased = cased
        self._words = words
        self._short: dict[int, dict[str, list[int]]] = {}
        for number, word in words.items():
            if len(word) < PIECE:
                self._short.setdefault(len(word), {}).setdefault(word, []).append(number)
        self._long: dict[int, dict[str, list[int]]] = {}
        left = [number for number, word in words.items() if len(word) >= PIECE]
        length = PIECE
        while left:
            self._long[length], left = self._sorted(left, length)
            length *= 2

    def within(self, heard: SearchedText) -> Iterator[int]:
        """Yield the numbers of the needles in a text."""
        text = heard.plain if self._cased else heard.small
        for length, words in self._short.items():
            for word in words.keys() & heard.pieces(length, cased=self._cased):
                yield from words[word]
        for length, waiting in self._long.items():
            for piece in waiting.keys() & heard.pieces(length, cased=self._cased):
                yield from (number for number in waiting[piece] if self._words[number] in text)

    def _sorted(self, numbers: Sequence[int], length: int) -> tuple[dict[str, list[int]], list[int]]:
        """Return the needles by their rarest piece of this length, and those that need longer pieces."""
        common = Counter(piece for number in numbers for piece in set(_cut(self._words[number], length)))
        waiting: dict[str, list[int]] = defaultdict(list)
        left: list[int] = []
        for number in numbers:
            word = self._words[number]
            piece = min(_cut(word, length), key=common.__getitem__)
            crowded = common[piece] > CROWD and len(word) >= 2 * length
            (left if crowded else waiting[piece]).append(number)
        return {piece: found for piece, found in waiting.items() if found}, left


def stands_alone(word: str, text: str) -> bool:
    """Return whether a word occurs in a text without a letter, digit or underscore beside it."""
    place = text.find(word)
    while place >= 0:
        end = place + len(word)
        if not (_joins(text, place - 1, word[0]) or _joins(text, end, word[-1])):
            return True
        place = text.find(word, place + 1)
    return False


def _joins(text: str, place: int, edge: str) -> bool:
    return 0 <= place < len(text) and _lettered(edge) and _lettered(text[place])


def _lettered(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _cut(word: str, length: int) -> Sequence[str]:
    return [word[start : start + length] for start in range(len(word) - length + 1)]


def unique(words: Iterable[str]) -> tuple[str, ...]:
    """Return words without duplicates and blanks, in order."""
    return tuple(dict.fromkeys(word for word in map(str.strip, words) if word))
