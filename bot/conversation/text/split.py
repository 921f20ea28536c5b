"""Splitting of a long reply into messages without breaking code, characters, mentions or links."""

import enum
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import regex

from memory.core import VISIBLE

LIMIT = 2000
SMALLEST_LIMIT = 100
_CLOSING = "\n```"
# A piece may carry "```", a language of at most 32 letters and a newline before its own text, and the closing
# fence after it.
_WIDEST_OPENING = 3 + 32 + 1
_FENCE_ROOM = _WIDEST_OPENING + len(_CLOSING)

# Characters that join the one before (marks, joiners), and those that join the one after. A token together
# with such neighbours is one unit, or a grapheme would be cut.
_AFTER = r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]"
_BEFORE = r"\p{GCB=Prepend}"
_MENTION = (
    r"<(?:@[!&]?\d{1,20}|\#\d{1,20}|a?:\w{2,32}:\d{1,20}|t:-?\d{1,17}(?::[a-zA-Z])?|"
    r"id:\w{1,20}|/[^\n<>:`]{1,100}:\d{1,20})>"
)
_LINK = rf"<?https?://(?:(?![\s<>`\p{{Cs}}]|{_BEFORE})\X){{1,1800}}+>?"
_INLINE_CODE = (
    r"(?<!`)(?P<ticks>`{1,2})(?!`)"
    rf"(?:(?![`\r\n\p{{Cs}}]|{_BEFORE})\X){{1,400}}+(?P=ticks)(?!`)"
)
_SURROGATES = r"[\ud800-\udbff][\udc00-\udfff]"
_TOKEN = f"{_MENTION}|{_LINK}|{_INLINE_CODE}|{_SURROGATES}"
# Letters, spaces and line breaks form short runs for speed only: a word is cut only as the last resort. Other
# scripts form runs apart from ASCII, or they would swallow a link's start.
_RUN = rf"(?:[A-Za-z0-9]{{1,16}}+|(?:(?=\p{{GCB=Other}})[^\W_\x00-\x7f]){{1,16}}+|[ \t]{{1,16}}+)(?!{_AFTER})"
_ATOM = regex.compile(rf"{_BEFORE}*+(?:{_TOKEN}){_AFTER}*+|{_RUN}|(?:\r?\n){{1,16}}+|\X")
_CODE_POINTS = regex.compile(rf"(?:{_SURROGATES}|.){{1,16}}+", regex.DOTALL)
# Atoms that are too wide are broken into ever smaller units: a mention within stays whole for as long as
# possible.
_FINER = (
    regex.compile(rf"{_BEFORE}*+(?:{_MENTION}|{_SURROGATES}){_AFTER}*+|\X"),
    regex.compile(rf"{_MENTION}|{_SURROGATES}|\X"),
    _CODE_POINTS,
)
_FENCE = regex.compile(rf"{_BEFORE}{{0,20}}+```{_AFTER}{{0,20}}+")
_LANGUAGE = regex.compile(r"([A-Za-z0-9_+.#-]{0,32})\r?\n")
_PARAGRAPH = regex.compile(r"\r?\n[ \t]{0,40}+\r?\n")
_CLOSERS = "\"'”’»)]*_~|"
_SENTENCE_ENDS = (".", "!", "?", "…")
_WIDE_SENTENCE_ENDS = ("。", "！", "？")


class _Kind(enum.Enum):
    TEXT = enum.auto()
    SPACE = enum.auto()
    OPEN = enum.auto()
    CLOSE = enum.auto()


class _Rank(enum.IntEnum):
    """The quality of a place for a cut."""

    EMPTY_CODE = 0
    WITHIN_WORD = 1
    WORD = 2
    SENTENCE = 3
    LINE = 4
    PARAGRAPH = 5


class _Atom(NamedTuple):
    """An indivisible unit: text[start:end], its width, and the opening of the code it leaves open."""

    start: int
    end: int
    width: int
    kind: _Kind
    code: str


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A part as a span of the text, with the fences that keep its code block whole."""

    start: int
    end: int
    opening: str
    closing: str


def width(text: str) -> int:
    """Return the length of `text` in UTF-16 code units, the strictest way Discord may count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Return `text` as messages of 1 to `limit` UTF-16 code units each; [] if it is blank (C42).

    A cut falls between paragraphs, else lines, sentences, words. A code block that is cut is
    closed and opened again with its language. A character, mention, custom emoji, link or inline
    code is cut only if it is longer than a message less the 40 units kept for fences.
    `limit` is at least 100 (ValueError).
    """
    if len(text) <= limit >= SMALLEST_LIMIT and text.isascii() and "```" not in text:  # the usual case
        whole = text.strip()
        return [whole] if VISIBLE.search(whole) else []
    return [f"{piece.opening}{text[piece.start : piece.end]}{piece.closing}" for piece in pieces(text, limit)]


def pieces(text: str, limit: int = LIMIT) -> Iterator[TextPiece]:
    """Yield the spans that `split` cuts, in order; the text between them shows nothing."""
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"cannot split at {limit}; the smallest limit is {SMALLEST_LIMIT}")
    atoms = list(_atoms(text, limit - _FENCE_ROOM))
    widths = list(accumulate((atom.width for atom in atoms), initial=0))
    at = _skip_space(text, atoms, 0)
    while at < len(atoms):
        cut = _cut(text, atoms, widths, at, limit)
        code = atoms[cut - 1].code
        end = _without_trailing_space(atoms, at, cut)
        if _shows(text, atoms[at:end]):
            opening = atoms[at - 1].code if at else ""
            closing = _CLOSING if code else ""
            yield TextPiece(atoms[at].start, atoms[end - 1].end, opening, closing)
        at = _skip_space(text, atoms, _skip_closing(text, atoms, cut) if code else cut)


def _atoms(text: str, widest: int) -> Iterator[_Atom]:
    code, at = "", 0
    for fence in _FENCE.finditer(text):
        yield from _plain(text, at, fence.start(), code=code, widest=widest)
        at, kind = fence.end(), _Kind.CLOSE if code else _Kind.OPEN
        if code:
            code = ""
        elif language := _LANGUAGE.match(text, at):
            at, code = language.end(), f"```{language[1]}\n"
        else:
            code = "```\n"
        yield _Atom(fence.start(), at, width(text[fence.start() : at]), kind, code)
    yield from _plain(text, at, len(text), code=code, widest=widest)


def _plain(text: str, start: int, end: int, *, code: str, widest: int) -> Iterator[_Atom]:
    for match in _ATOM.finditer(text, start, end):
        chunk = match[0]
        units = width(chunk)
        if units > widest:
            yield from _shatter(text, match.start(), match.end(), code=code, widest=widest)
        else:
            kind = _Kind.SPACE if chunk.isspace() else _Kind.TEXT
            yield _Atom(match.start(), match.end(), units, kind, code)


def _shatter(text: str, start: int, end: int, *, code: str, widest: int, level: int = 0) -> Iterator[_Atom]:
    for match in _FINER[level].finditer(text, start, end):
        units = width(match[0])
        if units > widest and level + 1 < len(_FINER):
            yield from _shatter(text, *match.span(), code=code, widest=widest, level=level + 1)
        else:
            yield _Atom(match.start(), match.end(), units, _Kind.TEXT, code)


def _cut(text: str, atoms: Sequence[_Atom], widths: Sequence[int], at: int, limit: int) -> int:
    """Return the atom before which the part that begins at atom `at` is best cut."""
    room = limit - (len(atoms[at - 1].code) if at else 0)
    stop = bisect_right(widths, widths[at] + room, at) - 1
    while stop > at + 1 and atoms[stop - 1].code and widths[stop] - widths[at] + len(_CLOSING) > room:
        stop -= 1
    if stop == len(atoms):
        return stop
    half = min(bisect_left(widths, widths[at] + room // 2, at + 1), stop)
    rank, best = max((_rank(text, *atoms[cut - 1 : cut + 1]), cut) for cut in range(half, stop + 1))
    if rank >= _Rank.WORD:
        return best
    # A short part is better than a broken word; the following text fills the next part, so time stays linear.
    earlier = range(half - 1, at, -1)
    return next((cut for cut in earlier if _rank(text, *atoms[cut - 1 : cut + 1]) >= _Rank.WORD), best)


def _rank(text: str, before: _Atom, after: _Atom) -> _Rank:
    """Rank a cut between two atoms."""
    if before.kind is _Kind.OPEN:
        return _Rank.EMPTY_CODE
    if before.kind is _Kind.CLOSE or after.kind is _Kind.OPEN:
        return _Rank.PARAGRAPH
    if after.kind is _Kind.SPACE:
        return _rank_of_space(text, before, after)
    if text.endswith(_WIDE_SENTENCE_ENDS, before.start, before.end):
        return _Rank.SENTENCE
    return _Rank.WITHIN_WORD


def _rank_of_space(text: str, before: _Atom, space: _Atom) -> _Rank:
    if text[space.start] in "\r\n":
        return _Rank.PARAGRAPH if _PARAGRAPH.match(text, space.start) else _Rank.LINE
    ended = text[max(before.end - 4, 0) : before.end].rstrip(_CLOSERS).endswith(_SENTENCE_ENDS)
    return _Rank.SENTENCE if ended else _Rank.WORD


def _skip_space(text: str, atoms: Sequence[_Atom], at: int) -> int:
    """Skip the space that a cut replaces: all of it, but inside code no indentation."""
    code = at and atoms[at - 1].code
    while at < len(atoms) and atoms[at].kind is _Kind.SPACE:
        if code and text[atoms[at].start] not in "\r\n":
            break
        at += 1
    return at


def _skip_closing(text: str, atoms: Sequence[_Atom], at: int) -> int:
    """Skip the closing fence of a code block that the cut has just closed."""
    for index in range(at, min(at + 100, len(atoms))):
        atom = atoms[index]
        if atom.kind is _Kind.CLOSE and text[atom.start : atom.end] == "```":
            return index + 1
        if atom.kind is not _Kind.SPACE:
            break
    return at


def _without_trailing_space(atoms: Sequence[_Atom], at: int, end: int) -> int:
    while end > at and atoms[end - 1].kind is _Kind.SPACE:
        end -= 1
    return end


def _shows(text: str, atoms: Sequence[_Atom]) -> bool:
    return any(atom.kind is _Kind.TEXT and VISIBLE.search(text, atom.start, atom.end) for atom in atoms)
