"""What several tests stand on: lorebooks."""

from collections.abc import Mapping
from random import Random
from typing import Any

from personas.lorebooks import (
    Activated,
    Lorebook,
    LoreEntry,
    LoreState,
    Ref,
    ScanContext,
    read_lorebook,
    scan,
)

FRESH = LoreState()


def book_of(*entries: LoreEntry, **more: Any) -> Lorebook:
    """Return a book of these entries."""
    return Lorebook(entries=entries, **more)


def lore(uid: str, *keys: str, content: str | None = None, **more: Any) -> LoreEntry:
    """Return an entry that waits for these keys; its content is 'about' and its uid."""
    return LoreEntry(uid=uid, keys=keys, content=f"about {uid}" if content is None else content, **more)


def v3(content: str, *keys: str, **more: Any) -> LoreEntry:
    """Return the entry that a V3 file with these fields makes."""
    return v3_book({"keys": list(keys), "content": content, **more}).entries[0]


def v3_book(*entries: Mapping[str, Any], **more: Any) -> Lorebook:
    """Return the book that a V3 file with these entries makes; it must be read without notices."""
    whole = [
        {"enabled": True, "insertion_order": 100, "use_regex": False, "extensions": {}, **one}
        for one in entries
    ]
    book, notices = read_lorebook(
        {"spec": "lorebook_v3", "data": {"extensions": {}, "entries": whole, **more}}
    )
    assert notices == ()
    return book


def look(
    book: Lorebook,
    *talk: str,
    state: LoreState = FRESH,
    turn: int = 1,
    seed: int = 0,
    budget: int | None = None,
    near: Mapping[Ref, float] | None = None,
    scene: ScanContext | None = None,
) -> Activated:
    """Scan one book, kept under the name "b"; a token is a letter."""
    return scan(
        {"b": book},
        talk,
        state=state,
        turn=turn,
        rng=Random(seed),
        tokens=len,
        budget=budget,
        near=near,
        scene=scene,
    )


def uids(found: Activated) -> list[str]:
    """Return which entries are in, in prompt order."""
    return [active.ref[1] for active in found.entries]
