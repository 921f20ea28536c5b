"""Search for the configured character: ./character.env, its own folder, or a single file."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.settings.envfile import ConfigurationNotice, Fault, read_env
from bot.settings.sources import SettingEntry, SettingsSource, character_sheet, did_you_mean
from personas.character import Character, CharacterError, character_from, character_of, slug_of
from personas.library import read_file, read_folder

SHEET_NAME = "character.env"
_KINDS = (".json", ".png", ".charx")
"""File types of characters; of several with one name, the first of these counts."""


@dataclass(frozen=True)
class BotIdentity:
    """The bot's character, and everything that prevents its use.

    `character_faults` concern the character's own words, `faults` the file or its folder; `keys` are the
    character's keys with a value.
    """

    character: Character | None = None
    character_faults: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()
    notices: tuple[ConfigurationNotice, ...] = ()
    keys: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()


def own_identity(sheet: SettingsSource, path: str) -> BotIdentity:
    """Return the character of ./character.env; none and no faults if it doesn't define any."""
    if not any(entry.says_something for entry in sheet.identity.values()):
        return BotIdentity()
    # The file was already read and listed.
    return replace(_identity(sheet, path, slug=""), files=(), faults=(), notices=())


def named_identity(folders: Path, asked: SettingEntry) -> BotIdentity:
    """Return the character in the folder or the file of that name, in any letter case.

    The name is compared with existing ones and never joined to a path.
    """
    name = asked.value.strip()
    if any(mark in name for mark in '/\\:\0"') or name.startswith("."):
        return BotIdentity(faults=(asked.fault("is a path", f"write a folder's name in {folders}"),))
    known = characters_in(folders)
    folder = find_character(known, name)
    if folder is None:
        return BotIdentity(faults=(_no_such_folder(folders, asked, list(known)),))
    path = folder / SHEET_NAME
    if not path.is_file():
        return _from_files(folder)
    sheet = character_sheet(read_env(path), borrowed=True)
    found = _identity(sheet, str(path), slug=slug_of(folder.name))
    return found if found.character or not strange_files(folder) else _from_files(folder, sheet)


def _from_files(folder: Path, sheet: SettingsSource | None = None) -> BotIdentity:
    """Return the character of a card or a sheet in its folder; character.env takes precedence."""
    said = [entry for entry in sheet.identity.values() if entry.says_something] if sheet else []
    alone = folder.is_file()
    contents = read_file(folder) if alone else read_folder(folder, {entry.key: entry.value for entry in said})
    path, within = str(folder), folder.parent if alone else folder
    notices = tuple(
        ConfigurationNotice(f"{within}/{notice.file}", None, notice.text, "") for notice in contents.notices
    )
    try:
        character = character_of(contents.fields, path)
    except CharacterError as error:
        faults = [
            Fault(f"{within}/{fault.file}", fault.line, fault.wrong, fault.mend) for fault in contents.faults
        ]
        if alone and faults:
            return BotIdentity(character_faults=tuple(faults))
        faults += [Fault(path, None, fault.wrong, fault.mend, fault.key) for fault in error.faults]
        return BotIdentity(character_faults=tuple(faults))
    return BotIdentity(
        character=character,
        faults=tuple(sheet.faults) if sheet else (),
        notices=notices,
        keys=frozenset(entry.key for entry in said),
        files=(path,),
    )


def character_folders(folders: Path) -> Mapping[str, Path]:
    """Return the character folders by name; names with a leading _ or . are excluded."""
    try:
        found = sorted(path for path in folders.iterdir() if path.is_dir())
    except OSError:
        return {}
    named = (path for path in found if not path.name.startswith(("_", ".")))
    return {path.name: path for path in named if (path / SHEET_NAME).is_file() or strange_files(path)}


def characters_in(folders: Path) -> Mapping[str, Path]:
    """Return all characters by name: the folders, then those that are one file each.

    A file's key is its name without the suffix, or with it if a folder has that name.
    """
    found: dict[str, Path] = dict(character_folders(folders))
    try:
        files = [path for path in folders.iterdir() if path.suffix.lower() in _KINDS and path.is_file()]
    except OSError:
        return found
    taken = {name.lower() for name in found}
    alone: dict[str, Path] = {}
    for path in sorted(files, key=lambda path: (path.stem, _KINDS.index(path.suffix.lower()))):
        if not path.name.startswith(("_", ".")):
            alone.setdefault(path.name if path.stem.lower() in taken else path.stem, path)
    return found | alone


def find_character(known: Mapping[str, Path], name: str) -> Path | None:
    """Return a character's path by its name in any letter case; the suffix `.json` is optional."""
    wanted = unicodedata.normalize("NFC", name.strip()).lower()
    for names in (
        {path.name: path for path in known.values()},
        known,
        {f"{key}.json": path for key, path in known.items()},
    ):
        for key, path in names.items():
            if unicodedata.normalize("NFC", key).lower() == wanted:
                return path
    return None


def strange_files(folder: Path) -> list[Path]:
    """Return the untrusted files of a character's folder: cards, sheets and lorebooks."""
    try:
        found = [*folder.iterdir(), *(folder / "lorebooks").glob("*")]
    except OSError:
        return []
    return sorted(path for path in found if _is_strange(path) and path.is_file())


def _is_strange(path: Path) -> bool:
    kind = path.suffix.lower()
    return kind in (".json", ".charx") or path.name.lower() == "card.png"


def _identity(sheet: SettingsSource, path: str, *, slug: str) -> BotIdentity:
    character: Character | None = None
    character_faults: tuple[Fault, ...] = ()
    # If the whole file can't be read, missing keys mean nothing.
    if not sheet.faults:
        character, character_faults = _character(sheet, path, slug)
    return BotIdentity(
        character=character,
        character_faults=character_faults,
        faults=tuple(sheet.faults),
        notices=tuple(sheet.notices),
        keys=frozenset(key for key, entry in sheet.identity.items() if entry.says_something),
        files=(path,),
    )


def _character(sheet: SettingsSource, path: str, slug: str) -> tuple[Character | None, tuple[Fault, ...]]:
    values = {key: entry.value for key, entry in sheet.identity.items()}
    try:
        return character_from(values, slug), ()
    except CharacterError as error:
        return None, tuple(
            Fault(path, _line(sheet, fault.key), fault.wrong, fault.mend, fault.key) for fault in error.faults
        )


def _line(sheet: SettingsSource, key: str) -> int | None:
    entry = sheet.identity.get(key)
    return entry.line if entry else None


def _no_such_folder(folders: Path, asked: SettingEntry, known: list[str]) -> Fault:
    name = asked.value.strip()
    shown = repr(name[:40])
    if not known:
        return asked.fault(f"names {shown}, and {folders} holds no characters", _MAKE_ONE)
    hint = did_you_mean(name.lower(), known)
    return asked.fault(f"names no character in {folders}: {shown}{hint}", f"known: {', '.join(known)}")


_MAKE_ONE = "see docs/characters.md, or set characters_dir"
