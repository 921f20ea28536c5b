"""Import of characters from untrusted cards, their removal, and export as a card (C31, F107)."""

import asyncio
import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from bot.audit import Actor, AuditLog
from bot.conversation.company import Company, PlayedCharacter
from bot.core.errors import ConfigurationError
from bot.core.i18n import _, number
from bot.features.characters.library import Library
from bot.features.characters.presence import NotStaged
from bot.features.characters.shelves import CharacterFaults, CharacterSource
from bot.features.characters.strangers import Inspected, Output, export_stranger, harmless, read_stranger
from database import Database, DatabaseError, UnitOfWork
from personas.cards.convert import card_of
from personas.character import CharacterError, character_of
from personas.character_rules import slug_of

log = logging.getLogger(__name__)

JOINED = "characters that joined"
SUFFIXES = {"PNG": ".png", "JSON": ".json", "CHARX": ".charx"}
MOST_CHARACTERS = 50
NAMES = {"sheet": "character.json", "lorebook": "lorebook.json"}

NOT_PLAYABLE = _("{file} can't be played: {fault}")
SIZE = _("About {count} tokens of it go into every prompt.")
NOT_IMPORTED = _("{name} did not come by /persona import: take it out of active_personas in config.env.")
NO_FOLDERS = _("There are no folders of characters here to put it into.")
NOT_WRITABLE = _(
    "I can't write to the folder of characters: whoever runs the bot has to let me, see docs/operating.md."
)
A_LOREBOOK = _("That is a lorebook, not a character: put it into a character's folder.")
FULL = _("There are {most} characters here already: let one go first.")
NO_CHARACTER = _("The card makes no character: {fault}")
TAKEN = _("There is a character {slug} already: give this one another name, or take that one away.")


class NotArrived(ConfigurationError):  # noqa: N818 - an answer, not a fault
    """The character can't be imported; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ImportedCharacter:
    """An imported character, and notices for its admins."""

    role: PlayedCharacter
    notices: tuple[str, ...]


async def joined(database: Database) -> list[str]:
    """Return the folder names of imported characters that are still active."""
    async with database.read() as db:
        return _listed(await db.states.get(JOINED))


class Arrivals:
    """Imports, removes and exports characters."""

    def __init__(
        self,
        database: Database,
        company: Company,
        library: Library | None,
        audit: AuditLog,
    ) -> None:
        self._database = database
        self._company = company
        self._library = library
        self._audit = audit
        self._one_at_a_time = asyncio.Lock()

    async def arrive(self, actor: Actor, data: bytes, filename: str) -> ImportedCharacter:
        """Import a character from a card or sheet; it hears and answers from the next message on.

        The file is read in its own process and becomes the character's folder. Raises RefusedStranger or
        NotArrived.
        """
        library = self._with_library()
        inspected = await read_stranger(data, name=harmless(filename, 100))
        async with self._one_at_a_time:
            folder = self._folder_for(library, inspected, data)
            back, role = folder.exists(), None
            if not back:
                await _put(folder, inspected, data)
            try:
                role = await library.admit(CharacterSource.at(folder))
                await library.prepare(role, self._database)
                await self._remember(folder.name, here=True)
            except (CharacterFaults, DatabaseError, OSError) as error:
                if role is not None:
                    library.drop(role.slug)
                if not back:
                    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
                raise NotArrived(NOT_PLAYABLE.format(file=harmless(filename, 100), fault=error)) from error
            self._company.join(role)
        await self._audit.note(actor, "persona import", role.slug)
        tokens = len(role.character.core_prompt) // 4
        size = SIZE.format(count=number(tokens))
        return ImportedCharacter(role, (size, *inspected.warnings, *inspected.notices, *role.playing.notices))

    async def leave(self, actor: Actor, role: PlayedCharacter) -> None:
        """Remove an imported character. Its folder and memories stay. Raises NotStaged."""
        library = self._with_library()
        folder = library.folder_of(role.slug)
        here = await joined(self._database)
        if folder is None or folder.name not in here or library.is_configured(folder):
            raise NotStaged(NOT_IMPORTED.format(name=role.name))
        async with self._one_at_a_time:
            await self._remember(folder.name, here=False)
            library.drop(role.slug)
            self._company.part(role.slug)
        await self._audit.note(actor, "persona remove", role.slug)

    async def export(self, role: PlayedCharacter, to: Output) -> tuple[str, bytes]:
        """Return a file name and a character's card: the imported original, or a new one (C31).

        Raises RefusedStranger.
        """
        original = await asyncio.to_thread(self._original, role)
        written = await export_stranger(original, to=to, name=role.name)
        return f"{role.slug}.{to}", written

    def _original(self, role: PlayedCharacter) -> bytes:
        """Return the card that a character came from, or a new one with the extra data of its sheet."""
        if self._library is None:
            return card_of(role.character)
        contents = self._library.contents_of(role.slug)
        if contents.card is not None and contents.card.is_file():
            return contents.card.read_bytes()
        return card_of(self._library.source_of(role.slug), contents.kept)

    def _with_library(self) -> Library:
        if self._library is None:
            raise NotArrived(NO_FOLDERS)
        return self._library

    def _folder_for(self, library: Library, inspected: Inspected, data: bytes) -> Path:
        """Return a free folder, or the folder of the same card if it was imported before and removed."""
        if inspected.kind == "lorebook":
            raise NotArrived(A_LOREBOOK)
        if len(self._company) >= MOST_CHARACTERS:
            raise NotArrived(FULL.format(most=MOST_CHARACTERS))
        try:
            character = character_of(inspected.fields, "the card")
        except CharacterError as error:
            raise NotArrived(NO_CHARACTER.format(fault=error)) from error
        slug = slug_of(character.name)
        folder = library.characters / slug
        if slug in self._company.by_slug or (folder.exists() and not _same(folder, inspected, data)):
            raise NotArrived(TAKEN.format(slug=slug))
        return folder

    async def _remember(self, name: str, *, here: bool) -> None:
        async with self._database.begin() as db:
            names = _listed(await db.states.get(JOINED))
            names = sorted({*names, name} if here else {*names} - {name})
            await _keep(db, names)


async def _keep(db: UnitOfWork, names: list[str]) -> None:
    await db.states.set(JOINED, json.dumps(names))


def _listed(kept: str | None) -> list[str]:
    return [str(name) for name in json.loads(kept)] if kept else []


async def _put(folder: Path, inspected: Inspected, data: bytes) -> None:
    """Create a character's folder. Raises NotArrived if the disk can't be written to."""
    try:
        await asyncio.to_thread(_write, folder, inspected, data)
    except OSError as error:
        log.warning("A character can't be put into %s: %s", folder.parent, error.strerror or error)
        raise NotArrived(NOT_WRITABLE) from error


def _write(folder: Path, inspected: Inspected, data: bytes) -> None:
    """Create a character's folder atomically."""
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        (new / _file_name(inspected)).write_bytes(data)
        new.rename(folder)
    except OSError:
        shutil.rmtree(new, ignore_errors=True)
        raise


def _file_name(inspected: Inspected) -> str:
    return NAMES.get(inspected.kind) or f"card{SUFFIXES[inspected.container]}"


def _same(folder: Path, inspected: Inspected, data: bytes) -> bool:
    """Return whether a folder holds exactly this card."""
    path = folder / _file_name(inspected)
    return path.is_file() and path.read_bytes() == data
