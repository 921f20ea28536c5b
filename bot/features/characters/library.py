"""The characters on disk, reloaded when they change; each folder is a character (F095, F099, D12, D13)."""

import asyncio
import json
import logging
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from bot.conversation.company import Company, PlayedCharacter, Playing
from bot.core.i18n import _
from bot.features.characters.shelves import (
    CharacterFaults,
    CharacterSource,
    ReadCharacter,
    Shelves,
    Signature,
    marks_in,
    sources_of,
)
from bot.settings import Loaded
from bot.settings.identity import character_folders
from database import Database, DatabaseError, UnitOfWork
from database.models import IdentityLine, Milestone
from personas.cards.images import AvatarPicture
from personas.character import Character
from personas.character_parts import EvolutionStage
from personas.evolution import evolved
from personas.frameworks import Frameworks, read_frameworks
from personas.library import FolderContents
from personas.lorebooks.domains import within_domains
from personas.lorebooks.model import Lorebook
from personas.lorebooks.overlay import LaidDown, overlaid
from personas.macros import Macros, expand
from personas.persona import Identity, compile_persona
from personas.sheet_values import items

log = logging.getLogger(__name__)

BUNDLED = Path(__file__).resolve().parents[3] / "characters" / "_frameworks"
FRAMEWORKS, LOREBOOKS = "_frameworks", "_lorebooks"
BESIDE = "frameworks"
"""Folder in which acore keeps its frameworks, next to its characters folder."""
SECOND = _("Two characters are called {slug}: give one of them another character_id.")
TEXTS = frozenset({".env", ".json", ".md", ".txt", ".yaml", ".yml"})
RENAMED = _("It would be kept under {slug} from then on: restart with another character for that.")
NO_SUCH_FILE = _("{file} is none of the files of {name}.")
SOMEBODY = "the person you talk with"
"""Replacement for {{user}} where no single person is meant, because the prompt prefix is shared by all."""


class Library:
    """Reads and compiles characters, and checks them for changes."""

    def __init__(
        self,
        sources: Sequence[CharacterSource],
        *,
        characters: Path,
        frameworks: Path,
        compiled: Path,
        pictures: Path,
    ) -> None:
        self._sources = tuple(sources)
        self.characters = characters
        self._frameworks_at = frameworks
        self._compiled = compiled
        self._pictures = pictures
        self._frameworks = Frameworks({})
        self._marked: Signature = ()
        self._books: dict[str, Lorebook] = {}
        self._reader = Shelves()
        self._shelves: dict[str, ReadCharacter] = {}
        self._touched: set[str] = set()
        self._refused: dict[str, Signature] = {}
        self._reading = asyncio.Lock()

    async def open(self, joined: Sequence[str] = ()) -> Company:
        """Return all characters to play; `joined` are the folder names of imported characters.

        Raises CharacterFaults if the first one can't be played; others are left out.
        """
        await self._read_shared()
        known = character_folders(self.characters)
        configured = {source.folder for source in self._sources}
        folders = [known[name] for name in joined if name in known and known[name] not in configured]
        roles: list[PlayedCharacter] = []
        for source in (*self._sources, *map(CharacterSource.at, folders)):
            try:
                roles.append(await self.admit(source, primary=not roles))
            except CharacterFaults as error:
                if not roles:
                    raise
                log.error("A character is left out:\n%s", error)  # noqa: TRY400 - it says it all
        return Company(roles)

    async def admit(self, source: CharacterSource, *, primary: bool = False) -> PlayedCharacter:
        """Read and register a character. Raises CharacterFaults."""
        shelf = await self._reader.read(source)
        slug = shelf.character.slug
        if slug in self._shelves:
            raise CharacterFaults(f"{source}: {SECOND.format(slug=slug)}")
        self._shelves[slug] = shelf
        self._touched.add(slug)
        return PlayedCharacter(Playing(shelf.character), primary=primary)

    async def prepare(self, role: PlayedCharacter, database: Database) -> None:
        """Compile a character before it is heard for the first time. Raises DatabaseError."""
        role.playing = await self._compiled_of(self._shelves[role.slug], database)
        self._touched.discard(role.slug)

    def drop(self, slug: str) -> None:
        """Stop tracking a character."""
        self._shelves.pop(slug, None)
        self._touched.discard(slug)

    def is_configured(self, folder: Path) -> bool:
        """Return whether the settings name the character of a folder."""
        return any(source.folder == folder for source in self._sources)

    def folder_of(self, slug: str) -> Path | None:
        """Return the folder of a character, if it has one."""
        shelf = self._shelves.get(slug)
        return shelf.source.folder if shelf else None

    def contents_of(self, slug: str) -> FolderContents:
        """Return the contents of a character's files."""
        return self._shelves[slug].contents

    def source_of(self, slug: str) -> Character:
        """Return a character as its files define it, before compiling."""
        return self._shelves[slug].character

    def touch(self, slug: str) -> None:
        """Mark a character as changed in the database."""
        self._touched.add(slug)

    async def refresh(self, company: Company, database: Database) -> list[str]:
        """Reload what changed on disk or in the database; return the slugs of the changed characters.

        An invalid change leaves the character as it was, and is logged once. A message waits for no more than
        this reload, and none is lost because of it.
        """
        if self._reading.locked() and not self._touched:
            return []  # the reload under way will pick up the changes: nobody waits for another's files
        if not await self._stale(company):
            return []
        changed = []
        async with self._reading:
            for slug in sorted(await self._stale(company)):
                role = company.by_slug.get(slug)
                if role is None:  # it was removed while another was being read
                    continue
                self._touched.discard(slug)
                try:
                    role.playing = await self._compiled_of(await self._again(role), database)
                except (DatabaseError, OSError) as error:
                    self._touched.add(slug)  # retried with the next message
                    log.error("%s stays as it was for now: %s", role.name, error)  # noqa: TRY400
                except Exception:  # one broken character must not stop a message or the start
                    log.exception("%s stays as it was: it can't be compiled", role.name)
                else:
                    changed.append(slug)
        return changed

    async def _stale(self, company: Company) -> set[str]:
        """Return the slugs of the active characters that changed."""
        shelves = {slug: shelf for slug, shelf in self._shelves.items() if slug in company.by_slug}
        try:
            if self._shared() != self._marked:
                await self._read_shared()
                self._touched |= shelves.keys()
        except OSError as error:  # retried with the next message
            log.error("What all characters share stays as it was for now: %s", error)  # noqa: TRY400
        stale = shelves.keys() & self._touched
        for slug, shelf in shelves.items():
            if shelf.source.signature() not in (shelf.signature, self._refused.get(slug)):
                stale.add(slug)
        return stale

    async def _again(self, role: PlayedCharacter) -> ReadCharacter:
        """Reread a character if its files changed; keep the old version if they are invalid."""
        shelf = self._shelves[role.slug]
        now = shelf.source.signature()
        if now in (shelf.signature, self._refused.get(role.slug)):
            return shelf
        fault: object = None
        try:
            read = await self._reader.read(shelf.source)
        except CharacterFaults as error:
            fault = error
        else:
            if read.character.slug != role.slug:
                fault = f"It would be kept under {read.character.slug} from now on: restart for that."
        if fault is not None:
            self._refused[role.slug] = now
            log.error("%s stays as it was:\n%s", role.name, fault)
            return shelf
        self._refused.pop(role.slug, None)
        if role.slug in self._shelves:  # it may have been removed meanwhile
            self._shelves[role.slug] = read
        log.info("Read the files of %s anew", role.name)
        return read

    def _shared(self) -> Signature:
        """Return a signature of the files that all characters share."""
        return (*marks_in(self._frameworks_at), *marks_in(self.characters / LOREBOOKS))

    async def _read_shared(self) -> None:
        """Read the frameworks and the shared lorebooks (F109)."""
        marked = self._shared()
        self._books, notices = await self._reader.shared_books(self.characters / LOREBOOKS)
        for notice in notices:
            log.warning("%s", notice)
        bundled = await asyncio.to_thread(read_frameworks, BUNDLED)
        own = bundled
        if self._frameworks_at.is_dir() and self._frameworks_at.resolve() != BUNDLED:
            own = await asyncio.to_thread(read_frameworks, self._frameworks_at)
        for fault in own.faults:
            log.error("A framework is left out: %s", fault)
        for notice in own.notices:
            log.warning("%s", notice)
        self._frameworks = replace(own, by_id={**bundled.by_id, **own.by_id})
        self._marked = marked

    # Editing.

    def files_of(self, slug: str) -> list[Path]:
        """Return the text files of a character, sheet first, excluding links that lead out of its folder."""
        source = self._shelves[slug].source
        found = [path for path in (source.sheet, source.file) if path is not None and path.is_file()]
        for folder in _folders(source):
            candidates = (path for path in folder.glob("*") if path.suffix in TEXTS and path.is_file())
            found += sorted(path for path in candidates if path.resolve().parent == folder.resolve())
        return list(dict.fromkeys(found))

    async def tried(self, role: PlayedCharacter, path: Path, text: str, database: Database) -> Playing:
        """Return the character that an edited file would yield. Raises CharacterFaults.

        Nothing is kept: it is compiled from a temporary copy.
        """
        source = self._shelves[role.slug].source
        with TemporaryDirectory() as folder:
            copied = await asyncio.to_thread(_copied, source, Path(folder), path, text)
            shelf = await self._reader.read(copied)
            if shelf.character.slug != role.slug:
                raise CharacterFaults(RENAMED.format(slug=shelf.character.slug))
            return await self._compiled_of(shelf, database, keep=False)

    async def write(self, role: PlayedCharacter, path: Path, text: str) -> None:
        """Write one of a character's files atomically; the next message reloads it."""
        if path not in self.files_of(role.slug):
            raise CharacterFaults(NO_SUCH_FILE.format(file=path.name, name=role.name))
        await asyncio.to_thread(_replace, path, text.encode())

    # Compiling.

    async def _compiled_of(self, shelf: ReadCharacter, database: Database, *, keep: bool = True) -> Playing:
        """Compile a character from its files, its admins' lines and its growth (F099, F110, C75)."""
        slug = shelf.character.slug
        async with database.read() as db:
            rows, reached = await _laid_down(db, slug)
            lore = [
                LaidDown(line.book, line.uid, line.values) for line in await db.characters.lore_lines(slug)
            ]
        stages, of_stages = _stages(reached)
        grown, of_growth = evolved(shelf.character, stages)
        persona, of_persona = compile_persona(grown, self._frameworks.by_id, _identity(rows))
        macros = Macros(char=grown.name, user=SOMEBODY, seed=slug)
        prompt = expand(persona.prompt, macros, rng=Random(slug))
        if keep:
            await asyncio.to_thread(self._save, persona.id, persona.as_dict())
        domains = domains_of(grown)
        known = {**self._books_of(domains), **shelf.books}
        books, of_lore = overlaid({name: within_domains(book, domains) for name, book in known.items()}, lore)
        return Playing(
            character=grown.model_copy(update={"core_prompt": prompt}),
            persona=persona,
            lorebooks=books,
            frameworks=self._frameworks.by_id,
            avatar=await asyncio.to_thread(self._picture, slug, shelf.contents.avatar) if keep else None,
            notices=(*shelf.notices, *of_stages, *of_growth, *of_persona, *of_lore),
        )

    def _books_of(self, domains: Collection[str]) -> dict[str, Lorebook]:
        """Return the shared lorebooks of these domains only."""
        return {
            f"{LOREBOOKS}/{name}": book for name, book in self._books.items() if name.casefold() in domains
        }

    def _save(self, persona_id: str, values: Mapping[str, Any]) -> None:
        """Write the compiled character to a file, for operators to inspect (F095, F111)."""
        text = json.dumps(values, ensure_ascii=False, indent=2, default=str)
        try:
            _replace(self._compiled / f"{persona_id}.json", text.encode("utf-8", "replace"))
        except OSError as error:
            log.warning("What %s was compiled to can't be written down: %s", persona_id, error.strerror)

    def _picture(self, slug: str, avatar: Path | AvatarPicture | None) -> Path | None:
        """Return a character's picture as a file; a picture inside a card is saved first (F098)."""
        if avatar is None or isinstance(avatar, Path):
            return avatar
        path = self._pictures / f"{slug}.{avatar.suffix.lstrip('.')}"
        try:
            _replace(path, avatar.data)
        except OSError as error:
            log.warning("The picture of %s can't be saved: %s", slug, error.strerror)
            return None
        return path


def _folders(source: CharacterSource) -> list[Path]:
    """Return the folders that hold a character's text files."""
    if source.folder is None:
        return []
    inside = (source.folder, source.folder / "prompts", source.folder / "lorebooks")
    return [folder for folder in inside if folder.is_dir()]


def _copied(source: CharacterSource, to: Path, changed: Path, text: str) -> CharacterSource:
    """Copy the files of a character, replacing the text of one."""
    to = to / (source.folder.name if source.folder else "character")
    to.mkdir()
    if source.folder is not None:
        shutil.copytree(source.folder, to, dirs_exist_ok=True)
    copies = {}
    for path in (source.sheet, source.file):
        if path is not None and path.is_file():
            copies[path] = Path(shutil.copy2(path, to))
    inside = source.folder is not None and changed.is_relative_to(source.folder)
    copy = to / changed.relative_to(source.folder) if inside and source.folder else copies[changed]
    copy.write_text(text, encoding="utf-8")
    return CharacterSource(
        to if source.folder else None,
        to / source.sheet.name if source.sheet else None,
        copies.get(source.file) if source.file else None,
    )


def domains_of(character: Character) -> frozenset[str]:
    """Return the domains that limit a character's lore; empty if it names none (F109)."""
    named = items(character.knowledge.get("rag_categories")) or ()
    return frozenset(name.strip().casefold() for name in named)


def frameworks_beside(characters: Path) -> Path:
    """Return the operator's frameworks folder: inside the characters folder, or next to it (F095)."""
    inside, beside = characters / FRAMEWORKS, characters.parent / BESIDE
    return beside if beside.is_dir() and not inside.is_dir() else inside


async def _laid_down(db: UnitOfWork, slug: str) -> tuple[list[IdentityLine], list[Milestone]]:
    return await db.characters.identity_lines(slug), await db.characters.milestones(slug)


def _identity(rows: Iterable[IdentityLine]) -> Identity:
    """Group identity lines by kind."""
    kinds: dict[str, list[str]] = {"trait": [], "lore": [], "fact": [], "quirk": []}
    for row in rows:
        kinds[row.kind].append(row.text)
    traits, lore, facts, quirks = map(tuple, kinds.values())
    return Identity(traits, lore, facts, quirks)


def _stages(reached: Iterable[Milestone]) -> tuple[list[EvolutionStage], list[str]]:
    """Return the growth stages in effect; a stage that no longer validates becomes a notice."""
    stages, notices = [], []
    for milestone in reached:
        if not milestone.changes or milestone.reverted_at is not None:
            continue
        try:
            stages.append(EvolutionStage(milestone=milestone.milestone, changes=milestone.changes))
        except ValidationError:
            notices.append(f"its stage {milestone.milestone} can't be read any more, and has no effect")
    return stages, notices


def _replace(path: Path, data: bytes) -> None:
    """Write a file atomically; skip the write if it would not change it."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(data)
    new.replace(path)


def library_of(loaded: Loaded) -> Library:
    """Build the library that the settings describe. Raises SettingsError if no character is configured."""
    settings = loaded.settings
    return Library(
        sources_of(
            characters=settings.characters_dir,
            character=settings.character,
            sheet=loaded.sheet,
            others=settings.active_personas if settings.use_persona_system else (),
            slug=loaded.playable.slug,
        ),
        characters=settings.characters_dir,
        frameworks=frameworks_beside(settings.characters_dir),
        compiled=settings.data_dir / "compiled",
        pictures=settings.data_dir / "avatars",
    )
