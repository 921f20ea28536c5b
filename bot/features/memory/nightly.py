"""Daily schedule of fact extraction: once a day, however often it is attempted (F074, C54)."""

import logging
from datetime import date

from bot.core.clock import Clock
from bot.jobs.timetable import Daily
from database import Database
from memory.learn import PLACES_AT_ONCE, Consolidation

log = logging.getLogger(__name__)

DRAWN = "consolidated through by"


class NightlyConsolidation:
    """Runs each character's consolidation once a day, from a given hour (UTC) on."""

    def __init__(self, database: Database, consolidation: Consolidation, clock: Clock, hour: int) -> None:
        self._database = database
        self._consolidation = consolidation
        self._clock = clock
        self._daily = Daily(hour)

    async def run_due(self, character: str) -> bool:
        """Run today's consolidation if it is due (faults B11, B12); return whether it ran and finished.

        Days are stored as UTC dates, so neither a clock change nor a restart causes a second run, and missed
        days are made up for at once. A failed run is retried an hour later.
        """
        key, now = f"{DRAWN} {character}", self._clock.now()
        async with self._database.read() as db:
            done = await db.states.get(key)
        if not self._daily.is_due(date.fromisoformat(done) if done else None, now):
            return False
        if (await self._consolidation.run(character, progress=_logged)).left:
            return False
        async with self._database.begin() as db:
            await db.states.set(key, self._daily.day(now).isoformat())
        return True


def _logged(done: int, places: int) -> None:
    if places > PLACES_AT_ONCE:
        log.info("Drew facts from %d of %d places", done, places)
