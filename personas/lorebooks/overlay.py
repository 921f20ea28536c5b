"""Admins' changes to lore: additional entries, and replacements of a file's entries (D12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from personas.lorebooks.fields import BrokenEntryError, Fields
from personas.lorebooks.formats import read_entry
from personas.lorebooks.model import Lorebook, LoreEntry

BOOK = "laid down"
"""Name of the book of additional entries; a file's book has the file's name."""
VALUES = ("keys", "content", "constant", "enabled")
"""Fields of an entry that admins can set."""


@dataclass(frozen=True, slots=True)
class LaidDown:
    """An admin's change to an entry: `values` has the changed fields of VALUES."""

    book: str
    uid: str
    values: Mapping[str, Any]


def overlaid(
    books: Mapping[str, Lorebook], laid_down: Iterable[LaidDown]
) -> tuple[dict[str, Lorebook], tuple[str, ...]]:
    """Return lorebooks with the changes applied, and notices about changes without effect.

    A book without changes stays the same object, which preserves its index and vectors.
    """
    by_book: dict[str, dict[str, LaidDown]] = {}
    for change in laid_down:
        by_book.setdefault(change.book, {})[change.uid] = change
    found, notices = dict(books), list[str]()
    own = by_book.pop(BOOK, {})
    for name, lines in by_book.items():
        missing = lines.keys() - {entry.uid for entry in books[name].entries} if name in books else set(lines)
        notices += [_NO_ENTRY.format(book=name, uid=uid) for uid in sorted(missing)]
        if name in books:
            entries = tuple(_changed(entry, lines.get(entry.uid), notices) for entry in books[name].entries)
            found[name] = replace(books[name], entries=entries)
    if own:
        made = [
            _changed(LoreEntry(uid=change.uid, original={"content": ""}), change, notices)
            for change in own.values()
        ]
        found[BOOK] = Lorebook(name=BOOK, entries=tuple(made))
    return found, tuple(notices)


_NO_ENTRY = "what is laid down about {book}: {uid} has no effect: its files have no such entry any more"
_BROKEN = "what is laid down about the entry {uid} has no effect: {fault}"


def _changed(entry: LoreEntry, laid_down: LaidDown | None, notices: list[str]) -> LoreEntry:
    """Return an entry re-read with changed values, or the old entry if they are invalid."""
    if laid_down is None:
        return entry
    values = {name: value for name, value in laid_down.values.items() if name in VALUES}
    raw = {**entry.original, **values}
    if "keys" in values and "key" in entry.original:
        raw["key"] = raw.pop("keys")
    if "enabled" in values:
        raw.pop("disable", None)
    try:
        return replace(read_entry(Fields(raw), entry.uid), uid=entry.uid)
    except BrokenEntryError as error:
        notices.append(_BROKEN.format(uid=entry.uid, fault=error))
        return entry
