"""What echoes somebody: eight of their words in a row, or a name of theirs (C64)."""

from collections.abc import Iterable
from dataclasses import dataclass

import regex

from memory.words import SILENT, every_word, names_in

IN_A_ROW = 8
"""So many words in a row are somebody's own; fewer are anybody's."""
SHORTEST_NAME = 3
_IN_NAME = regex.compile(r"[\p{L}\p{M}\p{N}'’.-]+")
_ESCAPED = regex.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")
"""How JSON writes letters that are not plain, and the ends of lines."""


def runs(text: str) -> frozenset[int]:
    """Return a mark of every eight words in a row of a text: no word can be read back from it."""
    words = every_word(text)
    return frozenset(map(hash, zip(*(words[at:] for at in range(IN_A_ROW)), strict=False)))


def called(name: str) -> frozenset[str]:
    """Return by what of a name somebody is recognised: all of it, and its first word.

    Neither counts that has fewer than three letters, or is a word as common as "the" or "you".
    """
    words = _IN_NAME.findall(name)
    whole = " ".join(words)
    told = {whole, *(one for one in words[:1] if one.isalpha())}
    return frozenset(
        one for one in told if len(one) >= SHORTEST_NAME and not SILENT.issuperset(every_word(one))
    )


@dataclass(frozen=True, slots=True)
class Echoes:
    """What to look for of somebody: marks of their words, and their names."""

    marks: frozenset[int]
    names: frozenset[str]

    def repeated(self, text: str) -> bool:
        """Say whether eight of their words in a row stand in a text, or in a text as JSON writes it."""
        return not self.marks.isdisjoint(runs(_ESCAPED.sub(_unescaped, text)))

    def stand_in(self, text: str) -> bool:
        """Say whether words or a name of theirs stand in a text."""
        return bool(names_in(text, self.names)) or self.repeated(text)


def echoes_of(texts: Iterable[str], names: Iterable[str]) -> Echoes:
    """Return what to look for of somebody who wrote some texts, and goes by some names."""
    return Echoes(frozenset().union(*map(runs, texts)), frozenset().union(*map(called, names)))


def _unescaped(sign: "regex.Match[str]") -> str:
    return chr(int(sign[1], 16)) if sign[1] else " "
