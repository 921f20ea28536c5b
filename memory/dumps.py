"""Files of what was known of somebody before it changed (F071): written, and never read into the bot."""

import asyncio
import json
import logging
import os
import pickle
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from database import Database, DatabaseError
from database.models import Fact

_NAME = re.compile(r"\d+_core_memories_\d+(?:-\d+)?\.(?:json|pickle)")


@dataclass(frozen=True, slots=True)
class Dumps:
    """A folder of dumps: a pickle as the older program wrote it, and the same as JSON beside it."""

    folder: Path

    def write(self, person_id: int, entries: Sequence[Mapping[str, Any]], *, at: datetime) -> Path:
        """Write what is known of a person; only our own account may read it. Return the pickle.

        An entry has its `id`, `number` and `text`. Raises OSError when there is no room, or no right to.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        words = [dict(entry) for entry in entries]
        listed = "\n".join(f"{one['number']}. {one['text']}" for one in words)
        stem = f"{person_id}_core_memories_{int(at.timestamp())}"
        path = self._write_json(stem, json.dumps(words, ensure_ascii=False, indent=1).encode())
        _write(path.with_suffix(".pickle"), pickle.dumps(listed))
        return path.with_suffix(".pickle")

    def forget(self, memory_ids: Collection[int]) -> int:
        """Delete the dumps that hold any of some memories; return how many files went.

        Of a dump whose JSON can't be read nobody knows what it holds: it goes, too.
        """
        gone = 0
        for path in list(self._files()):
            if path.suffix == ".json" and _holds(path, memory_ids):
                for one in (path, path.with_suffix(".pickle")):
                    gone += one.is_file()
                    one.unlink(missing_ok=True)
        for path in list(self._files()):
            if path.suffix == ".pickle" and not path.with_suffix(".json").is_file():
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def forget_people(self, person_ids: Collection[int]) -> int:
        """Delete every dump about some people: their ids stand in the names. Return how many files went."""
        theirs = [path for path in self._files() if int(path.name.partition("_")[0]) in person_ids]
        for path in theirs:
            path.unlink(missing_ok=True)
        return len(theirs)

    def _files(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def _write_json(self, stem: str, content: bytes) -> Path:
        """Write the JSON under a name that no dump has yet: two changes may fall into one second."""
        for again in count(1):
            path = self.folder / (f"{stem}.json" if again == 1 else f"{stem}-{again}.json")
            with suppress(FileExistsError):
                _write(path, content)
                return path
        raise AssertionError("there is always another number")


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _holds(path: Path, memory_ids: Collection[int]) -> bool:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return any(entry["id"] in memory_ids for entry in entries)
    except (ValueError, TypeError, KeyError, OSError):
        return True


# What was known of somebody before a change, and its way into a file.

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Before:
    """What was known of somebody before a change."""

    person_id: int
    entries: tuple[Mapping[str, Any], ...]


def before(person_id: int, known: Sequence[Fact]) -> Before:
    """Return memories as plain values, which no later change touches."""
    return Before(
        person_id,
        tuple({"id": one.id, "number": one.number, "text": one.text, "scope": one.scope} for one in known),
    )


class Snapshots:
    """Writes what was known of somebody into files; that it can't be written stops no change."""

    def __init__(self, database: Database, dumps: Dumps, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._dumps = dumps
        self._now = now

    async def write(self, character: str, snapshots: Iterable[Before]) -> None:
        for one in snapshots:
            try:
                await asyncio.to_thread(self._dumps.write, one.person_id, one.entries, at=self._now())
                # What was forgotten while that was written must not stay in it.
                if gone := await self._forgotten(character, one):
                    await asyncio.to_thread(self._dumps.forget, gone)
            except (OSError, DatabaseError) as error:
                told = error.strerror if isinstance(error, OSError) else error
                log.warning("No dump of core memory could be written: %s", told)

    async def _forgotten(self, character: str, snapshot: Before) -> set[int]:
        """Return the memories whose words of that time are nowhere any more."""
        async with self._database.read() as db:
            known = await db.memories.of(snapshot.person_id, character)
            changes = await db.memories.since(snapshot.person_id, character, 0)
        words = {(one.id, one.text) for one in known}
        for change in changes:
            words |= {(change.memory_id, one["text"]) for one in (change.before, change.after) if one}
        return {one["id"] for one in snapshot.entries if (one["id"], one["text"]) not in words}
