"""Check that a reply is in the character's own voice, and repair of flaws (C47)."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import regex

from bot.conversation.text.clean import HELP, machine_talk, sentence_ends
from bot.conversation.text.names import is_blank
from personas.character import Character, names_of

EARLIER = 10
"""The number of the character's own last lines that must not be repeated."""
_RUN = 24
_WORD_WEIGHT = 3  # so that a run is 8 words, or 24 characters in scripts without spaces
_DIFFERENT = 3  # "ha ha ha ha ha ha ha ha" is laughter, whenever it comes
_LEAST = 2 * _WORD_WEIGHT
_SHARE = 3
_LINE, _WHOLE_LINE = 4, 3
"""Minimum words of an echoed line: at a reply's beginning, or as the whole reply. Greetings are shorter."""

_WIDE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々〆"
_LETTER = rf"(?:(?![{_WIDE}])[\p{{L}}\p{{N}}\p{{M}}])"
_GAP = "\ufffc"
_TOKEN = regex.compile(
    rf"(?P<wide>[{_WIDE}]\p{{M}}*+)|(?P<word>{_LETTER}++(?:['’ʼ＇]{_LETTER}++)*+)|(?P<gap>{_GAP}++)"
)
_CODE = regex.compile(
    r"```.*?(?:```|\Z)|(?<!`)(?P<ticks>`{1,2})(?!`)[^\n]{1,400}?(?<!`)(?P=ticks)(?!`)", regex.DOTALL
)
_LINK = regex.compile(r"https?://\S++")
_EMOJI = regex.compile(r"<a?:\w{2,32}:\d{1,20}>")
_APOSTROPHES = str.maketrans("’ʼ＇‘", "''''")
_LEANING = regex.compile(
    r"[\s*_~>\"“'‘(-]*(?:and|but|so|because|however|that\s+said|still|yet|instead|otherwise|also|therefore|"
    r"which(?!\b[^\n]*\?)|though|nevertheless)\b",
    regex.IGNORECASE,
)
_ROLES = ("assistant", "user", "human")
"""Role labels that models write, which name nobody."""
_PAIRS = ("()", "[]", "“”", "«»", "「」")
_EVEN = ("**", "__", "~~", "||", "`", '"', "*")
_MIRRORED = str.maketrans("[(“„‘«「", "])”“’»」")
_SAID_AGAIN = regex.compile(
    r"\b(?:repeat|recite|quote|encore|once\s+more|one\s+more\s+time|come\s+again|"
    r"(?:say|sing|tell|send|show|write|type|post|read|play|do|give)\b[^.?!\n]{0,40}\bagain|"
    r"what\s+did\s+you\s+(?:just\s+)?say|word\s+for\s+word|wiederhol\w*|noch\s?mal|répète\w*|répéter|"
    r"encore\s+une\s+fois|otra\s+vez|repit[ea]\w*|repet[ie]r?)\b|もう一度|もう一回|再说一遍|再說一遍|重复",
    regex.IGNORECASE,
)


class Flaw(StrEnum):
    """A flaw of a reply (C47), as the log calls it."""

    LABEL = "a label"
    MACHINE = "talk of being a model"
    PHRASE = "a forbidden phrase"
    REPETITION = "a repetition"


_GRAVITY = {Flaw.LABEL: 0, Flaw.REPETITION: 1, Flaw.PHRASE: 2, Flaw.MACHINE: 4}


@dataclass(frozen=True, slots=True)
class _Fault:
    flaw: Flaw
    start: int
    end: int


class _Word(NamedTuple):
    text: str
    weight: int
    start: int
    end: int


def flaw_of(
    text: str, character: Character, earlier: Sequence[str] = (), *, heard: Sequence[str] = ()
) -> Flaw | None:
    """Return the first flaw of a reply to `heard`, or None (C47).

    A reply that begins with all of somebody's line is an echo. `earlier` are the character's last lines, and
    samples before them: a run of eight of their words is allowed only if the answered message contains it, or
    somebody asks for a repetition.
    """
    return next((fault.flaw for fault in _faults(text, character, earlier, heard)), None)


def gravity(text: str, character: Character, earlier: Sequence[str], *, heard: Sequence[str] = ()) -> int:
    """Return the weight of a reply's flaws, to choose the better of two; a label doesn't count."""
    return sum(_GRAVITY[flaw] for flaw in {fault.flaw for fault in _faults(text, character, earlier, heard)})


def mended(
    text: str, character: Character, earlier: Sequence[str] = (), *, heard: Sequence[str] = ()
) -> str | None:
    """Return a reply without its flaws, or None if too little would be left.

    The repair removes the label and each faulty sentence; a third of the reply and one whole sentence must
    stay and make sense alone.
    """
    bare = unlabelled(text, character)
    faults = list(_faults(bare, character, earlier, heard))
    left = _without(bare, faults) if faults else bare
    if left is None or is_blank(left) or flaw_of(left, character, earlier, heard=heard):
        return None
    return left


def unlabelled(text: str, character: Character) -> str:
    """Return a reply without a name and a colon in front, whatever their formatting."""
    for _ in range(3):
        match = _label(names_of(character)).match(text)
        if match is None:
            break
        text = text[match.end() :]
        closing = match["open"].strip(" \t\n>#-")[::-1].translate(_MIRRORED)
        if closing and closing not in match[0][match.end("open") :]:
            text = text.removesuffix(closing)
    return text


def forbidden_in(text: str, character: Character) -> list[str]:
    """Return the character's forbidden phrases that a reply contains, in the author's spelling."""
    return [
        phrase
        for phrase in character.forbidden_phrases
        if (pattern := _phrase(phrase)) and pattern.search(text)
    ]


def _faults(
    text: str, character: Character, earlier: Sequence[str], heard: Sequence[str]
) -> Iterator[_Fault]:
    if match := _label(names_of(character)).match(text):
        yield _Fault(Flaw.LABEL, *match.span())
    named_claude = any("claude" in name.casefold() for name in names_of(character))
    for span in machine_talk(_open_text(text), named_claude=named_claude):
        yield _Fault(Flaw.MACHINE, *span)
    for phrase in character.forbidden_phrases:
        if pattern := _phrase(phrase):
            yield from (_Fault(Flaw.PHRASE, *match.span()) for match in pattern.finditer(text))
    yield from _repetitions(text, earlier, heard)
    yield from _echoes(text, heard)


# --- labels and phrases ---------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _label(names: tuple[str, ...]) -> regex.Pattern[str]:
    """Return a pattern for a name and a colon at the start; ":3" and ":)" after a name are a face."""
    name = "|".join(filter(None, map(_spelt, sorted((*names, *_ROLES), key=len, reverse=True))))
    return regex.compile(
        rf"(?!\s*```)(?P<open>[\s>*_~#\-\[(\"“„'‘«「]{{0,8}})(?P<tick>`?)(?:{name})(?:#\d{{6}})?"
        r"(?:[ \t]?[(\[][^()\[\]\n]{0,40}[)\]])?"
        r"(?:(?P=tick)[\])*_~\"”'’»」 \t]{0,8}[:：]|[:：](?P=tick))(?![0-9()/\\|<>]|[PpDdOo3](?:\s|$))"
        r"[*_~\"”\])]{0,4}\s*",
        regex.IGNORECASE | regex.FULLCASE,
    )


def _spelt(name: str) -> str:
    """Return a name as a pattern: its words may be joined by anything, or by nothing."""
    words = [regex.escape(word) for word in regex.split(r"[\s_.\-]+", name) if word]
    return r"[\s_.\-]*".join(words)


@lru_cache(maxsize=512)
def _phrase(phrase: str) -> regex.Pattern[str] | None:
    words = [regex.sub(r"['’ʼ＇‘]", "['’ʼ＇‘]", regex.escape(word)) for word in phrase.split()]
    if not words:
        return None
    spaced = rf"[^\W_{_WIDE}]"
    before = rf"(?<![^\W_]|[^\W_]['’])(?={spaced})|(?!{spaced})"
    behind = rf"(?<={spaced})(?![^\W_])|(?<!{spaced})"
    return regex.compile(
        rf"(?:{before})" + r"[\s*_~|]++".join(words) + rf"(?:{behind})", regex.IGNORECASE | regex.FULLCASE
    )


# --- repetition -----------------------------------------------------------------------------------


def _repetitions(text: str, earlier: Sequence[str], heard: Sequence[str]) -> Iterator[_Fault]:
    """Yield each repeated run of words."""
    if HELP.search(text) or any(_SAID_AGAIN.search(message) for message in heard):
        return
    said = {run for line in earlier[-EARLIER:] for run in _known_runs(line)}
    said -= {run for message in heard for run, _, _ in _runs(message)}
    if not said:
        return
    for run, start, end in _runs(text):
        if run in said:
            yield _Fault(Flaw.REPETITION, start, end)


def _echoes(text: str, heard: Sequence[str]) -> Iterator[_Fault]:
    """Yield the beginning of a reply that repeats somebody's whole line, or a reply that consists of it."""
    if any(_SAID_AGAIN.search(message) for message in heard):
        return
    words = [word for stretch in _stretches(text) for word in stretch]
    for message in heard:
        line = [word.text for stretch in _stretches(message) for word in stretch]
        same = [word.text for word in words[: len(line)]] == line
        if same and len(line) >= (_WHOLE_LINE if len(words) == len(line) else _LINE):
            yield _Fault(Flaw.REPETITION, 0, words[len(line) - 1].end)


@lru_cache(maxsize=512)
def _known_runs(text: str) -> frozenset[tuple[str, ...]]:
    """Return the runs of an earlier line, cached: each of the next ten replies is checked against it."""
    return frozenset(run for run, _, _ in _runs(text))


def _runs(text: str) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Yield every shortest run of words that is long enough, with its start and end."""
    for words in _stretches(text):
        last, weight = 0, 0
        for first, word in enumerate(words):
            while last < len(words) and weight < _RUN:
                weight += words[last].weight
                last += 1
            if weight < _RUN:
                break
            run = tuple(word.text for word in words[first:last])
            if len(set(run)) >= _DIFFERENT:
                yield run, word.start, words[last - 1].end
            weight -= word.weight


@lru_cache(maxsize=32)
def _stretches(text: str) -> Sequence[Sequence[_Word]]:
    """Return the words between two pieces of code or links, which no run crosses."""
    stretches = list[list[_Word]]([[]])
    for match in _TOKEN.finditer(_open_text(text)):
        if match["gap"]:
            stretches.append([])
            continue
        plain = unicodedata.normalize("NFKC", match[0]).casefold().translate(_APOSTROPHES)
        stretches[-1].append(_Word(plain, 1 if match["wide"] else _WORD_WEIGHT, *match.span()))
    return stretches


def _open_text(text: str) -> str:
    """Return a text of the same length with code and links blanked out."""
    for pattern in (_CODE, _LINK):
        text = pattern.sub(lambda match: _GAP * len(match[0]), text)
    return _EMOJI.sub(lambda match: " " * len(match[0]), text)


# --- leaving out ----------------------------------------------------------------------------------


def _without(text: str, faults: Sequence[_Fault]) -> str | None:
    """Return a text without the faulty sentences, if the rest is long enough and makes sense alone."""
    kept, whole, cut_before = list[str](), False, False
    for start, end in _pieces(text):
        piece = text[start:end]
        if any(fault.start < end and start < fault.end for fault in faults):
            if _CODE.search(piece) or HELP.search(piece):
                return None
            kept, cut_before = _closed(kept, piece), True
            continue
        if cut_before and _LEANING.match(piece):
            return None
        cut_before = False
        whole = whole or _weight(piece) >= _LEAST
        kept.append(piece)
    left = "".join(kept).strip()
    enough = whole and len(left) * _SHARE >= len(text.strip())
    return left if enough and _balanced(left, text) else None


def _closed(kept: list[str], cut: str) -> list[str]:
    """Return the kept pieces with the line break that ended the removed one."""
    breaks = cut[len(cut.rstrip()) :]
    if not kept or "\n" not in breaks:
        return kept
    return [*kept[:-1], kept[-1].rstrip() + breaks]


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each sentence or line, with the space after it; code is never cut."""
    code = [match.span() for match in _CODE.finditer(text)]
    start = 0
    for end in sentence_ends(text):
        if end <= start or any(first < end < last for first, last in code):
            continue
        begin = len(text) - len(text[end:].lstrip())
        yield start, begin
        start = begin
    if start < len(text):
        yield start, len(text)


def _weight(text: str) -> int:
    return sum(word.weight for words in _stretches(text) for word in words)


def _balanced(left: str, whole: str) -> bool:
    """Say whether all opening marks still have their closing ones."""
    even = all(left.count(mark) % 2 == whole.count(mark) % 2 for mark in _EVEN)
    return even and all(
        left.count(pair[0]) - left.count(pair[1]) == whole.count(pair[0]) - whole.count(pair[1])
        for pair in _PAIRS
    )
