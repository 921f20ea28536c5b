"""Export as V3 lorebook files: V2 and V3 originals unchanged, other formats converted."""

from copy import deepcopy
from typing import Any

from personas.lorebooks.fields import OURS, too_deep
from personas.lorebooks.model import Logic, Lorebook, LoreEntry, Position, Role

_LOGICS = tuple(Logic)
_ROLES = tuple(Role)
_DEEPEST = 100
_IN_V3 = frozenset(
    {"uid", "id", "key", "keys", "keysecondary", "secondary_keys", "content", "name", "comment", "enabled"}
    | {"disable", "order", "insertion_order", "case_sensitive", "caseSensitive", "use_regex", "constant"}
    | {"selective", "priority", "extensions"}
)
"""Fields already represented by V3 fields; all other fields of a foreign entry are kept."""
_PLACES = {
    Position.BEFORE: 0,
    Position.AFTER: 1,
    Position.NOTE_BEFORE: 2,
    Position.NOTE_AFTER: 3,
    Position.DEPTH: 4,
    Position.EXAMPLES_BEFORE: 5,
    Position.EXAMPLES_AFTER: 6,
}


def to_v3(book: Lorebook) -> dict[str, Any]:
    """Return a book as a `lorebook_v3` file, as a deep copy.

    A book read from V2 or V3 is returned as it was, including unknown and broken parts. Entries of other
    formats keep their content with its decorators, and all their fields under `extensions`.
    """
    entries = book.original.get("entries")
    if isinstance(entries, list) and all(isinstance(entry, dict) and "keys" in entry for entry in entries):
        entries = [deepcopy(entry) for entry in entries if not too_deep(entry, _DEEPEST)]
        return {"spec": "lorebook_v3", "data": {**deepcopy(_rest(book)), "entries": entries}}
    data = {
        **_rest(book),
        "extensions": dict(book.extensions),
        "entries": [_entry(entry) for entry in book.entries],
    }
    if book.recursive is not None:
        data["recursive_scanning"] = book.recursive
    return {"spec": "lorebook_v3", "data": deepcopy(data)}


def _rest(book: Lorebook) -> dict[str, Any]:
    return {name: value for name, value in book.original.items() if name != "entries"}


def _entry(entry: LoreEntry) -> dict[str, Any]:
    """Return an entry in V3 format. Values without a V3 field go where SillyTavern's cards keep them."""
    found: dict[str, Any] = {
        "id": entry.uid,
        "keys": list(entry.keys),
        "secondary_keys": list(entry.secondary_keys),
        "content": entry.original.get("content", entry.content),
        "name": entry.name,
        "comment": entry.comment,
        "enabled": entry.enabled,
        "insertion_order": entry.insertion_order,
        "case_sensitive": entry.case_sensitive,
        "use_regex": entry.use_regex,
        "constant": entry.constant,
        "selective": entry.selective,
        "position": "after_char" if entry.position is Position.AFTER else "before_char",
        "extensions": {**entry.extensions, **_extensions(entry), OURS: _ours(entry)},
    }
    return found if entry.priority is None else {**found, "priority": entry.priority}


def _extensions(entry: LoreEntry) -> dict[str, Any]:
    known = {name: value for name, value in entry.original.items() if name not in _IN_V3}
    return {
        **known,
        "selectiveLogic": _LOGICS.index(entry.logic),
        "position": _PLACES.get(entry.position, 1),
        "depth": entry.depth,
        "role": _ROLES.index(entry.role),
        "scan_depth": entry.scan_depth,
        "match_whole_words": entry.match_whole_words,
        "probability": entry.probability,
        "useProbability": True,
        "group": entry.group,
        "group_weight": entry.group_weight,
        "group_override": entry.group_override,
        "sticky": entry.sticky,
        "cooldown": entry.cooldown,
        "delay": entry.delay,
        "exclude_recursion": entry.exclude_recursion,
        "prevent_recursion": entry.prevent_recursion,
        "delay_until_recursion": entry.delay_until_recursion,
        "vectorized": entry.semantic,
        "ignore_budget": entry.ignore_budget,
    }


def _ours(entry: LoreEntry) -> dict[str, Any]:
    return {
        "threshold": entry.threshold,
        "stateful": entry.stateful,
        "switches_off": list(entry.switches_off),
    }
