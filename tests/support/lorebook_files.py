"""What several tests stand on: lorebook files."""

from typing import Any

from personas.lorebooks import (
    Lorebook,
    read_lorebook,
)

CARD_BOOK: dict[str, Any] = {
    "name": "Vael",
    "description": "A city and what is around it.",
    "scan_depth": 3,
    "token_budget": 500,
    "recursive_scanning": True,
    "extensions": {"someone/else": {"x": 1}},
    "entries": [
        {
            "id": 7,
            "keys": ["vael", "the city"],
            "secondary_keys": ["old"],
            "selective": True,
            "content": "Vael is old.",
            "enabled": True,
            "insertion_order": 5,
            "case_sensitive": False,
            "priority": 10,
            "position": "after_char",
            "name": "City",
            "comment": "the first",
            "constant": False,
            "extensions": {"depth": 2},
            "unknown": [1, 2],
        }
    ],
}


WORLD: dict[str, Any] = {
    "entries": {
        "0": {
            "uid": 0,
            "key": ["dragon", "/wyr[mn]s?/i"],
            "keysecondary": ["fire", "gold"],
            "comment": "Dragons",
            "content": "Dragons like gold.",
            "constant": False,
            "vectorized": True,
            "selective": True,
            "selectiveLogic": 3,
            "order": 42,
            "position": 4,
            "depth": 1,
            "role": 1,
            "disable": False,
            "excludeRecursion": True,
            "preventRecursion": True,
            "delayUntilRecursion": False,
            "probability": 30,
            "useProbability": True,
            "group": "beasts",
            "groupOverride": True,
            "groupWeight": 7,
            "scanDepth": 6,
            "caseSensitive": None,
            "matchWholeWords": True,
            "sticky": 1,
            "cooldown": 2,
            "delay": 3,
            "displayIndex": 0,
        },
        "1": {
            "uid": 1,
            "key": [],
            "content": "off",
            "disable": True,
            "probability": 5,
            "useProbability": False,
        },
    }
}


PLAIN: dict[str, Any] = {
    "entries": [{"uid": "x", "key": ["vael"], "content": "A city.", "order": 3, "case_sensitive": True}]
}


SAMPLES = [CARD_BOOK, {"spec": "lorebook_v3", "data": CARD_BOOK}, WORLD, PLAIN]


def entry(**fields: Any) -> dict[str, Any]:
    """Return a good entry but for these fields."""
    return {"keys": ["x"], "content": "c", **fields}


def read(*entries: Any, **more: Any) -> tuple[Lorebook, tuple[str, ...]]:
    """Read a book of these entries."""
    return read_lorebook({"entries": list(entries), **more})
