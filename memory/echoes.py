"""Detection of a person's traces in a text: eight of their words in a row, or their name (C64)."""

from collections.abc import Iterable
from dataclasses import dataclass

import regex

from memory.words import SILENT, every_word, names_in

IN_A_ROW = 8
"""Number of consecutive words that identify a person; shorter runs are common phrases."""
SHORTEST_NAME = 3
_IN_NAME = regex.compile(r"[\p{L}\p{M}\p{N}'’.-]+")
_ESCAPED = regex.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")
"""JSON escapes of non-ASCII letters and line ends."""


def runs(text: str) -> frozenset[int]:
    """Return a hash of every eight consecutive words; the words can't be recovered from it."""
    words = every_word(text)
    return frozenset(map(hash, zip(*(words[at:] for at in range(IN_A_ROW)), strict=False)))


def called(name: str) -> frozenset[str]:
    """Return the forms of a name that identify a person: the whole name and its first word.

    Forms of fewer than three letters and common words such as "the" or "you" are left out.
    """
    words = _IN_NAME.findall(name)
    whole = " ".join(words)
    told = {whole, *(form for form in words[:1] if form.isalpha())}
    return frozenset(
        form for form in told if len(form) >= SHORTEST_NAME and not SILENT.issuperset(every_word(form))
    )


@dataclass(frozen=True, slots=True)
class Echoes:
    """Search data of one person: hashes of their words, and their names."""

    marks: frozenset[int]
    names: frozenset[str]

    def repeated(self, text: str) -> bool:
        """Return whether a text, plain or JSON-encoded, contains eight of their words in a row."""
        return not self.marks.isdisjoint(runs(_ESCAPED.sub(_unescaped, text)))

    def stand_in(self, text: str) -> bool:
        """Return whether a text contains their words or name."""
        return bool(names_in(text, self.names)) or self.repeated(text)


def echoes_of(texts: Iterable[str], names: Iterable[str]) -> Echoes:
    """Return the search data for a person from their texts and names."""
    return Echoes(frozenset().union(*map(runs, texts)), frozenset().union(*map(called, names)))


def _unescaped(sign: "regex.Match[str]") -> str:
    return chr(int(sign[1], 16)) if sign[1] else " "
