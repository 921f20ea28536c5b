"""Whether a text asks about earlier conversation, judged by its wording in six languages."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import regex

from memory.languages import ENGLISH, JAPANESE, language_of

LONGEST = 4_000
"""Characters of a text that are examined."""
_SIGNS = Path(__file__).with_name("asking.toml")
_SENTENCE = regex.compile(r"[^.!?…。！？؟\n]+[.!?…。！？؟]*")
_MARKED = regex.compile(r"[?？؟]")
_BEFORE = regex.compile(
    r"(?:[\s,;:¡¿]|^[\p{L}\p{M}]+[,:]\s|\b(?:hey|hi|hallo|salut|hola|oi|ok|so|and|but|then|und|aber|also|et|mais|alors"
    r"|y|pero|e|mas|então)\b)*",
    regex.IGNORECASE,
)
"""Prefix that may precede a question: a form of address and connecting words."""
_NAME = (
    r"(?-i:(?<=[\p{Ll}\p{N},] )(?!I\b|OK\b|English|Discord|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
    r"\p{Lu}\p{Ll}+)"
)


class _Signs(NamedTuple):
    """The patterns of one language, from asking.toml."""

    recalls: regex.Pattern[str]
    begins: regex.Pattern[str]
    hook: regex.Pattern[str]
    reader: regex.Pattern[str]
    polite: regex.Pattern[str]


def asks_for_memory(text: str) -> bool:
    """Return whether a text asks about earlier conversation or known facts; small talk does not count.

    In an unknown language, a question counts if it contains a name.
    """
    text = text[:LONGEST]
    signs = _signs(language_of(text))
    return any(_asks(sentence, signs) for sentence in _SENTENCE.findall(text))


def _asks(sentence: str, signs: _Signs) -> bool:
    if signs.recalls.search(sentence):
        return True
    bare = _BEFORE.sub("", signs.polite.sub(" ", sentence), count=1).rstrip()
    is_question = _MARKED.search(bare) or signs.begins.match(bare)
    return bool(is_question and signs.hook.search(bare) and not signs.reader.search(bare))


@cache
def _signs(language: str) -> _Signs:
    table = tomllib.loads(_SIGNS.read_text(encoding="utf-8"))
    edge = "" if language == JAPANESE else r"(?<!\w){}(?!\w)"
    patterns = table.get(language, table[ENGLISH])
    joined = {name: "|".join(alternatives).replace("NAME", _NAME) for name, alternatives in patterns.items()}
    whole = {
        name: edge.format(f"(?:{expression})") if edge else expression for name, expression in joined.items()
    }
    return _Signs(**{name: regex.compile(expression, regex.IGNORECASE) for name, expression in whole.items()})
