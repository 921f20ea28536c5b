"""Safe display names, the labels of a transcript's lines, and detection of calls by name."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import regex

from bot.conversation.types import Person, Utterance
from memory.core import VISIBLE

LONGEST_NAME = 32
# One grapheme can be any number of code points, so both are counted.
_MOST_CODE_POINTS = 100
_MOST_MARKS = 4
_SHORTEST_FIRST_NAME = 3
_NOBODY = "someone"
_INDENT = "  "

# Format characters reverse, hide or smuggle text (D10); only the two that build an emoji are allowed.
_EMOJI_JOINT = (
    r"(?<=\p{Extended_Pictographic}[\ufe0f\U0001f3fb-\U0001f3ff]?)\u200d(?=\p{Extended_Pictographic})|"
    r"(?<=\p{Extended_Pictographic}|[0-9#*])\ufe0f"
)
_HIDDEN = regex.compile(
    rf"(?:{_EMOJI_JOINT})(*SKIP)(*FAIL)|"
    r"[\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]|(?!\s)\p{Cc}"
)
_SPACE = regex.compile(r"[\s\u2800]+")
_PILED_MARKS = regex.compile(rf"(\p{{M}}{{{_MOST_MARKS}}})\p{{M}}++")
_LEADING_MARKS = regex.compile(r"^[\p{M}\s]+")
_CLUSTER = regex.compile(r"\X")

# A label contains only characters of names, and none that looks like its end; a few letters are doubles of
# ":".
_NO_LABEL = regex.compile(
    r"[^\p{L}\p{M}\p{N}\p{Extended_Pictographic}\u200d\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff _.'’\-]|"
    r"[\u02d0\u02d1\ua4fc\ua4fd]"
)
SPEAKER = regex.compile(r"^(?P<label>(?P<name>[^\s#:][^\n\r#:]{0,119})#\d{6}):(?=\s|$)", regex.MULTILINE)
"""A line of a transcript that begins with a label."""

_CONTROLS = regex.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_ENDS = regex.compile(r"\r\n?|\x85")

_NOT_SPOKEN = regex.compile(
    r"```.*?```|(?<!`)(?:`[^`]++`|``(?!`)(?:[^`]|`(?!`))++``)(?!`)|https?://\S++|"
    r"<(?:a?:\w{2,32}:|/[^<>\n]{1,100}:|id:|@[!&]?|\#)\w{1,20}>|(?<![\w:]):[\w~]{2,32}:(?!\w)",
    regex.DOTALL,
)
_REMARK = regex.compile(r"\[[^\]]*+\]|\([^)]*+\)|\{[^}]*+\}")
_ORNAMENT = regex.compile(r"[^\p{L}\p{M}\p{N}'._-]++")
_APOSTROPHES = str.maketrans("’ʼ＇‑‐", "'''--")


@lru_cache(maxsize=4096)
def clean_name(raw: str, fallback: str) -> str:
    """Return a display name as one line of at most 32 graphemes that hides and forges nothing.

    Controls, bidirectional and zero-width characters are removed, piled-up marks are capped at four, and the
    rest is normalised to NFC (D3, D10). An empty result becomes `fallback`.
    """
    line = _SPACE.sub(" ", _HIDDEN.sub("", clean_text(raw).replace("\ufffd", ""))).strip()
    name = _PILED_MARKS.sub(r"\1", unicodedata.normalize("NFC", line))
    return _shortened(_LEADING_MARKS.sub("", name)) or fallback


def clean_text(raw: str) -> str:
    """Return message text that any encoder and database accepts (B15), otherwise unchanged.

    Surrogates are paired or become U+FFFD, line ends become "\\n", and control characters other than "\\n"
    and "\\t" are removed.
    """
    if not raw.isascii():
        raw = raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", raw))


def is_blank(text: str) -> bool:
    """Say whether `text` shows nothing: only spaces, controls and zero-width characters."""
    return VISIBLE.search(text) is None


def speaker_label(name: str, user_id: int) -> str:
    """Return a person's label in a transcript: `Alice#482193` (C29).

    The digits depend on the id alone: people who share a name stay apart, a renamed person stays the same,
    and a line never has to be rewritten.
    """
    plain = _SPACE.sub(" ", _NO_LABEL.sub(" ", clean_name(name, _NOBODY))).strip()
    digest = hashlib.blake2s(str(user_id).encode(), digest_size=8).digest()
    return f"{clean_name(plain, _NOBODY)}#{int.from_bytes(digest) % 1_000_000:06}"


def render_line(label: str, text: str) -> str:
    """Return a person's message as a line of a transcript.

    Every further line of it is indented, so that nothing in `text` can pass for another speaker.
    """
    return f"\n{_INDENT}".join(f"{label}: {text}".splitlines())


def fold(name: str) -> str:
    """Return a name in the form used for searches in `spoken` text: one letter case, single spaces."""
    return " ".join(_folded(name).split())


def by_name(people: Iterable[Person], *, me: Person) -> dict[str, Person]:
    """Return the person for each folded name: a shared name is mine, or else the first person's.

    Other people's names also count without ornaments, and by their first word, but never against somebody's
    whole name.
    """
    names = {fold(name): me for name in me.names}
    shorter: dict[str, Person] = {}
    for person in people:
        for name in person.names:
            names.setdefault(fold(name), person)
            for short in _short_names(name):
                shorter.setdefault(short, person)
    return {name: person for name, person in (shorter | names).items() if name}


@lru_cache(maxsize=2048)
def _short_names(name: str) -> tuple[str, str]:
    """Return a name without ornaments and remarks in brackets, and its first word; "" for none."""
    bare = " ".join(_ORNAMENT.sub(" ", _REMARK.sub(" ", fold(name[:_MOST_CODE_POINTS]))).split())
    first = bare.partition(" ")[0]
    return bare, first if first.isalpha() and len(first) >= _SHORTEST_FIRST_NAME else ""


def spoken(text: str) -> str:
    """Return `text` as it sounds: folded, with a space for each piece of code, link or emoji.

    Mentions of people and roles stay as they were typed.
    """
    return _NOT_SPOKEN.sub(lambda piece: piece[0] if piece[0].startswith("<@") else " ", _folded(text))


def found(said: str, names: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and name wherever one of the folded `names` is a whole word of `spoken` text.

    Of several at the same place the longest counts. Only possible names become a pattern, with all signs
    escaped: a name is never a regular expression (faults D9).
    """
    near = tuple(sorted({name for name in names if name.partition(" ")[0] in said}))
    known = _known(near)
    for match in known.pattern.finditer(said) if known else ():
        yield match.start(), match.end(), " ".join(match[0].split())


def calls(text: str, names: Iterable[str]) -> bool:
    """Say whether `text` contains one of `names` as a whole word, in any letter case (F027, C11).

    Names in code, a link, an emoji or a compound (`pixel-art`, `pixel.py`) don't count.
    """
    known = _known(tuple(names))
    folded = _folded(text)
    if known is None or not any(name in folded for name in known.first_words):
        return False
    return known.pattern.search(_NOT_SPOKEN.sub(" ", folded)) is not None


def addresses(heard: Utterance, names: Iterable[str]) -> bool:
    """Say whether a message addresses the character, by any sign that needs no model."""
    if heard.where.place.private or heard.mentions_me or heard.replies_to_me:
        return True
    return calls(heard.said, names)


class _Names:
    """The names to find: `first_words` exclude most messages quickly, `pattern` is exact."""

    def __init__(self, names: list[str]) -> None:
        self.first_words = [name.split()[0] for name in names]
        spelt = "|".join(r"\s{1,9}+".join(map(regex.escape, name.split())) for name in names)
        self.pattern = regex.compile(
            rf"(?<![^\W_]|\p{{M}}|[^\W_][-.@]|[^\W_]_{{1,3}})(?:{spelt})"
            r"(?![^\W_]|\p{M}|[-.][^\W_]|_{1,3}[^\W_])"
        )


@lru_cache(maxsize=256)
def _known(names: tuple[str, ...]) -> _Names | None:
    spoken = sorted({folded for name in names if (folded := _folded(name).strip())}, key=len, reverse=True)
    return _Names(spoken) if spoken else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold()).translate(_APOSTROPHES)


def _shortened(name: str) -> str:
    kept = ""
    for count, cluster in enumerate(_CLUSTER.finditer(name)):
        if count == LONGEST_NAME or len(kept) + len(cluster[0]) > _MOST_CODE_POINTS:
            break
        kept += cluster[0]
    return kept.strip()


def indented(text: str) -> str:
    """Return a text, such as a note, whose lines can't pass for a speaker's."""
    return "\n".join(f"  {line}" for line in text.strip().splitlines())
