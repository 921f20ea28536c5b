"""Contents of a character's folder: card, sheet, lorebooks, prompts and picture, each read separately."""

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from personas.cards import Card, CardError, card_from, read_card
from personas.cards.charx import MOST_BYTES as MOST_CHARX
from personas.cards.images import MOST_PICTURE, AvatarPicture, picture_of
from personas.cards.json_text import MOST_TEXT, read_json
from personas.cards.reading_and_writing import MOST_BYTES
from personas.cards.versions import is_card
from personas.character import IDENTITY_KEYS
from personas.character_rules import LONGEST_TEXT, slug_of
from personas.sheets import SheetContents, cast_whole, is_sheet, read_sheet

MOST_FILES = 500
"""Maximum number of files read from a folder, in order of name."""
CARDS = ("card.png", "card.json", "card.charx")
PICTURES = ("avatar.png", "avatar.jpg", "avatar.jpeg", "avatar.webp", "avatar.gif")
_FIRST = ("character.json", "lorebook.json")


@dataclass(frozen=True)
class FolderFault:
    """A fault in a file: `file` is its path within the folder, `line` counts from 1 if there is one."""

    file: str
    wrong: str
    mend: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.wrong}; {self.mend}"


@dataclass(frozen=True)
class FolderNotice:
    """A notice to the operator about a file in use."""

    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


@dataclass(frozen=True)
class Book:
    """A lorebook's unparsed data; a lorebook from a card has the card's name."""

    file: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class FolderContents:
    """Everything in a character's folder.

    `fields` are those of Character; the env file overrides the sheet, and the sheet the card. The avatar is a
    path inside the folder or bytes that have no file of their own; it is None if the fields have an https
    address. `card` is the card's file; `kept` are a sheet's unused values.
    """

    fields: Mapping[str, Any]
    books: tuple[Book, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    avatar: Path | AvatarPicture | None = None
    notices: tuple[FolderNotice, ...] = ()
    faults: tuple[FolderFault, ...] = ()
    card: Path | None = None
    kept: Mapping[str, Any] = field(default_factory=dict)


def read_folder(folder: Path, env: Mapping[str, str]) -> FolderContents:
    """Return the contents of a character's folder; `env` are the values of its character.env.

    Never raises because of a file's content: each fault names its file and hides no other (F095, F107, C31).
    """
    reading = _Reading(folder)
    reading.read()
    said = {key.lower(): text for key, text in env.items() if text.strip()}
    fields = {name: said[key] for key, name in IDENTITY_KEYS.items() if key in said}
    return reading.contents(slug_of(folder.name), fields)


def read_file(path: Path) -> FolderContents:
    """Return a character that is a single file, a card or a sheet, among others' files (F097, F108).

    Never raises because of the file's content.
    """
    reading = _Reading(path.parent)
    reading.read_alone(path)
    return reading.contents(slug_of(path.stem), {})


class _Reading:
    """A folder while it is being read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder.resolve()
        self.card: dict[str, Any] = {}
        self.sheet: dict[str, Any] = {}
        self.books: list[Book] = []
        self.prompts: dict[str, str] = {}
        self.notices: list[FolderNotice] = []
        self.faults: list[FolderFault] = []
        self._card_file: Path | None = None
        self._kept: dict[str, Any] = {}
        self._pictures: list[Path | AvatarPicture] = []
        self._inside: list[AvatarPicture] = []

    def read(self) -> None:
        for path in self._files("."):
            self._look_at(path)
        for path in self._files("lorebooks"):
            if path.suffix.lower() == ".json":
                self._guarded(path, self._json)
        for path in self._files("prompts"):
            if path.suffix.lower() == ".md":
                self._guarded(path, self._prompt)

    def read_alone(self, path: Path) -> None:
        """Read one file of the folder, and no other."""
        if self._checked(path):
            self._guarded(path, self._json if path.suffix.lower() == ".json" else self._card)
        else:
            self._fault(path, "is no file that can be read", "put the file itself there")
        if not (self.card or self.sheet or self.faults):
            self._fault(path, "makes no character", "use a character card or a character sheet")

    def contents(self, slug: str, said: Mapping[str, Any]) -> FolderContents:
        """Return the contents read; values in `said` override them."""
        merged = {"slug": slug, **self.card, **self.sheet, **said}
        avatar = self._avatar(str(merged.get("avatar", "")))
        return FolderContents(
            merged,
            tuple(self.books),
            self.prompts,
            avatar,
            tuple(self.notices),
            tuple(self.faults),
            self._card_file,
            self._kept,
        )

    def _avatar(self, named: str) -> Path | AvatarPicture | None:
        """Return the picture: the named file, else avatar.png, else that of a sheet or card."""
        if named.startswith("https://"):
            return None
        if not named:
            return next(iter([*self._pictures, *self._inside]), None)
        path = self._folder / named
        held = len(self._pictures)
        if self._checked(path):
            self._guarded(path, self._picture)
        if len(self._pictures) > held:
            return path
        mend = "name a PNG, JPEG, GIF or WebP in this folder, or an https address"
        self.faults.append(FolderFault(named[:255], "is named as the avatar and is no picture here", mend))
        return next(iter([*self._pictures, *self._inside]), None)

    def _files(self, name: str) -> Iterator[Path]:
        """Yield a folder's files without hidden ones; cards and standard names first."""
        folder = self._folder / name
        try:
            if not folder.resolve().is_relative_to(self._root):
                raise NotADirectoryError
            found = sorted(folder.iterdir(), key=_rank)
        except (OSError, RuntimeError):
            return
        seen = [path for path in found if not path.name.startswith(".")]
        if len(seen) > MOST_FILES:
            self._note(folder, f"holds over {MOST_FILES} files; the others were not looked at")
        yield from (path for path in seen[:MOST_FILES] if not path.is_dir() and self._checked(path))

    def _checked(self, path: Path) -> bool:
        """Return whether a path is a file inside this folder; report one that leads out of it."""
        try:
            inside = path.resolve().is_relative_to(self._root)
            ordinary = stat.S_ISREG(path.stat().st_mode)
        except (OSError, ValueError, RuntimeError):
            return False
        if not inside:
            self._fault(path, "leads out of the character's folder", "put the file itself there")
        return inside and ordinary

    def _look_at(self, path: Path) -> None:
        name = path.name.lower()
        if name in PICTURES:
            self._guarded(path, self._picture)
        elif name == "card.png" or path.suffix.lower() == ".charx":
            self._guarded(path, self._card)
        elif path.suffix.lower() == ".json":
            self._guarded(path, self._json)

    def _guarded(self, path: Path, step: Callable[[Path], None]) -> None:
        try:
            step(path)
        except CardError as error:
            self._fault(path, error.wrong, error.mend, error.line)
        except OSError as error:
            reason = error.strerror or "no reason given"
            self._fault(path, f"can't be read ({reason})", "check that this user may read it")

    def _card(self, path: Path) -> None:
        self._take_card(path, read_card(self._bytes(path, max(MOST_BYTES, MOST_CHARX))))

    def _take_card(self, path: Path, card: Card) -> None:
        if self.card:
            self._note(path, "is one card more; the first one counts")
            return
        made = cast_whole(card)
        self.card, self._card_file = made.fields, path
        for text in card.notices:
            self._note(path, text)
        if card.character_book:
            self.books.append(Book(self._name(path), card.character_book))
        self._take(path, made)
        if made.avatar:
            self._inside.append(made.avatar)

    def _json(self, path: Path) -> None:
        """Read a JSON file as a card, a sheet or a lorebook, depending on its content."""
        value, notices = read_json(self._bytes(path, MOST_TEXT))
        for text in notices:
            self._note(path, text)
        if is_sheet(value):
            self._take_sheet(path, value)
        elif is_card(value):
            self._take_card(path, card_from(value))
        elif is_book(value):
            self.books.append(Book(self._name(path), value))
        else:
            self._note(path, "is no card, no character sheet and no lorebook; it is not used")

    def _take_sheet(self, path: Path, value: Mapping[str, Any]) -> None:
        if self.sheet:
            self._note(path, "is one sheet more; the first one counts")
            return
        sheet = read_sheet(value)
        self.sheet, self._kept = sheet.fields, dict(sheet.kept)
        for book in sheet.books:  # cards have no other field for it
            self._kept["embedded_lorebook"] = book
        self._take(path, sheet)
        for text in sheet.faults:
            wrong, _, mend = text.partition("; ")
            self._fault(path, wrong, mend)
        if sheet.avatar:
            self._inside.insert(0, sheet.avatar)

    def _take(self, path: Path, made: SheetContents) -> None:
        self.books += (Book(f"{self._name(path)}/embedded_lorebook", book) for book in made.books)
        for text in (*made.notices, *made.kept_notice):
            self._note(path, text)

    def _prompt(self, path: Path) -> None:
        data = self._bytes(path, LONGEST_TEXT)
        try:
            self.prompts[path.stem] = data.decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise CardError("is no UTF-8 text", "save it as UTF-8", line=line) from error

    def _picture(self, path: Path) -> None:
        if picture_of(self._bytes(path, MOST_PICTURE)) is None:
            raise CardError("is no picture that Discord takes", "use a PNG, JPEG, GIF or WebP")
        self._pictures.append(path)

    def _bytes(self, path: Path, most: int) -> bytes:
        with path.open("rb") as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise CardError(f"has over {most:,} bytes", "use a smaller file")
        return data

    def _name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix() if path.is_relative_to(self._folder) else path.name

    def _note(self, path: Path, text: str) -> None:
        self.notices.append(FolderNotice(self._name(path), text))

    def _fault(self, path: Path, wrong: str, mend: str, line: int | None = None) -> None:
        self.faults.append(FolderFault(self._name(path), wrong, mend, line))


def is_book(value: object) -> bool:
    """Return whether a JSON value is a lorebook: V3, from a card, or a world file."""
    if not isinstance(value, dict):
        return False
    book = value.get("data") if value.get("spec") == "lorebook_v3" else value
    return isinstance(book, dict) and isinstance(book.get("entries"), list | dict)


def _rank(path: Path) -> tuple[int, str]:
    name = path.name.lower()
    order = (*CARDS, *_FIRST, *PICTURES)
    return (order.index(name) if name in order else len(order), path.name)
