"""Dumps of a person's memories before each change (F071); the bot never reads them back into memory."""

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
    """A folder of dumps: each is a pickle in the older program's format and the same content as JSON."""

    folder: Path

    def write(self, person_id: int, entries: Sequence[Mapping[str, Any]], *, at: datetime) -> Path:
        """Write a person's memories to files that only our account may read; return the pickle's path.

        An entry has `id`, `number` and `text`. Raises OSError if the disk is full or access is denied.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        words = [dict(entry) for entry in entries]
        listed = "\n".join(f"{entry['number']}. {entry['text']}" for entry in words)
        stem = f"{person_id}_core_memories_{int(at.timestamp())}"
        path = self._write_json(stem, json.dumps(words, ensure_ascii=False, indent=1).encode())
        _write(path.with_suffix(".pickle"), pickle.dumps(listed))
        return path.with_suffix(".pickle")

    def forget(self, memory_ids: Collection[int]) -> int:
        """Delete the dumps that contain any of the memories; return the number of deleted files.

        A dump with unreadable JSON is deleted too, because its content is unknown.
        """
        gone = 0
        for path in list(self._files()):
            if path.suffix == ".json" and _holds(path, memory_ids):
                for file in (path, path.with_suffix(".pickle")):
                    gone += file.is_file()
                    file.unlink(missing_ok=True)
        for path in list(self._files()):
            if path.suffix == ".pickle" and not path.with_suffix(".json").is_file():
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def forget_people(self, person_ids: Collection[int]) -> int:
        """Delete all dumps about these people, by the ids in the file names; return the number."""
        dumps = [path for path in self._files() if int(path.name.partition("_")[0]) in person_ids]
        for path in dumps:
            path.unlink(missing_ok=True)
        return len(dumps)

    def _files(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (path for path in self.folder.iterdir() if _NAME.fullmatch(path.name))

    def _write_json(self, stem: str, content: bytes) -> Path:
        """Write the JSON under an unused name: two changes may fall into the same second."""
        for attempt in count(1):
            path = self.folder / (f"{stem}.json" if attempt == 1 else f"{stem}-{attempt}.json")
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


# Snapshots of memories before a change, and writing them to dumps.

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Before:
    """A person's memories before a change."""

    person_id: int
    entries: tuple[Mapping[str, Any], ...]


def before(person_id: int, known: Sequence[Fact]) -> Before:
    """Return memories as plain values that later changes don't affect."""
    return Before(
        person_id,
        tuple(
            {"id": memory.id, "number": memory.number, "text": memory.text, "scope": memory.scope}
            for memory in known
        ),
    )


class Snapshots:
    """Writes snapshots to dumps; a failed write does not stop the change."""

    def __init__(self, database: Database, dumps: Dumps, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._dumps = dumps
        self._now = now

    async def write(self, character: str, snapshots: Iterable[Before]) -> None:
        for snapshot in snapshots:
            try:
                await asyncio.to_thread(
                    self._dumps.write, snapshot.person_id, snapshot.entries, at=self._now()
                )
                # Memories forgotten during the write must not stay in the dump.
                if gone := await self._forgotten(character, snapshot):
                    await asyncio.to_thread(self._dumps.forget, gone)
            except (OSError, DatabaseError) as error:
                told = error.strerror if isinstance(error, OSError) else error
                log.warning("No dump of core memory could be written: %s", told)

    async def _forgotten(self, character: str, snapshot: Before) -> set[int]:
        """Return the ids of memories whose text in the snapshot no longer exists anywhere."""
        async with self._database.read() as db:
            known = await db.memories.of(snapshot.person_id, character)
            changes = await db.memories.since(snapshot.person_id, character, 0)
        words = {(fact.id, fact.text) for fact in known}
        for change in changes:
            words |= {
                (change.memory_id, values["text"]) for values in (change.before, change.after) if values
            }
        return {entry["id"] for entry in snapshot.entries if (entry["id"], entry["text"]) not in words}
