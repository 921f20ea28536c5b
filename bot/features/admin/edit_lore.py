"""Entries of lorebooks, changed while the bot runs: files with rows on top (D12, F105, C85)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any

from bot.audit import Actor
from bot.conversation.company import Role
from bot.conversation.text.names import clean_name, clean_text
from bot.conversation.text.split import is_blank
from bot.core.i18n import _
from bot.features.admin.edit_characters import LORE
from bot.features.admin.edits import Change, ChangeRefused, Edits
from database import Database
from personas.lorebooks.model import Entry
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
NOT_LAID_DOWN = _("That entry is as its file has it: there is nothing to take back.")
ONLY_ROW = _("That entry is in no file: /admin lore remove takes it away.")
OF_THAT_NAME = _("of that name", "in place of the name of an entry that can't be shown")
_MARK = "#"


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry of a character's lorebooks as it is now; `laid_down`: an operator had a hand in it."""

    book: str
    entry: Entry
    laid_down: bool

    @property
    def is_own(self) -> bool:
        """Say whether no file has it."""
        return self.book == BOOK

    @property
    def label(self) -> str:
        """Return what commands call it: its book and its uid, or a mark where these are too long."""
        label = f"{self.book}: {self.entry.uid}"
        return label if len(label) <= LONGEST_LABEL else self.mark

    @property
    def mark(self) -> str:
        """Return a short name that no other entry has."""
        known = f"{self.book}\n{self.entry.uid}".encode("utf-8", "replace")
        return _MARK + blake2s(known, digest_size=6).hexdigest()


class Lorebooks:
    """Shows and changes a character's entries; `refresh` takes in what changed on disk or by hand."""

    def __init__(self, database: Database, edits: Edits, refresh: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._edits = edits
        self._refresh = refresh

    async def entries(self, role: Role) -> list[Shown]:
        """Return every entry of a character's lorebooks, also those that are off; the changed ones first."""
        await self._refresh()
        async with self._database.read() as db:
            laid_down = {(one.book, one.uid) for one in await db.lore.of(role.slug)}
        found = [
            Shown(name, entry, (name, entry.uid) in laid_down)
            for name, book in role.playing.lorebooks.items()
            for entry in book.entries
        ]
        return sorted(found, key=_place)

    async def entry(self, role: Role, label: str) -> Shown:
        """Return the entry with a label, a mark, or a uid that one alone has. Raises ChangeRefused."""
        wanted = label.strip()
        entries = await self.entries(role)
        found = [one for one in entries if wanted in (one.label, one.mark)]
        found = found or [one for one in entries if wanted == one.entry.uid]
        if len(found) != 1:
            told = clean_name(wanted, str(OF_THAT_NAME))
            raise ChangeRefused(NO_ENTRY.format(name=role.name, label=repr(told)))
        return found[0]

    async def add(self, actor: Actor, role: Role, *, keys: str, content: str, constant: bool) -> Change:
        """Lay an entry of its own down. Raises ChangeRefused."""
        values: dict[str, Any] = {
            "keys": _keys(keys, needed=not constant),
            "content": _content(content),
            "constant": constant,
            "enabled": True,
            "made_by": actor.user_id,
        }
        async with self._database.read() as db:
            rows = await db.lore.of(role.slug)
        if len(rows) >= MOST:
            raise ChangeRefused(TOO_MANY.format(name=role.name, most=MOST))
        taken = [int(one.uid) for one in rows if one.book == BOOK and one.uid.isdecimal()]
        return await self._edits.put(actor, LORE, (role.slug, BOOK, str(max(taken, default=0) + 1)), values)

    async def edit(
        self,
        actor: Actor,
        role: Role,
        label: str,
        *,
        keys: str | None = None,
        content: str | None = None,
        constant: bool | None = None,
        enabled: bool | None = None,
    ) -> Change:
        """Change an entry, one of a file's as well: the file stays as it is. Raises ChangeRefused."""
        shown = await self.entry(role, label)
        always = shown.entry.constant if constant is None else constant
        named: dict[str, Any] = {
            "keys": None if keys is None else _keys(keys, needed=not always),
            "content": None if content is None else _content(content),
            "constant": constant,
            "enabled": enabled,
        }
        named = {name: value for name, value in named.items() if value is not None}
        if not named:
            raise ChangeRefused(NOTHING_NAMED)
        if named.get("constant") is False and not (named.get("keys") or shown.entry.keys):
            raise ChangeRefused(NO_KEYS.format(most=MOST_KEYS, longest=LONGEST_KEY))
        return await self._lay_down(actor, role, shown, named)

    async def remove(self, actor: Actor, role: Role, label: str) -> Change:
        """Take an entry away; one of a file's is switched off. Raises ChangeRefused."""
        shown = await self.entry(role, label)
        if not shown.is_own:
            return await self._lay_down(actor, role, shown, {"enabled": False})
        return await self._edits.put(actor, LORE, (role.slug, shown.book, shown.entry.uid), None)

    async def reset(self, actor: Actor, role: Role, label: str) -> Change:
        """Let an entry be again as its file has it. Raises ChangeRefused."""
        shown = await self.entry(role, label)
        if shown.is_own or not shown.laid_down:
            raise ChangeRefused(ONLY_ROW if shown.is_own else NOT_LAID_DOWN)
        return await self._edits.put(actor, LORE, (role.slug, shown.book, shown.entry.uid), None)

    async def _lay_down(self, actor: Actor, role: Role, shown: Shown, named: dict[str, Any]) -> Change:
        async with self._database.read() as db:
            row = await db.lore.get(role.slug, shown.book, shown.entry.uid)
            if row is None and len(await db.lore.of(role.slug)) >= MOST:
                raise ChangeRefused(TOO_MANY.format(name=role.name, most=MOST))
        known = row.values if row else {}
        made_by = row.made_by if row else actor.user_id
        values = {**known, **named, "made_by": made_by}
        return await self._edits.put(actor, LORE, (role.slug, shown.book, shown.entry.uid), values)


def fitting(entries: Sequence[Shown], words: str) -> list[Shown]:
    """Return the entries that hold some words in their name, keys, content or label."""
    wanted = words.casefold().split()
    return [one for one in entries if all(word in _all_of(one) for word in wanted)]


def _place(one: Shown) -> tuple[bool, bool, str, int, str]:
    uid = one.entry.uid
    return not one.is_own, not one.laid_down, one.book, len(uid), uid


def _all_of(one: Shown) -> str:
    entry = one.entry
    return " ".join((one.label, entry.name, entry.comment, *entry.keys, entry.content)).casefold()


def _keys(text: str, *, needed: bool) -> list[str]:
    keys = [" ".join(clean_text(one).split()) for one in text.split(",")]
    keys = list(dict.fromkeys(one for one in keys if not is_blank(one)))
    wrong = len(keys) > MOST_KEYS or any(len(one) > LONGEST_KEY for one in keys)
    if wrong or (needed and not keys):
        raise ChangeRefused(NO_KEYS.format(most=MOST_KEYS, longest=LONGEST_KEY))
    return keys


def _content(text: str) -> str:
    text = clean_text(text).strip()
    if is_blank(text) or len(text) > LONGEST_CONTENT:
        raise ChangeRefused(NO_CONTENT.format(most=LONGEST_CONTENT))
    return text
