"""Edits of lorebook entries while the bot runs: database rows that override the files (D12, F105, C85)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.conversation.text.names import clean_name, clean_text, is_blank
from bot.core.i18n import _
from bot.features.admin.edit_characters import LORE
from bot.features.admin.edits import ChangeRefused, Edits, ManualChange
from database import Database
from personas.lorebooks.model import LoreEntry
from personas.lorebooks.overlay import BOOK

LONGEST_CONTENT, LONGEST_KEY = 2_000, 100
MOST_KEYS, MOST = 20, 200
LONGEST_LABEL = 100

NO_KEYS = _(
    "Give 1 to {most} keys of at most {longest} characters, with commas between; "
    "or let the entry be always there."
)
NO_CONTENT = _("Write 1 to {most} characters.")
TOO_MANY = _("{name} has {most} added entries already: remove one first.")
NO_ENTRY = _("{name} has no entry {label}: /admin lore list shows them all.")
NOTHING_NAMED = _("Say what to change: its keys, its words, whether it is always there, or on.")
NOT_EDITED = _("That entry is as its file has it: there is nothing to take back.")
ONLY_ROW = _("That entry is in no file: /admin lore remove takes it away.")
OF_THAT_NAME = _("of that name", "in place of the name of an entry that can't be shown")
_MARK = "#"


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A lorebook entry in its current form; `edited` if an operator changed it."""

    book: str
    lore: LoreEntry
    edited: bool

    @property
    def is_own(self) -> bool:
        """Return whether the entry exists only in the database, in no file."""
        return self.book == BOOK

    @property
    def label(self) -> str:
        """Return the entry's name in commands: its book and uid, or its mark where these are too long."""
        label = f"{self.book}: {self.lore.uid}"
        return label if len(label) <= LONGEST_LABEL else self.mark

    @property
    def mark(self) -> str:
        """Return a short name that no other entry has."""
        known = f"{self.book}\n{self.lore.uid}".encode("utf-8", "replace")
        return _MARK + blake2s(known, digest_size=6).hexdigest()


class Lorebooks:
    """Shows and changes a character's entries; `refresh` reloads changes from disk and database."""

    def __init__(self, database: Database, edits: Edits, refresh: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._edits = edits
        self._refresh = refresh

    async def entries(self, role: PlayedCharacter) -> list[BookEntry]:
        """Return all entries of a character's lorebooks, including disabled ones; edited ones first."""
        await self._refresh()
        async with self._database.read() as db:
            edited = {(line.book, line.uid) for line in await db.characters.lore_lines(role.slug)}
        found = [
            BookEntry(name, entry, (name, entry.uid) in edited)
            for name, book in role.playing.lorebooks.items()
            for entry in book.entries
        ]
        return sorted(found, key=_place)

    async def entry(self, role: PlayedCharacter, label: str) -> BookEntry:
        """Return the entry with this label, mark or unambiguous uid. Raises ChangeRefused."""
        wanted = label.strip()
        entries = await self.entries(role)
        found = [entry for entry in entries if wanted in (entry.label, entry.mark)]
        found = found or [entry for entry in entries if wanted == entry.lore.uid]
        if len(found) != 1:
            told = clean_name(wanted, str(OF_THAT_NAME))
            raise ChangeRefused(NO_ENTRY.format(name=role.name, label=repr(told)))
        return found[0]

    async def add(
        self, actor: Actor, role: PlayedCharacter, *, keys: str, content: str, constant: bool
    ) -> ManualChange:
        """Add an entry that is in no file. Raises ChangeRefused."""
        values: dict[str, Any] = {
            "keys": _keys(keys, needed=not constant),
            "content": _content(content),
            "constant": constant,
            "enabled": True,
            "made_by": actor.user_id,
        }
        async with self._database.read() as db:
            rows = await db.characters.lore_lines(role.slug)
        if len(rows) >= MOST:
            raise ChangeRefused(TOO_MANY.format(name=role.name, most=MOST))
        taken = [int(line.uid) for line in rows if line.book == BOOK and line.uid.isdecimal()]
        return await self._edits.put(actor, LORE, (role.slug, BOOK, str(max(taken, default=0) + 1)), values)

    async def edit(
        self,
        actor: Actor,
        role: PlayedCharacter,
        label: str,
        *,
        keys: str | None = None,
        content: str | None = None,
        constant: bool | None = None,
        enabled: bool | None = None,
    ) -> ManualChange:
        """Change an entry, including one from a file; the file stays as it is. Raises ChangeRefused."""
        entry = await self.entry(role, label)
        always = entry.lore.constant if constant is None else constant
        named: dict[str, Any] = {
            "keys": None if keys is None else _keys(keys, needed=not always),
            "content": None if content is None else _content(content),
            "constant": constant,
            "enabled": enabled,
        }
        named = {name: value for name, value in named.items() if value is not None}
        if not named:
            raise ChangeRefused(NOTHING_NAMED)
        if named.get("constant") is False and not (named.get("keys") or entry.lore.keys):
            raise ChangeRefused(NO_KEYS.format(most=MOST_KEYS, longest=LONGEST_KEY))
        return await self._set(actor, role, entry, named)

    async def remove(self, actor: Actor, role: PlayedCharacter, label: str) -> ManualChange:
        """Remove an entry; an entry from a file is disabled instead. Raises ChangeRefused."""
        entry = await self.entry(role, label)
        if not entry.is_own:
            return await self._set(actor, role, entry, {"enabled": False})
        return await self._edits.put(actor, LORE, (role.slug, entry.book, entry.lore.uid), None)

    async def reset(self, actor: Actor, role: PlayedCharacter, label: str) -> ManualChange:
        """Discard the edits of an entry from a file. Raises ChangeRefused."""
        entry = await self.entry(role, label)
        if entry.is_own or not entry.edited:
            raise ChangeRefused(ONLY_ROW if entry.is_own else NOT_EDITED)
        return await self._edits.put(actor, LORE, (role.slug, entry.book, entry.lore.uid), None)

    async def _set(
        self, actor: Actor, role: PlayedCharacter, entry: BookEntry, named: dict[str, Any]
    ) -> ManualChange:
        async with self._database.read() as db:
            row = await db.characters.lore_line(role.slug, entry.book, entry.lore.uid)
            if row is None and len(await db.characters.lore_lines(role.slug)) >= MOST:
                raise ChangeRefused(TOO_MANY.format(name=role.name, most=MOST))
        known = row.values if row else {}
        made_by = row.made_by if row else actor.user_id
        values = {**known, **named, "made_by": made_by}
        return await self._edits.put(actor, LORE, (role.slug, entry.book, entry.lore.uid), values)


def fitting(entries: Sequence[BookEntry], words: str) -> list[BookEntry]:
    """Return the entries whose label, name, comment, keys or content contain all words."""
    wanted = words.casefold().split()
    return [entry for entry in entries if all(word in _all_of(entry) for word in wanted)]


def _place(entry: BookEntry) -> tuple[bool, bool, str, int, str]:
    uid = entry.lore.uid
    return not entry.is_own, not entry.edited, entry.book, len(uid), uid


def _all_of(entry: BookEntry) -> str:
    lore = entry.lore
    return " ".join((entry.label, lore.name, lore.comment, *lore.keys, lore.content)).casefold()


def _keys(text: str, *, needed: bool) -> list[str]:
    keys = [" ".join(clean_text(key).split()) for key in text.split(",")]
    keys = list(dict.fromkeys(key for key in keys if not is_blank(key)))
    wrong = len(keys) > MOST_KEYS or any(len(key) > LONGEST_KEY for key in keys)
    if wrong or (needed and not keys):
        raise ChangeRefused(NO_KEYS.format(most=MOST_KEYS, longest=LONGEST_KEY))
    return keys


def _content(text: str) -> str:
    text = clean_text(text).strip()
    if is_blank(text) or len(text) > LONGEST_CONTENT:
        raise ChangeRefused(NO_CONTENT.format(most=LONGEST_CONTENT))
    return text
