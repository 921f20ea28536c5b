"""Domains of lore, which limit a character to entries of its fields of knowledge (F109)."""

from collections.abc import Collection
from dataclasses import replace

from personas.lorebooks.fields import Fields
from personas.lorebooks.model import Lorebook, LoreEntry
from personas.sheet_values import items

_NAMES = ("category", "categories", "rag_categories", "tags")


def within_domains(book: Lorebook, domains: Collection[str]) -> Lorebook:
    """Return a book without entries of other domains, or all of it if the character has no limits.

    An entry without a domain is for everybody.
    """
    if not domains:
        return book
    entries = tuple(entry for entry in book.entries if _is_within(entry, domains))
    return book if len(entries) == len(book.entries) else replace(book, entries=entries)


def _is_within(entry: LoreEntry, domains: Collection[str]) -> bool:
    fields = Fields(entry.original)
    named = [name for key in _NAMES for name in items(fields.any(key)) or ()]
    return not named or any(name.casefold() in domains for name in named)
