"""Reader of an older bot's file: a sandboxed process unpickles it, and its output is validated here."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field

from bot.cli.legacy import unpickling
from bot.cli.legacy.people import LegacyPerson, person_id, read_person
from bot.cli.legacy.unpickling import (
    LONGEST_NAME,
    MOST_BYTES,
    MOST_ENTRY,
    MOST_MEMORY,
    MOST_NAMES,
    most_written,
)
from bot.core.errors import ConfigurationError
from bot.core.sandbox import Unfinished, output_of

log = logging.getLogger(__name__)

DEADLINE = 10.0
"""Timeout in seconds for reading."""
_MEGABYTE = 1 << 20
_FAULTS = {
    "broken": "is no pickle, or not a whole one. An older bot calls its file user_info.pickle; copy it anew.",
    "code": "wants to run code or to reach outside{names}. An older bot's file never does: this one may have "
    "been made to take over the machine that reads it.",
    "foreign": "holds what no older bot writes{names}.",
    "shape": "is a pickle, but not an older bot's: it holds no dictionary of people.",
    "size": f"is larger than {MOST_BYTES // _MEGABYTE} MB.",
    "large": "stands for more than a file of its size can hold.",
    "deep": "is nested more deeply than an older bot's file ever is.",
    "memory": f"takes more than {MOST_MEMORY // _MEGABYTE} MB to read.",
    "time": "takes too long to read.",
    "died": "broke the process that was reading it.",
    "ours": "could not be read because of an error in Masquerade; the log says more.",
}


class RefusedFile(ConfigurationError):  # noqa: N818 - an answer, not a fault
    """The file can't be imported; `kind` is a code for the reason, the text a sentence."""

    def __init__(self, path: Path, kind: str, names: tuple[str, ...] = ()) -> None:
        listed = f" ({', '.join(_printable(name) for name in names)})" if names else ""
        super().__init__(f"{path} {_FAULTS[kind].format(names=listed)} Nothing was taken over.")
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Inheritance:
    """Contents of an older bot's file: the people, and counts of invalid entries.

    `as_of` is the file's modification time, an upper bound for the age of its contents.
    """

    people: tuple[LegacyPerson, ...]
    no_people: int
    unreadable: int
    as_of: datetime


class _End(BaseModel):
    """The last line of the reading process: success, or what it refused."""

    model_config = ConfigDict(strict=True, frozen=True)

    end: str = Field(max_length=20)
    names: list[str] = Field(default=[], max_length=MOST_NAMES)


def read(path: Path, *, name: str, deadline: float = DEADLINE) -> Inheritance:
    """Read the file at `path`; `name` is the character's, used as the label of its lines in histories.

    `deadline` is in seconds. Raises RefusedFile, or ConfigurationError when there is no file (faults D6).
    """
    try:
        if not path.is_file():
            raise ConfigurationError(
                f"There is no file {path}. Name an older bot's: python main.py import-legacy FILE"
            )
        about = path.stat()
        if about.st_size > MOST_BYTES:
            raise RefusedFile(path, "size")
        people, counts = _read_apart(path, most_written(about.st_size), name=name, deadline=deadline)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error
    as_of = datetime.fromtimestamp(about.st_mtime, UTC)
    return Inheritance(tuple(people.values()), counts["no people"], counts["unreadable"], as_of)


def _read_apart(
    path: Path, room: int, *, name: str, deadline: float
) -> tuple[dict[int, LegacyPerson], Counter[str]]:
    """Return what the reading process found in the file. Raises RefusedFile if the process failed."""
    try:
        with (
            path.open("rb") as file,
            output_of(unpickling.__file__, (), file=file, deadline=deadline) as output,
        ):
            return _checked(path, _lines(path, output, room), name)
    except Unfinished as cut:
        if cut.fault:
            log.error("An older bot's file could not be read: %s", cut.fault)  # noqa: TRY400 - see there
        raise RefusedFile(path, "time" if cut.late else "ours" if cut.fault else "died") from cut


def _lines(path: Path, output: IO[bytes], room: int) -> Iterator[list[Any]]:
    """Yield key and entry of each line, ending with the success line."""
    while line := output.readline(MOST_ENTRY + 2):
        room -= len(line)
        if room < 0 or len(line) > MOST_ENTRY + 1:
            raise RefusedFile(path, "large")
        try:
            read = json.loads(line.decode("utf-8", "surrogatepass"))
            if isinstance(read, list) and len(read) == 2:
                yield read
                continue
            end = _End.model_validate(read)
        except (ValueError, RecursionError) as error:
            raise Unfinished from error
        if end.end == "done":
            return
        raise RefusedFile(path, end.end if end.end in _FAULTS else "died", tuple(end.names))
    raise Unfinished


def _checked(
    path: Path, entries: Iterator[list[Any]], name: str
) -> tuple[dict[int, LegacyPerson], Counter[str]]:
    people: dict[int, LegacyPerson] = {}
    counts = Counter[str]()
    for key, entry in entries:
        user_id = person_id(key)
        if user_id is None:
            counts["no people"] += 1
        elif not isinstance(entry, dict) or user_id in people:
            counts["unreadable"] += 1
        else:
            people[user_id] = read_person(user_id, entry, name=name)
    if not people:
        raise RefusedFile(path, "shape")
    return people, counts


def _printable(name: str) -> str:
    """Return a name from the file in printable ASCII: it may contain anything."""
    return "".join(
        letter if letter.isascii() and letter.isprintable() else "?" for letter in name[:LONGEST_NAME]
    )
