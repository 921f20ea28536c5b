"""Reader of one character's files, and detection of changes to them (F095, D13)."""

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from bot.core.errors import ConfigurationError
from bot.core.i18n import _
from bot.features.characters.strangers import RefusedStranger, read_stranger
from bot.settings.envfile import read_env
from bot.settings.identity import (
    SHEET_NAME,
    character_folders,
    characters_in,
    find_character,
    strange_files,
)
from bot.settings.sources import character_sheet
from personas.character import Character, CharacterError, character_of
from personas.library import FolderContents, read_file, read_folder
from personas.lorebooks.model import Lorebook, LorebookError
from personas.lorebooks.reading import read_lorebook

log = logging.getLogger(__name__)

SCREENING_SECONDS = 20.0
"""Timeout in seconds for screening an untrusted file at start-up, when the machine is busy."""
MOST_SCREENED = 32 << 20
UNREADABLE = _("{file} can't be read: {fault}.")
PROMPTS = ("core_prompt", "summarization_prompt", "core_memory_prompt", "core_memory_dump", "post_history")
"""Character keys that a file prompts/KEY.md may override."""

Mark = tuple[str, int, int, int]
Signature = tuple[Mark, ...]


class CharacterFaults(ConfigurationError):  # noqa: N818 - plural because it holds several faults
    """The character can't be played; the text has one line per fault."""


@dataclass(frozen=True, slots=True)
class CharacterSource:
    """Location of a character: its folder, its character.env, or both; otherwise a single file."""

    folder: Path | None
    sheet: Path | None
    file: Path | None = None

    @classmethod
    def at(cls, path: Path) -> "CharacterSource":
        """Return the source for a character's folder or file."""
        return cls(None, None, path) if path.is_file() else cls(path, path / SHEET_NAME)

    def __str__(self) -> str:
        return str(self.file or self.folder or self.sheet)

    def strange_files(self) -> list[Path]:
        """Return the files that may be untrusted."""
        if self.file:
            return [self.file] if self.file.is_file() else []
        return strange_files(self.folder) if self.folder else []

    def contents(self, env: Mapping[str, str]) -> FolderContents:
        """Return the contents of its files, under the keys of its character.env."""
        return read_file(self.file) if self.file else read_folder(self.folder or Path(os.devnull), env)

    def signature(self) -> Signature:
        """Return a signature that changes whenever any of its files changes."""
        seen = [mark_of(path) for path in (self.sheet, self.file) if path is not None]
        for folder in (
            self.folder,
            self.folder and self.folder / "lorebooks",
            self.folder and self.folder / "prompts",
        ):
            seen += marks_in(folder) if folder else []
        return tuple(seen)


@dataclass(frozen=True, slots=True)
class ReadCharacter:
    """A character as read from its files, and notices for its admins."""

    source: CharacterSource
    signature: Signature
    contents: FolderContents
    character: Character
    books: Mapping[str, Lorebook]
    notices: tuple[str, ...]


class Shelves:
    """Reads character files; each untrusted file goes through the sandboxed process first."""

    def __init__(self) -> None:
        self._screened: set[str] = set()

    async def read(self, source: CharacterSource) -> ReadCharacter:
        """Read a character's files. Raises CharacterFaults if they don't make a valid character."""
        signature = source.signature()
        name, within = str(source), str(source.file.parent if source.file else source)
        try:
            await self._screen(await asyncio.to_thread(source.strange_files))
            env, faults = await asyncio.to_thread(_env, source.sheet)
            contents = await asyncio.to_thread(source.contents, env)
        except OSError as error:
            raise CharacterFaults(
                UNREADABLE.format(file=error.filename or name, fault=error.strerror)
            ) from error
        told = [f"{within}/{fault}" for fault in contents.faults]
        for fault in told:
            log.error("%s", fault)
        try:
            if faults:
                raise CharacterFaults("\n".join(faults))
            if source.file and told:
                raise CharacterFaults("\n".join(told))
            fields = {**contents.fields, **_from_prompts(contents.prompts)}
            if source.folder is None and source.file is None and "character_id" not in env:
                del fields["slug"]  # without a folder to take it from, the slug comes from the name
            character = character_of(fields, name)
        except CharacterError as error:
            raise CharacterFaults("\n".join([*told, *map(str, error.faults)])) from None
        books, of_books = await asyncio.to_thread(_books, contents)
        notices = (*(f"{within}/{notice}" for notice in contents.notices), *of_books)
        for notice in notices:
            log.info("%s", notice)
        return ReadCharacter(source, signature, contents, character, books, (*told, *notices))

    async def shared_books(self, folder: Path) -> tuple[dict[str, Lorebook], tuple[str, ...]]:
        """Return the lorebooks of a folder by file stem, and notices about invalid ones."""
        try:
            await self._screen(await asyncio.to_thread(strange_files, folder))
            contents = await asyncio.to_thread(read_folder, folder, {})
        except (CharacterFaults, OSError) as error:
            return {}, (str(error),)
        books, notices = await asyncio.to_thread(_books, contents)
        told = (*(f"{folder}/{fault}" for fault in contents.faults), *notices)
        return {Path(name).stem: book for name, book in books.items()}, told

    async def _screen(self, files: Sequence[Path]) -> None:
        """Read untrusted files in the sandboxed process first, each version once (faults D7, D8).

        A file that this process can't finish must not be in the folder when we read it.
        """
        for path in files:
            if path.stat().st_size > MOST_SCREENED:
                continue  # the reader refuses it for its size
            data = await asyncio.to_thread(path.read_bytes)
            digest = blake2b(data, digest_size=16).hexdigest()
            if digest in self._screened:
                continue
            try:
                await read_stranger(data, name=path.name, deadline=SCREENING_SECONDS)
            except RefusedStranger as error:
                if error.dangerous or error.ours:
                    raise CharacterFaults(f"{path.parent}: {error}") from error
            self._screened.add(digest)


def sources_of(
    *, characters: Path, character: str, sheet: Path | None, others: Sequence[str], slug: str
) -> list[CharacterSource]:
    """Return the sources of the primary character and of the others (F007, F108).

    `character` names the primary's folder or file; if empty, `sheet` defines it, and the folder of its `slug`
    adds to it if it exists. `others` are names of folders and files; `all` means every one.
    """
    known = characters_in(characters)
    if character:
        path = find_character(known, character)
        first = CharacterSource.at(path) if path else CharacterSource(None, None)
    else:
        first = CharacterSource(find_character(character_folders(characters), slug), sheet)
    wanted = list(others)
    if [name.lower() for name in others] == ["all"]:
        # A PNG may be any picture, so a card in one has to be named.
        wanted = [path.name for path in known.values() if path.is_dir() or path.suffix.lower() != ".png"]
    sources = [first]
    for name in wanted:
        path = find_character(known, name)
        if path is None:
            log.error(
                "active_personas names %r, which is no character in %s; known: %s",
                name[:40],
                characters,
                ", ".join(known) or "none",
            )
        elif all(path not in (source.folder, source.file) for source in sources):
            sources.append(CharacterSource.at(path))
    return sources


def _env(sheet: Path | None) -> tuple[dict[str, str], list[str]]:
    """Return the keys of a character.env, and its faults."""
    if sheet is None or not sheet.is_file():
        return {}, []
    read = character_sheet(read_env(sheet), borrowed=True)
    return {key: entry.value for key, entry in read.identity.items() if entry.says_something}, [
        str(fault) for fault in read.faults
    ]


def _from_prompts(prompts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in prompts.items() if name in PROMPTS}


def _books(contents: FolderContents) -> tuple[dict[str, Lorebook], tuple[str, ...]]:
    books, notices = {}, []
    for book in contents.books:
        try:
            books[book.file], told = read_lorebook(book.data)
        except LorebookError as error:
            notices.append(f"{book.file}: {error}")
            continue
        notices += [f"{book.file}: {text}" for text in told]
    return books, tuple(notices)


def marks_in(folder: Path) -> list[Mark]:
    """Return a mark for each file in a folder; empty if the folder does not exist."""
    try:
        with os.scandir(folder) as found:
            return sorted(mark_of(entry) for entry in found if not entry.name.startswith("."))
    except OSError:
        return []


def mark_of(file: Path | os.DirEntry[str]) -> Mark:
    """Return a mark that changes with the file, even if an editor replaced it."""
    try:
        about = file.stat()
    except OSError:
        return (os.fspath(file), 0, 0, 0)
    return (os.fspath(file), about.st_mtime_ns, about.st_size, about.st_ino)
