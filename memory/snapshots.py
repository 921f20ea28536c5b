"""What was known of somebody before a change, and its way into a file (F071)."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from database import Database, DatabaseError
from database.models import Fact
from memory.dumps import Dumps

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
