"""Parsing of lorebook files; broken entries become notices, and the rest is read."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from personas.lorebooks.fields import BrokenEntryError, Fields, too_deep
from personas.lorebooks.formats import keys_of, read_entry, remarks
from personas.lorebooks.match import index_of
from personas.lorebooks.model import Lorebook, LorebookError, LoreEntry

MOST_ENTRIES = 20_000
MOST_CONTENT = 32 * 2**20
"""Maximum characters of all contents of a book."""
MOST_KEYS_TOGETHER = 100_000
MOST_KEY_LETTERS = 1_000_000
"""Maximum characters of all keys of a book."""
MOST_NOTICES = 100


def read_lorebook(data: object) -> tuple[Lorebook, tuple[str, ...]]:
    """Return the lorebook in parsed JSON, and notices for the operator (F105, C32).

    Supported are a card's character_book (V2 and V3), a lorebook_v3 file, a SillyTavern world file, and plain
    lists of entries with `key`. `data` is not modified and must not be modified later: the book refers to it.
    Broken entries are skipped with a notice. Raises LorebookError for data that is no lorebook.
    """
    raw = _book_of(data)
    rest = {name: value for name, value in raw.items() if name != "entries"}
    if too_deep(rest):
        raise LorebookError("this lorebook is nested too deep to be one; is it the right file?")
    fields = Fields(rest)
    notices: list[str] = []
    entries = tuple(_entries(raw["entries"], notices))
    book = Lorebook(
        name=fields.text("name"),
        description=fields.text("description", most=10_000),
        scan_depth=fields.optional("scan_depth", "scanDepth"),
        token_budget=fields.optional("token_budget", "tokenBudget"),
        recursive=_recursive(fields),
        entries=entries,
        extensions=fields.extensions,
        original=raw,
    )
    return book, _bounded([*fields.notices, *notices, *index_of(book).notices])


def _book_of(data: object) -> Mapping[str, Any]:
    if isinstance(data, list):
        data = {"entries": data}
    if not isinstance(data, Mapping):
        raise LorebookError("this is no lorebook: an object with `entries` is one")
    spec = data.get("spec")
    inner: object = data
    if spec == "lorebook_v3":
        inner = data.get("data")
    elif isinstance(spec, str) and spec.startswith("chara_card"):
        card = data.get("data")
        inner = card.get("character_book") if isinstance(card, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("entries"), list | Mapping):
        raise LorebookError("there are no `entries` in it; a lorebook has a list of them, or an object")
    return inner


def _recursive(fields: Fields) -> bool | None:
    known = fields.any("recursive_scanning", "recursive")
    return None if known is None else fields.flag("recursive_scanning", "recursive")


def _entries(raw: list[Any] | Mapping[str, Any], notices: list[str]) -> Iterator[LoreEntry]:
    named = list(raw.items()) if isinstance(raw, Mapping) else [(None, entry) for entry in raw]
    if len(named) > MOST_ENTRIES:
        notices.append(f"Of {len(named)} entries the first {MOST_ENTRIES} are read; split the book")
    seen: set[str] = set()
    room = _Room()
    for number, (name, entry) in enumerate(named[:MOST_ENTRIES]):
        try:
            fields = _fields_of(entry)
            read = read_entry(fields, str(number if name is None else name))
            room.take(read)
        except BrokenEntryError as error:
            notices.append(f"Entry {number}: {error}")
            continue
        yield _with_own_uid(read, seen)
        notices.extend(f"Entry {number}: {notice}" for notice in (*fields.notices, *remarks(read, fields)))


class _Room:
    """Remaining capacity within a book's limits."""

    def __init__(self) -> None:
        self.keys, self.letters, self.content = MOST_KEYS_TOGETHER, MOST_KEY_LETTERS, MOST_CONTENT

    def take(self, entry: LoreEntry) -> None:
        """Reserve capacity for an entry; raises BrokenEntryError if there is not enough."""
        keys = keys_of(entry)
        left = self.keys - len(keys), self.letters - sum(map(len, keys)), self.content - len(entry.content)
        if min(left) < 0:
            raise BrokenEntryError("the book is too large for it; split the book")
        self.keys, self.letters, self.content = left


def _fields_of(entry: object) -> Fields:
    if not isinstance(entry, Mapping):
        raise BrokenEntryError("it is no object")
    if too_deep(entry):
        raise BrokenEntryError("it is nested too deep")
    return Fields(entry)


def _with_own_uid(entry: LoreEntry, seen: set[str]) -> LoreEntry:
    """Return an entry with a unique uid, because the state refers to entries by uid."""
    uid, count = entry.uid, 1
    while uid in seen:
        count += 1
        uid = f"{entry.uid}~{count}"
    seen.add(uid)
    return entry if count == 1 else replace(entry, uid=uid)


def _bounded(notices: list[str]) -> tuple[str, ...]:
    if len(notices) <= MOST_NOTICES:
        return tuple(notices)
    return (*notices[:MOST_NOTICES], f"and {len(notices) - MOST_NOTICES} more notices")
