"""Finding the character that the settings name: ./character.env, or a folder of characters."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.settings.envfile import Fault, Notice, read_env
from bot.settings.sources import Entry, Sheet, character_sheet, did_you_mean
from personas.character import Character, CharacterError, character_from, character_of, slug_of
from personas.library import read_folder

SHEET_NAME = "character.env"


@dataclass(frozen=True)
class Identity:
    """Who the bot is to play, and everything that stands in the way of it.

    `character_faults` are about the character's own words, `faults` about the file or its folder;
    `keys` are those of the character that say something.
    """

    character: Character | None = None
    character_faults: tuple[Fault, ...] = ()
    faults: tuple[Fault, ...] = ()
    notices: tuple[Notice, ...] = ()
    keys: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()


def own_identity(sheet: Sheet, path: str) -> Identity:
    """Return the character of ./character.env; none and no faults if it says nothing of one."""
    if not any(entry.says_something for entry in sheet.identity.values()):
        return Identity()
    # The file is among those read already.
    return replace(_identity(sheet, path, slug=""), files=(), faults=(), notices=())


def named_identity(folders: Path, asked: Entry) -> Identity:
    """Return the character in the folder of that name, in any letter case.

    The name is looked up among the folders that are there and never joined to a path.
    """
    name = asked.value.strip()
    if any(mark in name for mark in '/\\:\0"') or name.startswith("."):
        return Identity(faults=(asked.fault("is a path", f"write a folder's name in {folders}"),))
    known = character_folders(folders)
    folder = next((path for key, path in known.items() if key.lower() == name.lower()), None)
    if folder is None:
        return Identity(faults=(_no_such_folder(folders, asked, list(known)),))
    path = folder / SHEET_NAME
    if not path.is_file():
        return _from_files(folder)
    sheet = character_sheet(read_env(path), borrowed=True)
    found = _identity(sheet, str(path), slug=slug_of(folder.name))
    return found if found.character or not strange_files(folder) else _from_files(folder, sheet)


def _from_files(folder: Path, sheet: Sheet | None = None) -> Identity:
    """Return the character that a card or a sheet in its folder makes, under what character.env says."""
    said = [entry for entry in sheet.identity.values() if entry.says_something] if sheet else []
    contents = read_folder(folder, {entry.key: entry.value for entry in said})
    path = str(folder)
    notices = tuple(Notice(f"{path}/{one.file}", None, one.text, "") for one in contents.notices)
    try:
        character = character_of(contents.fields, path)
    except CharacterError as error:
        faults = [Fault(f"{path}/{one.file}", one.line, one.wrong, one.mend) for one in contents.faults]
        faults += [Fault(path, None, one.wrong, one.mend, one.key) for one in error.faults]
        return Identity(character_faults=tuple(faults))
    return Identity(
        character=character,
        faults=tuple(sheet.faults) if sheet else (),
        notices=notices,
        keys=frozenset(entry.key for entry in said),
        files=(path,),
    )


def character_folders(folders: Path) -> Mapping[str, Path]:
    """Return the character folders by name; a folder with a leading _ or . is not one."""
    try:
        found = sorted(path for path in folders.iterdir() if path.is_dir())
    except OSError:
        return {}
    named = (path for path in found if not path.name.startswith(("_", ".")))
    return {path.name: path for path in named if (path / SHEET_NAME).is_file() or strange_files(path)}


def strange_files(folder: Path) -> list[Path]:
    """Return the files of a character's folder that may come from anybody: cards, sheets and lorebooks."""
    try:
        here = [*folder.iterdir(), *(folder / "lorebooks").glob("*")]
    except OSError:
        return []
    return sorted(path for path in here if _is_strange(path) and path.is_file())


def _is_strange(path: Path) -> bool:
    kind = path.suffix.lower()
    return kind in (".json", ".charx") or path.name.lower() == "card.png"


def _identity(sheet: Sheet, path: str, *, slug: str) -> Identity:
    character: Character | None = None
    character_faults: tuple[Fault, ...] = ()
    # Of a file that can't be read as a whole, what is missing in the rest says nothing.
    if not sheet.faults:
        character, character_faults = _character(sheet, path, slug)
    return Identity(
        character=character,
        character_faults=character_faults,
        faults=tuple(sheet.faults),
        notices=tuple(sheet.notices),
        keys=frozenset(key for key, entry in sheet.identity.items() if entry.says_something),
        files=(path,),
    )


def _character(sheet: Sheet, path: str, slug: str) -> tuple[Character | None, tuple[Fault, ...]]:
    values = {key: entry.value for key, entry in sheet.identity.items()}
    try:
        return character_from(values, slug), ()
    except CharacterError as error:
        return None, tuple(
            Fault(path, _line(sheet, fault.key), fault.wrong, fault.mend, fault.key) for fault in error.faults
        )


def _line(sheet: Sheet, key: str) -> int | None:
    entry = sheet.identity.get(key)
    return entry.line if entry else None


def _no_such_folder(folders: Path, asked: Entry, known: list[str]) -> Fault:
    name = asked.value.strip()
    shown = repr(name[:40])
    if not known:
        return asked.fault(f"names {shown}, and {folders} holds no characters", _MAKE_ONE)
    hint = did_you_mean(name.lower(), known)
    return asked.fault(f"names no folder in {folders}: {shown}{hint}", f"known: {', '.join(known)}")


_MAKE_ONE = "see docs/characters.md, or set characters_dir"
