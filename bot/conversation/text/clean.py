"""What a model wrote, made fit to be said: no labels, no words put into others' mouths, no torn end."""

from collections.abc import Iterable
from functools import lru_cache

import regex

from bot.conversation.text.names import SPEAKER, clean_text
from memory.core import is_blank

_TAG = r"(?:#\d{6})?"
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "「": "」", "『": "』"}
_CLOSERS = r"[\"'”’»」』)\]*_~|]{0,6}+"
# A full stop ends no sentence behind a list's number or a title.
_NOT_AN_END = r"(?<!(?:^|\n)[ \t>]{0,8}\d{1,3}\.|\b(?:Dr|Mr|Mrs|Ms|Prof|St|vs|e\.g|i\.e)\.)"
_SENTENCE_END = regex.compile(rf"(?:[.!?…]++{_NOT_AN_END}{_CLOSERS}(?=\s|$)|[。！？]++{_CLOSERS})")
_LINE_END = regex.compile(r"\S(?=[ \t]*\n)")
_FENCE = "```"


def tidy(reply_text: str, own_names: Iterable[str], *, labels: Iterable[str] = ()) -> str:
    """Return what the character says in `reply_text`, or "" if that is nothing.

    A leading `Name:` and quotes around the whole go; the reply ends where it begins to speak for
    somebody else. `labels` are the transcript's: where the reply uses one as a name, only the name is
    left of it.
    """
    names = {label: label.partition("#")[0] for label in labels}
    own, others = _spelt(tuple(own_names)), _spelt(tuple(names.values()))
    text = clean_text(reply_text).strip()
    for _ in range(3):
        text = others.leading.sub("", own.leading.sub("", text, count=1).strip(), count=1)
        text = _unquoted(text.strip())
    text = _own_words(text, own.folded)
    for label, name in names.items():
        text = text.replace(label, name)
    return "" if is_blank(text) else text.strip()


def trim_to_sentence(text: str) -> str:
    """Return a reply that was cut short, ended as well as it can be (C5).

    It ends with its last whole sentence or line if that leaves a third of it, else with its last
    whole word and "…". A code block that was cut is closed behind its last whole line.
    """
    text = text.rstrip().rstrip("\ufffd\u200d")
    if text.count(_FENCE) % 2:
        return _trim_code(text)
    if is_blank(text):
        return ""
    end = max((match.end() for match in _ends(text)), default=0)
    return text[:end] if end * 3 >= len(text) else _trim_to_word(text)


def sentence_ends(text: str) -> list[int]:
    """Return where a sentence or a line of `text` ends, in order; also within code."""
    return sorted({match.end() for match in _ends(text)})


class _Spelt:
    """How words are labelled with names."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.folded = frozenset(name.casefold() for name in names)
        name = "|".join(map(regex.escape, sorted(names, key=len, reverse=True)))
        name = rf"(?:{name}){_TAG}" if names else r"(?!)"
        self.leading = regex.compile(
            rf"^(?:(?P<mark>[*_]{{1,3}}){name}(?: ?:(?P=mark)|(?P=mark) ?:)|\[{name}\] ?:?|"
            # ":3" and ":)" behind a name are a face.
            rf"{name}(?::(?![0-9()/\\|<>])| :(?=\s|$)))\s*",
            regex.IGNORECASE | regex.FULLCASE,
        )


@lru_cache(maxsize=64)
def _spelt(names: tuple[str, ...]) -> _Spelt:
    return _Spelt(tuple(name for name in names if name.strip()))


def _unquoted(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    wrapped = len(text) > 1 and text[-1] == closing and text[0] not in inner and closing not in inner
    return inner.strip() if wrapped else text


def _own_words(text: str, own_names: frozenset[str]) -> str:
    """Return the lines up to the first that speaks for another; code may hold any line."""
    kept, in_code = [], False
    for line in text.split("\n"):
        speaker = None if in_code else SPEAKER.match(line)
        if speaker and speaker["name"].casefold() not in own_names:
            break
        kept.append(line[speaker.end() :].lstrip() if speaker else line)
        in_code ^= bool(line.count(_FENCE) % 2)
    return "\n".join(kept)


def _ends(text: str) -> Iterable[regex.Match[str]]:
    yield from _SENTENCE_END.finditer(text)
    yield from _LINE_END.finditer(text)


def _trim_code(text: str) -> str:
    before, _, code = text.rpartition(_FENCE)
    language, _, lines = code.partition("\n")
    whole, _, _ = lines.rpartition("\n")
    if is_blank(whole):
        return trim_to_sentence(before)
    return f"{before}{_FENCE}{language}\n{whole}\n{_FENCE}\n…"


def _trim_to_word(text: str) -> str:
    words = text.rsplit(maxsplit=1)
    kept = words[0] if len(words) == 2 and len(words[0]) * 2 >= len(text) else text
    return f"{kept.rstrip(' ,;:–—-')}…"
