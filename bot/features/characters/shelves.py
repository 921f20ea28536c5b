"""What the files of one character say, and whether they changed since (F095, D13)."""

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
"""Seconds that a file of a stranger's may take when the program starts, and the machine is busy."""
MOST_SCREENED = 32 << 20
UNREADABLE = _("{file} can't be read: {fault}.")
PROMPTS = ("core_prompt", "summarization_prompt", "core_memory_prompt", "core_memory_dump", "post_history")
"""What a file prompts/NAME.md may say in place of the key of that name."""

Mark = tuple[str, int, int, int]
Signature = tuple[Mark, ...]


class CharacterFaults(ConfigurationError):  # noqa: N818 - it is plural for a reason
    """A character can't be played; the text has a line for each fault."""


@dataclass(frozen=True, slots=True)
class CharacterSource:
    """Where a character comes from: its folder, its character.env, or both; else one file beside others."""

    folder: Path | None
    sheet: Path | None
    file: Path | None = None

    @classmethod
    def at(cls, path: Path) -> "CharacterSource":
        """Return the source of a character that a folder or a file of this path is."""
        return cls(None, None, path) if path.is_file() else cls(path, path / SHEET_NAME)

    def __str__(self) -> str:
        return str(self.file or self.folder or self.sheet)

    def strange_files(self) -> list[Path]:
        """Return those of its files that may come from anybody."""
        if self.file:
            return [self.file] if self.file.is_file() else []
        return strange_files(self.folder) if self.folder else []

    def contents(self, env: Mapping[str, str]) -> FolderContents:
        """Return what its files hold, under the keys of its character.env."""
        return read_file(self.file) if self.file else read_folder(self.folder or Path(os.devnull), env)

    def signature(self) -> Signature:
        """Return a mark of its files that is another one whenever any of them is another one."""
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
    """What was read of a character, and what its admins should know of its files."""

    source: CharacterSource
    signature: Signature
    contents: FolderContents
    character: Character
    books: Mapping[str, Lorebook]
    notices: tuple[str, ...]


class Shelves:
    """Reads the files of characters; each file that may come from a stranger in a limited process first."""

    def __init__(self) -> None:
        self._screened: set[str] = set()

    async def read(self, source: CharacterSource) -> ReadCharacter:
        """Return what a character's files say. Raises CharacterFaults when they make no character."""
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
        told = [f"{within}/{one}" for one in contents.faults]
        for one in told:
            log.error("%s", one)
        try:
            if faults:
                raise CharacterFaults("\n".join(faults))
            if source.file and told:
                raise CharacterFaults("\n".join(told))
            fields = {**contents.fields, **_from_prompts(contents.prompts)}
            if source.folder is None and source.file is None and "character_id" not in env:
                del fields["slug"]  # there is no folder to take it from: its name has to do
            character = character_of(fields, name)
        except CharacterError as error:
            raise CharacterFaults("\n".join([*told, *map(str, error.faults)])) from None
        books, of_books = await asyncio.to_thread(_books, contents)
        notices = (*(f"{within}/{one}" for one in contents.notices), *of_books)
        for notice in notices:
            log.info("%s", notice)
        return ReadCharacter(source, signature, contents, character, books, (*told, *notices))

    async def shared_books(self, folder: Path) -> tuple[dict[str, Lorebook], tuple[str, ...]]:
        """Return the lorebooks of a folder by the names of their files, and what is wrong with others."""
        try:
            await self._screen(await asyncio.to_thread(strange_files, folder))
            contents = await asyncio.to_thread(read_folder, folder, {})
        except (CharacterFaults, OSError) as error:
            return {}, (str(error),)
        books, notices = await asyncio.to_thread(_books, contents)
        told = (*(f"{folder}/{one}" for one in contents.faults), *notices)
        return {Path(name).stem: book for name, book in books.items()}, told

    async def _screen(self, files: Sequence[Path]) -> None:
        """Read what may come from strangers in a process of its own first, each file once (faults D7, D8).

        What that process does not come to the end of must not be there when we read the folder.
        """
        for path in files:
            if path.stat().st_size > MOST_SCREENED:
                continue  # it is refused for its size
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
    """Return where the primary character and the further ones come from (F007, F108).

    `character` names the primary's folder or file; else it stands in `sheet`, and what else it has in the
    folder of its `slug`, if there is one. `others` are names of folders and files, `all` means every one.
    """
    known = characters_in(characters)
    if character:
        path = find_character(known, character)
        first = CharacterSource.at(path) if path else CharacterSource(None, None)
    else:
        first = CharacterSource(find_character(character_folders(characters), slug), sheet)
    wanted = list(others)
    if [name.lower() for name in others] == [
        "all"
    ]:  # a picture may be anything: a card in one has to be named
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
        elif all(path not in (one.folder, one.file) for one in sources):
            sources.append(CharacterSource.at(path))
    return sources


def _env(sheet: Path | None) -> tuple[dict[str, str], list[str]]:
    """Return the keys of a character.env, and what is wrong with it."""
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
    for one in contents.books:
        try:
            books[one.file], told = read_lorebook(one.data)
        except LorebookError as error:
            notices.append(f"{one.file}: {error}")
            continue
        notices += [f"{one.file}: {text}" for text in told]
    return books, tuple(notices)


def marks_in(folder: Path) -> list[Mark]:
    """Return a mark of each file in a folder; none where there is no folder."""
    try:
        with os.scandir(folder) as found:
            return sorted(mark_of(one) for one in found if not one.name.startswith("."))
    except OSError:
        return []


def mark_of(file: Path | os.DirEntry[str]) -> Mark:
    """Return what tells one state of a file from another, also one that an editor put in its place."""
    try:
        about = file.stat()
    except OSError:
        return (os.fspath(file), 0, 0, 0)
    return (os.fspath(file), about.st_mtime_ns, about.st_size, about.st_ino)
