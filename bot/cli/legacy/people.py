"""Parser for one person's entry in an older bot's file; nothing in it is trusted."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from bot.conversation.text.names import clean_text, render_line
from memory.core import LONGEST, clean, plain


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


MOST_HISTORY = 20_000
"""Maximum number of characters of a person's history to import, newest first."""
LONGEST_TURN = 5_000
MOST_TEXT = 1_000_000
"""Maximum number of characters of a text in the file."""
MOST_TOKENS = 10**12
THEM, EARLIER = "Them", "Summary of what was before"
_SUMMARY = "(Summary)"
_ID = re.compile(r"[0-9]{1,19}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_BULLET = re.compile(r"\s*(?:[-*+•–—·]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"#{1,6}\s.*|.*:(?:\*\*|__)?|\*\*[^*]+\*\*|__[^_]+__|==[^=]+==|\[[^\]]*\]")
_LONGEST_HEADING = 80
_NO_TOPIC = _words(
    "a about all and core details dump facts i important information key know known memories memory new "
    "notes of our profile summary the their this updated user what"
)
"""Words of headings that only name the whole, as in "Core memories" or "What I know about this user"."""
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")


def _cleaned(value: object) -> object:
    return clean_text(value) if isinstance(value, str) else value


_Text = Annotated[str, Field(max_length=MOST_TEXT), BeforeValidator(_cleaned)]


class _Turn(BaseModel):
    """One conversation turn, as the older bot stored it."""

    model_config = ConfigDict(strict=True, frozen=True)

    role: Literal["user", "assistant"]
    content: Annotated[_Text, Field(pattern=r"\S")]


_STRICT = ConfigDict(strict=True)
_FIELDS: Mapping[str, TypeAdapter[Any]] = {
    "conversation_history": TypeAdapter(list[Any], config=_STRICT),
    "core_memories": TypeAdapter(_Text | list[Any], config=_STRICT),
    "premium": TypeAdapter(bool, config=_STRICT),
    "token_usage": TypeAdapter(Annotated[int, Field(ge=0, le=MOST_TOKENS)], config=_STRICT),
}
_TURN = TypeAdapter(_Turn)
_TEXT = TypeAdapter(_Text, config=_STRICT)


@dataclass(frozen=True, slots=True)
class LegacyHistory:
    """A conversation as plain lines, oldest first: the newest `turns` that fit.

    `older` ones did not fit, `shortened` ones were too long, and `unreadable` ones were no turns.
    """

    text: str = ""
    turns: int = 0
    older: int = 0
    shortened: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class LegacyPerson:
    """An older bot's data about one person.

    `faults` are unreadable parts of the entry, `others` parts that have no counterpart here.
    """

    id: int
    history: LegacyHistory = LegacyHistory()
    memories: tuple[str, ...] = ()
    premium: bool = False
    tokens: int = 0
    faults: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def person_id(key: object) -> int | None:
    """Return the Discord id in a key of the file; None for anything else."""
    if isinstance(key, str) and _ID.fullmatch(key):
        key = int(key)
    return key if type(key) is int and 1 <= key < 1 << 63 else None


def read_person(user_id: int, entry: Mapping[str, Any], *, name: str) -> LegacyPerson:
    """Parse a person's entry; `name` is the character's, used as the label of its lines."""
    values: dict[str, Any] = {}
    faults = []
    for key, kind in _FIELDS.items():
        try:
            if entry.get(key) is not None:
                values[key] = kind.validate_python(entry[key])
        except ValidationError:
            faults.append(key)
    others = [key if _KEY.fullmatch(key) else "other keys" for key in entry if key not in _FIELDS]
    return LegacyPerson(
        user_id,
        history=read_history(values.get("conversation_history", []), name=name),
        memories=tuple(read_memories(values.get("core_memories", ""))),
        premium=values.get("premium", False),
        tokens=values.get("token_usage", 0),
        faults=tuple(faults),
        others=tuple(dict.fromkeys(others)),
    )


def read_history(turns: Sequence[object], *, name: str) -> LegacyHistory:
    """Return the newest turns that fit, and the last summary of older ones if it fits into half the room."""
    read = [turn for one in turns if (turn := _turn(one)) is not None]
    summary = next((n for n in reversed(range(len(read))) if _sums_up(read[n])), None)
    kept: dict[int, str] = {}
    room, shortened = MOST_HISTORY, 0
    newest = (n for n in reversed(range(len(read))) if n != summary)
    for n in newest if summary is None else (summary, *newest):
        longest = MOST_HISTORY // 2 if n == summary else LONGEST_TURN
        line = _line(read[n], name)
        cut = line if len(line) <= longest else f"{line[:longest].rstrip()} …"
        room -= len(cut) + 1
        if room < 0:
            break
        kept[n] = cut
        shortened += cut != line
    return LegacyHistory(
        text="\n".join(kept[n] for n in sorted(kept)),
        turns=len(kept),
        older=len(read) - len(kept),
        shortened=shortened,
        unreadable=len(turns) - len(read),
    )


def read_memories(written: str | Sequence[object]) -> list[str]:
    """Return each memory once, on one line, without headings; long ones are split at sentences.

    A heading that is a topic is kept with its memories: "Dislikes" may reverse their meaning.
    """
    found: dict[str, str] = {}
    for text in [written] if isinstance(written, str) else _texts(written):
        for memory in _memories(text):
            found.setdefault(plain(memory), memory)
    return list(found.values())


def _turn(value: object) -> _Turn | None:
    try:
        return _TURN.validate_python(value)
    except ValidationError:
        return None


def _sums_up(turn: _Turn) -> bool:
    return turn.content.lstrip().startswith(_SUMMARY)


def _line(turn: _Turn, name: str) -> str:
    text = turn.content.strip()
    if _sums_up(turn):
        return render_line(EARLIER, text.removeprefix(_SUMMARY).strip(" :\n"))
    return render_line(THEM if turn.role == "user" else name, text)


def _texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        try:
            yield _TEXT.validate_python(value)
        except ValidationError:
            continue


def _memories(text: str) -> Iterator[str]:
    topic = ""
    for line in text.splitlines():
        bullet = _BULLET.match(line)
        words = " ".join(line[bullet.end() if bullet else 0 :].split())
        if _is_heading(words, bulleted=bullet is not None):
            title = words.strip("#*_=[]: ")
            topic = "" if _is_general(title) else title
        elif any(map(str.isalnum, words)):
            yield from _split(f"{topic}: {words}" if topic else words)


def _is_heading(words: str, *, bulleted: bool) -> bool:
    if len(words) > _LONGEST_HEADING or bulleted:
        return bulleted and words.endswith(":")
    return bool(_HEADING.fullmatch(words)) or _is_general(words)


def _is_general(title: str) -> bool:
    return all(word in _NO_TOPIC for word in re.findall(r"\w+", title.casefold()))


def _split(words: str) -> Iterator[str]:
    """Split a memory into pieces of limited length, at sentence ends if possible."""
    if len(words) <= LONGEST:
        yield clean(words)
        return
    piece = ""
    for sentence in _SENTENCE.split(words):
        for part in textwrap.wrap(sentence, LONGEST, break_on_hyphens=False):
            if piece and len(piece) + 1 + len(part) > LONGEST:
                yield clean(piece)
                piece = ""
            piece = f"{piece} {part}".strip()
    yield clean(piece)
