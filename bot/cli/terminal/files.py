"""Files shown in a terminal, with /show or by drag and drop, which inserts their paths."""

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
"""The file fetched last in the current task."""
_LOOKS_LIKE_A_PATH = re.compile(r"\s*[\"']?(?:/|~/|file:///|[A-Za-z]:\\)")


class ShownFiles:
    """The files shown since the start, by attachment id."""

    def __init__(self) -> None:
        self._paths: dict[int, Path] = {}

    def add(self, path: Path, attachment_id: int) -> Attachment:
        """Return a file as an attachment; it is read when a character answers.

        The id must not occur in an earlier session, because perceptions are cached under it.
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
        """Return the bytes of a file. Raises Unperceived if it is gone or larger than `most`."""
        fetched.set(attachment)
        path = self._paths.get(attachment.id)
        if path is None:
            raise Unperceived("it was shown before the last start")
        try:
            return await asyncio.to_thread(_read, path, most)
        except OSError as error:
            raise Unperceived(f"it can't be read ({type(error).__name__})") from error


def _kind(path: Path) -> AttachmentKind:
    """Return the kind of a file by its extension, otherwise by its first bytes."""
    if path.suffix.lower() in RECORDINGS:
        return AttachmentKind.VOICE
    kind = kind_of(path.name)
    return AttachmentKind.TEXT if kind is AttachmentKind.FILE and _begins_as_text(path) else kind


def _begins_as_text(path: Path) -> bool:
    """Return whether a file's first kB is UTF-8 without control characters; the last one may be cut off."""
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
    """Return the files at the start of a line, and the remaining words.

    Typed text is talk, unless it starts with an absolute path as terminals insert it; if a file is to be
    `named`, relative paths are accepted too.
    """
    if not (named or _LOOKS_LIKE_A_PATH.match(line)):
        return [], line
    pieces = _pieces(line)
    found = (_path(piece) for piece in pieces[:MOST_FILES])
    paths = list(takewhile(lambda path: (named or path.is_absolute()) and _is_file(path), found))
    return paths, " ".join(pieces[len(paths) :]) if paths else line


def why_none(line: str) -> str:
    """Explain why a line that should start with a file does not."""
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
    except ValueError:  # an apostrophe, not a quote
        return line.split()


def _path(piece: str) -> Path:
    try:
        if piece.startswith("file://"):
            return Path(unquote(urlsplit(piece).path))
        return Path(piece).expanduser()
    except (ValueError, RuntimeError):  # an invalid URL, or an unknown home folder
        return Path(piece)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError, RuntimeError):
        return False
