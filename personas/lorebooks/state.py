"""State of lore between turns, as a small value that converts to plain JSON."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from personas.lorebooks.model import Ref


@dataclass(frozen=True, slots=True)
class LoreState:
    """Activation times of entries, and switched entries (C33, C34).

    `turn` is the last scanned turn, None before the first. `since` is the turn at which an entry's sticky
    time and cooldown begin. The caller keeps a separate state for each channel and character.
    """

    turn: int | None = None
    since: Mapping[Ref, int] = field(default_factory=dict)
    on: frozenset[Ref] = frozenset()
    off: frozenset[Ref] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, identical for identical states."""
        return {
            "turn": self.turn,
            "since": [[*ref, turn] for ref, turn in sorted(self.since.items())],
            "on": [list(ref) for ref in sorted(self.on)],
            "off": [list(ref) for ref in sorted(self.off)],
        }

    @classmethod
    def from_json(cls, data: object) -> "LoreState":
        """Return the state in this JSON; unreadable parts are dropped without an error."""
        if not isinstance(data, Mapping):
            return cls()
        turn = data.get("turn")
        since = {ref: row[2] for row in _rows(data.get("since"), 3) if (ref := _ref(row)) and _whole(row[2])}
        return cls(
            turn=turn if _whole(turn) else None,
            since=since,
            on=frozenset(ref for row in _rows(data.get("on"), 2) if (ref := _ref(row))),
            off=frozenset(ref for row in _rows(data.get("off"), 2) if (ref := _ref(row))),
        )

    def cleaned(self, known: Container[Ref], turn: int) -> "LoreState":
        """Return the state without missing entries and without activations after `turn`."""
        since = {ref: began for ref, began in self.since.items() if ref in known and began <= turn}
        return replace(
            self,
            since=since,
            on=frozenset(ref for ref in self.on if ref in known),
            off=frozenset(ref for ref in self.off if ref in known),
        )


def _rows(data: object, length: int) -> list[list[Any]]:
    if not isinstance(data, list):
        return []
    return [row for row in data if isinstance(row, list) and len(row) == length]


def _ref(row: list[Any]) -> Ref | None:
    return (row[0], row[1]) if isinstance(row[0], str) and isinstance(row[1], str) else None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
