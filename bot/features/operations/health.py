"""Health of the program: checked on each tick, cached for readers, and written to a file for Docker."""

import asyncio
import logging
import shutil
from dataclasses import replace
from datetime import timedelta

from bot.conversation.outbox import PLACES
from bot.conversation.queue import Rooms
from bot.core.clock import Clock
from bot.core.stalls import LoopWatch
from bot.features.operations.alerts import Alerts
from bot.features.operations.heartbeat import READY, STALE_TICKS, write_heartbeat
from bot.features.operations.vitals import Link, Vitals
from bot.jobs.schedule import Schedule
from bot.llm.breaker import MEND, Breaker
from bot.settings import Settings
from database import Database, DatabaseError, DatabaseTaken

STARTING = "It is still starting."
log = logging.getLogger(__name__)

LOOKED_BACK = timedelta(minutes=15)
"""Period over which model calls are counted."""


class Health:
    """Checks everything on a tick and caches the result, so that reading it costs nothing."""

    def __init__(
        self,
        *,
        database: Database,
        rooms: Rooms,
        schedule: Schedule,
        clock: Clock,
        alerts: Alerts,
        breaker: Breaker,
        settings: Settings,
    ) -> None:
        self.loop = LoopWatch()
        self.alerts = alerts
        self._last: Vitals | None = None
        self._breaker = breaker
        self._database = database
        self._rooms = rooms
        self._schedule = schedule
        self._clock = clock
        self._data_dir = settings.data_dir
        self._stale_after = STALE_TICKS * settings.heartbeat_seconds
        self._taken = False
        self._since = self._looked = clock.monotonic()

    @property
    def last(self) -> Vitals | None:
        """The latest vitals; a lockout by the model's server shows before the next tick."""
        return replace(self._last, lockout=self._breaker.lockout) if self._last else None

    async def tick(self, link: Link) -> Vitals:
        """Check everything, raise alerts, and write the heartbeat."""
        vitals = self._last = await self._look(link)
        self._looked = self._clock.monotonic()
        self.alerts.judge(vitals)
        try:
            await asyncio.to_thread(write_heartbeat, self._data_dir, self.fault() or READY)
        except OSError as error:
            log.warning("The heartbeat can't be written: %s", error.strerror)
        return vitals

    def fault(self) -> str:
        """Return in a sentence why the program is not ready; "" if it is (for /healthz)."""
        if self._clock.monotonic() - self._looked > self._stale_after:
            return "Nobody looked for too long: the event loop or its jobs hang."
        if self._last is None:
            return STARTING
        if not self._last.readable:
            return "The database can't be read."
        if not self._last.link.ready:
            return "Discord is not connected."
        lockout = self._breaker.lockout
        return f"{lockout} {MEND[lockout.what]}" if lockout else ""

    async def _look(self, link: Link) -> Vitals:
        queues = self._rooms.queues
        outcomes: dict[str, int] = {}
        unsaid, size, readable = 0, 0, True
        try:
            async with self._database.read() as db:
                outcomes = await db.calls.outcomes(since=self._clock.now() - LOOKED_BACK)
                unsaid = len(await db.turns.pledged(PLACES))
            size = await self._database.size()
            await self._database.check_writer()
            self._taken = False
        except DatabaseError as error:
            readable = False
            self._complain(error)
        free = (await asyncio.to_thread(shutil.disk_usage, self._data_dir)).free
        return Vitals(
            at=self._clock.now(),
            up=self._clock.monotonic() - self._since,
            link=link,
            lag=self.loop.worst,
            places=queues.places,
            waiting=queues.waiting,
            unsaid=unsaid,
            writers=self._database.writers,
            jobs=tuple(self._schedule.reports()),
            outcomes=outcomes,
            readable=readable,
            database_bytes=size,
            disk_free_bytes=free,
            lockout=self._breaker.lockout,
        )

    def _complain(self, error: DatabaseError) -> None:
        """Log a database error; log only once that another process holds the database."""
        if isinstance(error, DatabaseTaken) and self._taken:
            return
        self._taken = isinstance(error, DatabaseTaken)
        log.error("The database can't be used: %s", error)
