"""Fields of a character sheet during parsing: their source paths, and unused values."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from personas.cards.convert import EXTENSION
from personas.cards.images import AvatarPicture
from personas.character_rules import LONGEST_LIST, LONGEST_TEXT
from personas.sheet_values import BESIDE_A_CARD, OLDER_NAMES, TELLING, within_limits

LEFT_OUT = "is not what it should be and was left out"
_TOPICS = frozenset({"topic_interests", "topic_avoidances"})
_MOST_NAMED = 20
_GOOD_FOR: Mapping[str, str] = {**BESIDE_A_CARD, "avatar_url": "its picture"}


@dataclass(frozen=True)
class SheetContents:
    """Result of reading a sheet: fields of a character, a picture to save, faults.

    Each fault and notice begins with the name of its field. A sheet with faults is unusable. `used` describes
    the use of each field; `kept` has unused values, unchanged, by path.
    """

    fields: dict[str, Any]
    avatar: AvatarPicture | None
    notices: tuple[str, ...]
    faults: tuple[str, ...]
    books: tuple[Mapping[str, Any], ...] = ()
    used: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kept_notice(self) -> tuple[str, ...]:
        """Return a sentence about the unused values, if any."""
        named = [_printable(path) for path in self.kept][:_MOST_NAMED]
        more = len(self.kept) - len(named)
        told = f"{', '.join(named)}{f' and {more} more' if more else ''}"
        return (f"kept and not used: {told}",) if named else ()


def _printable(path: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in path[:60])


class SheetFields:
    """A sheet during parsing: its fields under the names of F097, and their source paths."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.paths: dict[str, str] = {}
        self.kept: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}
        self.avatar: AvatarPicture | None = None
        self.books: list[Mapping[str, Any]] = []
        self.notices: list[str] = []
        self.faults: list[str] = []

    def take(self, data: Mapping[str, Any], *, known: Collection[str], within: str = "") -> None:
        """Take the fields of a table, for sheets also under older names; fields that exist already stay."""
        for key, value in data.items():
            name = key if key in known or within else OLDER_NAMES.get(key, key)
            if name not in known or (name != key and name in data) or name in self.data:
                self.kept[f"{within}{key}"] = value
                continue
            self.data[name], self.paths[name] = value, f"{within}{key}"
        self._lift_topics()

    def _lift_topics(self) -> None:
        """Move topics out of the knowledge table, where older sheets have them."""
        table = self.data.get("knowledge_domain")
        if not isinstance(table, Mapping):
            return
        lifted = _TOPICS & table.keys() - self.data.keys()
        for key in sorted(lifted):
            self.data[key], self.paths[key] = table[key], f"{self.paths['knowledge_domain']}.{key}"
        self.data["knowledge_domain"] = {key: table[key] for key in table if key not in lifted}

    def take_extensions(self, extensions: Mapping[str, Any]) -> None:
        """Take acore's fields from the extensions, at top level or in a table of their own."""
        inner = {
            key: table
            for key, table in extensions.items()
            if isinstance(table, Mapping) and key not in BESIDE_A_CARD and TELLING & table.keys()
        }
        straight = {key: value for key, value in extensions.items() if key not in (*inner, EXTENSION)}
        self.take(straight, known=BESIDE_A_CARD, within="extensions.")
        for key, table in inner.items():
            if key != EXTENSION:
                self.take(table, known=BESIDE_A_CARD, within=f"extensions.{key}.")

    def contents(self) -> SheetContents:
        """Return the result."""
        used = tuple(
            f"{path}: {_GOOD_FOR[key]}" if key in _GOOD_FOR else path for key, path in self.paths.items()
        )
        return SheetContents(
            self.fields,
            self.avatar,
            tuple(self.notices),
            tuple(self.faults),
            books=tuple(self.books),
            used=used,
            kept=self.kept,
        )

    def leave_out(self, key: str, why: str = LEFT_OUT) -> None:
        """Keep a field unused, with a notice."""
        self.note(key, why)
        if key in self.data:
            self.kept[self.paths.pop(key, key)] = self.data[key]

    def note(self, key: str, what: str) -> None:
        self.notices.append(f"{key}: {what}")

    def text(self, key: str) -> str:
        """Return a text, truncated to the limit of a character's field; "" for other types."""
        value = self.data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            self.leave_out(key)
            return ""
        return self.cut(key, str(value).strip())

    def cut(self, key: str, text: str) -> str:
        if len(text) > LONGEST_TEXT:
            self.note(key, f"was cut to {LONGEST_TEXT:,} characters")
        return text[:LONGEST_TEXT]

    def keep(self, field: str, value: Any) -> None:
        if value:
            self.fields[field] = value

    def listed(self, key: str, field: str, found: Iterable[str] | None) -> None:
        if found is None:
            self.leave_out(key)
            return
        whole = tuple(found)
        kept = within_limits(whole)
        if kept != whole:
            self.note(key, f"was cut to {LONGEST_LIST} of {LONGEST_TEXT:,} characters")
        self.keep(field, kept)

    def table(self, key: str) -> Mapping[str, Any]:
        """Return a table; an empty one for other types."""
        value = self.data.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.leave_out(key)
        return {}
