"""How far each character has grown, as files for people to look at (F104): the database is what counts."""

import asyncio
import json
import logging
from pathlib import Path

from bot.core.tasks import Tasks
from database import Database, DatabaseError

log = logging.getLogger(__name__)


class GrowthFiles:
    """Writes a file for each character that has answered some more."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._tasks = Tasks()

    def begin(self, slug: str) -> None:
        """Write a character's file in the background."""
        self._tasks.spawn(self.write(slug), name="Writing a growth file")

    async def write(self, slug: str) -> None:
        """Write a character's file anew."""
        try:
            async with self._database.read() as db:
                times = await db.characters.interactions(slug)
                reached = await db.characters.milestones(slug)
        except DatabaseError as error:
            log.warning("How far %s has grown can't be read: %s", slug, error)
            return
        stages = [
            {
                "milestone": one.milestone,
                "at": one.at.isoformat(),
                "changes": one.changes,
                "reverted_at": one.reverted_at and one.reverted_at.isoformat(),
            }
            for one in reached
        ]
        text = json.dumps({"character": slug, "interactions": times, "stages": stages}, indent=2)
        try:
            await asyncio.to_thread(_write, self._folder / f"{slug}.json", text)
        except OSError as error:
            log.warning("How far %s has grown can't be written down: %s", slug, error.strerror)

    async def close(self) -> None:
        """Wait for what is being written."""
        await self._tasks.wait()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(path)
