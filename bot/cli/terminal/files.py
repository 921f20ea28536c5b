"""Files that are shown in a terminal: with /show, or dropped into it, which writes their paths."""

import asyncio
import codecs
import os
import re
import shlex
from contextvars import ContextVar
from itertools import takewhile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bot.conversation.text.names import clean_name, clean_text
from bot.core.errors import Unperceived
from memory.attachments import Attachment, AttachmentKind, kind_of

MOST_FILES = 10
HOW_TO_SHOW = "Write /show and the path of a file behind it, in quotes if it has spaces, then words."
RECORDINGS = frozenset({".ogg", ".oga", ".opus", ".wav", ".mp3", ".m4a", ".flac"})
_BEGINNING = 1_024
fetched: ContextVar[Attachment | None] = ContextVar("fetched", default=None)
"""The file that was fetched last for what is under way."""
_LOOKS_LIKE_A_PATH = re.compile(r"\s*[\"']?(?:/|~/|file:///|[A-Za-z]:\\)")


class ShownFiles:
    """The files that were shown since the start, by the ids of their attachments."""

    def __init__(self) -> None:
        self._paths: dict[int, Path] = {}

    def add(self, path: Path, attachment_id: int) -> Attachment:
        """Return a file as an attachment; it is read when somebody answers.

        The id must be none of an earlier session: what was perceived is known by it.
        """
        self._paths[attachment_id] = path
        return Attachment(
            _kind(path),
            id=attachment_id,
            name=clean_name(path.name, "unnamed"),
            size=path.stat().st_size,
        )

    async def fetch(
        self, _channel_id: int, _message_id: int, attachment: Attachment, /, *, most: int
    ) -> bytes:
        """Return the bytes of a file; raise Unperceived where it is gone, or larger than `most`."""
        fetched.set(attachment)
        path = self._paths.get(attachment.id)
        if path is None:
            raise Unperceived("it was shown before the last start")
        try:
            return await asyncio.to_thread(_read, path, most)
        except OSError as error:
            raise Unperceived(f"it can't be read ({type(error).__name__})") from error


def _kind(path: Path) -> AttachmentKind:
    """Return what a file is by the ending of its name; where that says nothing, by how it begins."""
    if path.suffix.lower() in RECORDINGS:
        return AttachmentKind.VOICE
    kind = kind_of(path.name)
    return AttachmentKind.TEXT if kind is AttachmentKind.FILE and _begins_as_text(path) else kind


def _begins_as_text(path: Path) -> bool:
    """Say whether the first kB of a file is UTF-8 without control characters; a letter may be cut in two."""
    try:
        with path.open("rb") as file:
            text = codecs.getincrementaldecoder("utf-8")().decode(file.read(_BEGINNING))
    except (OSError, UnicodeDecodeError):
        return False
    return bool(text) and all(letter >= " " or letter in "\t\n\r\f" for letter in text)


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Unperceived("it is too large")
    return data


def files_in(line: str, *, named: bool = False) -> tuple[list[Path], str]:
    """Return the files that a line begins with, and the words behind them.

    What is typed is talk, unless it begins with a whole path, as terminals write it; where a file is to be
    `named`, one in the working folder will do.
    """
    if not (named or _LOOKS_LIKE_A_PATH.match(line)):
        return [], line
    pieces = _pieces(line)
    found = (_path(piece) for piece in pieces[:MOST_FILES])
    paths = list(takewhile(lambda path: (named or path.is_absolute()) and _is_file(path), found))
    return paths, " ".join(pieces[len(paths) :]) if paths else line


def why_none(line: str) -> str:
    """Say why what should begin with a file does not."""
    pieces = _pieces(line)
    if not pieces:
        return HOW_TO_SHOW
    path = _path(pieces[0])
    name = clean_text(str(path))
    try:
        if path.is_dir():
            return f"{name} is a folder. {HOW_TO_SHOW}"
        if path.exists():
            return f"{name} is no ordinary file. {HOW_TO_SHOW}"
    except (OSError, ValueError) as error:
        return f"{name} can't be read ({type(error).__name__}). {HOW_TO_SHOW}"
    return f"There is no file {name}. {HOW_TO_SHOW}"


def _pieces(line: str) -> list[str]:
    try:
        return shlex.split(line, posix=os.name != "nt")
    except ValueError:  # an apostrophe in words
        return line.split()


def _path(piece: str) -> Path:
    try:
        if piece.startswith("file://"):
            return Path(unquote(urlsplit(piece).path))
        return Path(piece).expanduser()
    except (ValueError, RuntimeError):  # no address, or nobody's home
        return Path(piece)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError, RuntimeError):
        return False
