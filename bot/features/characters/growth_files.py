"""Growth of each character, as files for people to read (F104); the database is authoritative."""

import asyncio
import json
import logging
from pathlib import Path

from bot.core.tasks import Tasks
from database import Database, DatabaseError

log = logging.getLogger(__name__)


class GrowthFiles:
    """Writes the growth file of a character after it has answered."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._tasks = Tasks()

    def begin(self, slug: str) -> None:
        """Write a character's growth file in the background."""
        self._tasks.spawn(self.write(slug), name="Writing a growth file")

    async def write(self, slug: str) -> None:
        """Write a character's growth file."""
        try:
            async with self._database.read() as db:
                times = await db.characters.interactions(slug)
                reached = await db.characters.milestones(slug)
        except DatabaseError as error:
            log.warning("How far %s has grown can't be read: %s", slug, error)
            return
        stages = [
            {
                "milestone": milestone.milestone,
                "at": milestone.at.isoformat(),
                "changes": milestone.changes,
                "reverted_at": milestone.reverted_at and milestone.reverted_at.isoformat(),
            }
            for milestone in reached
        ]
        text = json.dumps({"character": slug, "interactions": times, "stages": stages}, indent=2)
        try:
            await asyncio.to_thread(_write, self._folder / f"{slug}.json", text)
        except OSError as error:
            log.warning("How far %s has grown can't be written down: %s", slug, error.strerror)

    async def close(self) -> None:
        """Wait for pending writes."""
        await self._tasks.wait()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(path)
