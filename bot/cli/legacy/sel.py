"""Parser for SEL's sel_memory.json and sel_state.json; nothing in them is trusted.

SEL's format changed with its versions: memories are in one list, in a list per person, or in lists next to
their vectors; consent, last visits and hormones are stored with its mood. So both files are traversed, and
each part is classified by its shape.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from bot.cli.legacy.people import person_id
from bot.core.errors import ConfigurationError
from memory.core import clean
from memory.extraction import tags_of
from personas.affect.temperament import Hormone

MEMORY, STATE = "sel_memory.json", "sel_state.json"
MOST_ON_DISK, MOST_BYTES = 256 << 20, 10 << 20
"""Maximum size of a file: on disk, and without its vectors, which are recomputed."""
SHORTEST, LONGEST = 10, 500
"""Length limits of a memory in characters (F084)."""
IMPORTANT = 0.9
"""Threshold of importance for a hard memory in SEL's later versions, which lack the soft/hard flag."""
MOST_PLACES = 5
EARLIEST, LATEST = 1, 1 << 42
"""Bounds of values accepted as a time, in seconds or milliseconds."""
_MEGABYTE = 1 << 20
_MILLISECONDS = 1e11
"""Times above this are in milliseconds."""
_NUMBERS = r"\[[-+.\w\s,]*+\]"
_VECTORS = re.compile(
    rf'"(?:vector|embedding)s?"\s*+:\s*+(?:{_NUMBERS}|\[\s*+(?:{_NUMBERS}\s*+,?+\s*+)*+\])', re.ASCII
)
_NO_JSON = re.compile(r'"(?:[^"\\]|\\.)*+"|(?P<number>-?Infinity|NaN)', re.DOTALL)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


def _words(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_TEXTS = _words("text content")
_OWNERS = _words("user_id user uid author_id")
_KINDS = _words("ttl kind")
_TIMES = _words("ts timestamp created_at created time")
_SEEN = _words("last_seen last_interaction last_accessed")
_CONSENT = _words("consent consents consented opted_in opt_in")
_ANSWER = _words("consent consented given granted allowed opted_in opt_in")
_HORMONES = _words("hormones hormone_map")
_GUILDS, _CHANNELS = _words("guild_id server_id"), ("channel_id",)
_UNUSED = _words("vector vectors embedding embeddings importance tags role")
_PEOPLE = _words("users people")
_LISTS = (*_PEOPLE, *_words("entries items memories memory short_term sticky images"))
_OF_AN_ITEM = frozenset(_TEXTS + _OWNERS + _KINDS + _TIMES + _SEEN + _CONSENT + _GUILDS + _CHANNELS + _UNUSED)


@dataclass(frozen=True, slots=True)
class SelMemory:
    """A memory: `kept` for good, or until it expires. `place` is (channel, server)."""

    text: str
    kept: bool
    tags: tuple[str, ...] = ()
    at: datetime | None = None
    place: tuple[int, int] | None = None


@dataclass(slots=True)
class SelPerson:
    """SEL's data about one person; `left_out` counts skipped memories by reason."""

    id: int
    memories: list[SelMemory] = field(default_factory=list)
    agreed: bool | None = None
    seen_at: datetime | None = None
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class SelFiles:
    """Contents of SEL's files: memories without a person (`nobodys`), `unreadable` places, unknown keys.

    `as_of` is when the memories were last written, and `felt_at` when the hormones were.
    """

    as_of: datetime
    felt_at: datetime
    people: dict[int, SelPerson] = field(default_factory=dict)
    hormones: dict[Hormone, float] = field(default_factory=dict)
    nobodys: int = 0
    unreadable: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def person(self, user_id: int) -> SelPerson:
        return self.people.setdefault(user_id, SelPerson(user_id))


def read_sel(memory: Path | None, state: Path | None) -> SelFiles:
    """Read SEL's files. Raises ConfigurationError."""
    times = [_written_at(path) for path in (memory, state) if path]
    files = SelFiles(as_of=times[0], felt_at=times[-1])
    for path, walk in ((memory, _Walk(files).memories), (state, _Walk(files).state)):
        if path is None:
            continue
        try:
            walk(_load(path), path.name)
        except RecursionError:
            _refuse(path, "is nested more deeply than SEL's file ever is.")
    return files


def _written_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error


def _load(path: Path) -> Any:
    try:
        if path.stat().st_size > MOST_ON_DISK:
            _refuse(path, f"is larger than {MOST_ON_DISK // _MEGABYTE} MB.")
        data = path.read_bytes()
        text = _VECTORS.sub('"vector":0', data.decode(json.detect_encoding(data)).removeprefix("\ufeff"))
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeError:
        _refuse(path, "is no text. Copy it anew while SEL is stopped.")
    if len(text) > MOST_BYTES:
        _refuse(path, f"is larger than {MOST_BYTES // _MEGABYTE} MB, its vectors left aside.")
    try:
        return json.loads(
            text,
            parse_constant=lambda _: _refuse(path, *_about_number(text)),
            object_pairs_hook=lambda pairs: _table_of(path, pairs),
        )
    except json.JSONDecodeError as error:
        mend = "Copy it anew while SEL is stopped, or mend that line."
        _refuse(path, f"is no whole JSON: {error.msg}. {mend}", line=error.lineno)
    except ValueError:
        _refuse(path, "holds a number of thousands of digits.")


def _table_of(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a table. Python can write 42 and "42" as the same JSON key, so duplicates must be detected."""
    table = dict(pairs)
    if len(table) < len(pairs):
        key, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        _refuse(path, f"says {_shown(key)} twice in one table. Leave one of the two there.")
    return table


def _about_number(text: str) -> tuple[str, int]:
    """Return the first invalid number with its fault, and its line."""
    found = next(match for match in _NO_JSON.finditer(text) if match["number"])
    said = f"holds {found['number']}, which is no number. Write another one there, or take that entry out."
    return said, text.count("\n", 0, found.start()) + 1


def _refuse(path: Path, fault: str, line: int | None = None) -> NoReturn:
    where = path if line is None else f"{path}, line {line},"
    raise ConfigurationError(f"{where} {fault} Nothing was taken over.")


class _Walk:
    """Traverses a file, tracking the path of each part for error messages."""

    def __init__(self, files: SelFiles) -> None:
        self._files = files

    def memories(self, value: Any, where: str, owner: int | None = None) -> None:
        """Collect memories: of `owner`, or of the person that each one names."""
        if isinstance(value, list):
            for number, item in enumerate(value):
                self.memories(item, f"{where}[{number}]", owner)
        elif isinstance(value, str):
            self._memory({"text": value}, where, owner)
        elif not isinstance(value, dict):
            self._files.unreadable.append(where)
        elif _first(value, _TEXTS) is not None:
            self._memory(value, where, owner)
        else:
            self._table(value, where, owner)

    def state(self, value: Any, where: str) -> None:
        """Collect consent, last visits and hormones."""
        if not isinstance(value, dict):
            self._files.unreadable.append(where)
            return
        for key, part in value.items():
            place = f"{where}: {_shown(key)}"
            if key in _CONSENT:
                self._answers(part, place)
            elif key in _SEEN:
                self._all_seen(part, place)
            elif key in _HORMONES:
                self._feel(part, place)
            elif key in _PEOPLE:
                self.state(part, place)
            elif (user_id := person_id(key)) is not None:
                self._about(self._files.person(user_id), part, place)
            else:
                self._files.others[_shown(key)] += 1

    def _table(self, value: Mapping[str, Any], where: str, owner: int | None) -> None:
        for key, part in value.items():
            place = f"{where}: {_shown(key)}"
            user_id = person_id(key) if owner is None else None
            if user_id is not None:
                self.memories(part, place, user_id)
            elif owner is not None and key in _CONSENT + _SEEN:
                self._about(self._files.person(owner), {key: part}, where)
            elif key in _LISTS or (isinstance(part, list) and key not in _OF_AN_ITEM):
                self.memories(part, place, owner)
            elif key not in _OF_AN_ITEM:
                self._files.others[_shown(key)] += 1

    def _memory(self, item: Mapping[str, Any], where: str, owner: int | None) -> None:
        named = person_id(_first(item, _OWNERS))
        text = _first(item, _TEXTS)
        if not isinstance(text, str) or (owner is not None and named not in (None, owner)):
            self._files.unreadable.append(where)
            return
        self._files.others.update(_shown(key) for key in item if key not in _OF_AN_ITEM)
        if (whose := owner or named) is None:
            self._files.nobodys += 1
            return
        person, at = self._files.person(whose), _moment(_first(item, _TIMES))
        self._seen(person, at)
        self._seen(person, _moment(_first(item, _SEEN)))
        text = " ".join(text.split())
        if item.get("role", "user") not in ("user", ""):
            person.left_out["said by SEL"] += 1
        elif _first(item, _CONSENT) is False:
            person.left_out["not agreed to"] += 1
        elif not SHORTEST <= len(text) <= LONGEST or not clean(text):
            person.left_out[f"not of {SHORTEST} to {LONGEST} letters"] += 1
        else:
            place = person_id(_first(item, _CHANNELS)), person_id(_first(item, _GUILDS))
            memory = SelMemory(
                clean(text),
                _is_kept(item),
                tags_of(item.get("tags")),
                at,
                (place[0], place[1]) if place[0] and place[1] else None,
            )
            person.memories.append(memory)

    def _about(self, person: SelPerson, said: Any, where: str) -> None:
        if isinstance(said, bool):
            said = {"consent": said}
        if not isinstance(said, dict):
            self._files.unreadable.append(where)
            return
        if (answer := _first(said, _ANSWER)) is not None:
            self._answer(person, answer, where)
        self._seen(person, _moment(_first(said, _SEEN)))
        self._files.others.update(_shown(key) for key in said if key not in _ANSWER + _SEEN)

    def _answers(self, part: Any, where: str) -> None:
        if isinstance(part, list):
            part = dict.fromkeys(map(str, part), True)
        for user_id, answer in self._by_person(part, where):
            given = _first(answer, _ANSWER) if isinstance(answer, dict) else answer
            self._answer(self._files.person(user_id), given, f"{where}: {user_id}")

    def _answer(self, person: SelPerson, answer: Any, where: str) -> None:
        if not isinstance(answer, bool):
            self._files.unreadable.append(where)
        else:
            # Of conflicting answers, the refusal counts.
            person.agreed = answer and person.agreed is not False

    def _by_person(self, part: Any, where: str) -> list[tuple[int, Any]]:
        if not isinstance(part, dict):
            self._files.unreadable.append(where)
            return []
        known = [(person_id(key), value) for key, value in part.items()]
        self._files.nobodys += sum(user_id is None for user_id, _ in known)
        return [(user_id, value) for user_id, value in known if user_id is not None]

    def _all_seen(self, part: Any, where: str) -> None:
        for user_id, at in self._by_person(part, where):
            self._seen(self._files.person(user_id), _moment(at))

    @staticmethod
    def _seen(person: SelPerson, at: datetime | None) -> None:
        person.seen_at = max(filter(None, (person.seen_at, at)), default=None)

    def _feel(self, part: Any, where: str) -> None:
        for name, level in part.items() if isinstance(part, dict) else ():
            sound = isinstance(level, int | float) and not isinstance(level, bool) and 0 <= level <= 1
            if sound and name in list(Hormone):
                self._files.hormones[Hormone(name)] = float(level)
            else:
                self._files.others[_shown(name)] += 1
        if not isinstance(part, dict):
            self._files.unreadable.append(where)


def _first(values: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    """Return the value of the first key that is present."""
    return next((values[key] for key in keys if values.get(key) is not None), None)


def _is_kept(item: Mapping[str, Any]) -> bool:
    kind, importance = _first(item, _KINDS), item.get("importance")
    if isinstance(kind, str):
        return kind.casefold() == "hard"
    return isinstance(importance, int | float) and importance >= IMPORTANT


def _moment(value: Any) -> datetime | None:
    """Parse a time of SEL, in seconds or as ISO 8601; None for anything else."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not EARLIEST <= value <= LATEST:
        return None
    return datetime.fromtimestamp(value / 1000 if value > _MILLISECONDS else value, UTC)


def _shown(key: str) -> str:
    """Return a key in printable form: it may contain anything."""
    return key if _KEY.fullmatch(key) or person_id(key) else "other keys"
