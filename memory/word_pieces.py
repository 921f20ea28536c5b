"""Texts cut into the pieces of words that all-MiniLM-L6-v2 knows, as Hugging Face's `tokenizers` cuts them.

That package would bring 30 MB of others that fetch models from a hub.
"""

import unicodedata
from functools import cache
from itertools import islice

import regex

from memory import vocabulary

_UNKNOWN, _START, _END = 100, 101, 102
_LONGEST_WORD = 100
_LONGEST_PIECE = 18

_UNSEEN = regex.compile(r"[[\p{Cc}\p{Cf}\p{Co}\uFFFD]--[\t\n\r]]", regex.V1)
_IDEOGRAPH = regex.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002a6df\U0002a700-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f]"
)
_ACCENT = regex.compile(r"\p{Mn}+")
_WORD = regex.compile(r"[\p{P}$+<=>^`|~]|[^\s\p{P}$+<=>^`|~]+")


def pieces(text: str, most: int) -> list[int]:
    """Return the numbers of a text's pieces, `most` of them with those that mark its start and its end."""
    found = (number for word in _WORD.findall(_plain(text)) for number in _cut(word))
    return [_START, *islice(found, most - 2), _END]


def _plain(text: str) -> str:
    """Return a text in small letters without accents, and each ideograph as a word of its own."""
    spaced = _IDEOGRAPH.sub(r" \g<0> ", _UNSEEN.sub("", text))
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", spaced))
    return "".join(map(str.lower, bare))  # one by one: at the end of a word Python knows another small sigma


def _cut(word: str) -> list[int]:
    """Return a word as the longest pieces, one after the other; a word that has no such is unknown."""
    found: list[int] = []
    start = 0
    while start < len(word) <= _LONGEST_WORD:
        mark = "##" if start else ""
        ends = range(min(len(word), start + _LONGEST_PIECE), start, -1)
        end = next((end for end in ends if mark + word[start:end] in _numbers()), None)
        if end is None:
            break
        found.append(_numbers()[mark + word[start:end]])
        start = end
    return found if start == len(word) else [_UNKNOWN]


@cache
def _numbers() -> dict[str, int]:
    lines = vocabulary.read().decode().splitlines()
    return {piece: number for number, piece in enumerate(lines)}
