"""One job: its work, its schedule, and its state."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.clock import Clock
from bot.jobs.timetable import Daily, Every, Once, Plan
from database.models import JobRow

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]

NOTED_SECONDS = 600.0
"""The minimum seconds between two stored runs of a frequent job: occasional failures must not fill a table.
"""
LATE_BY = 2 * 3600.0
"""Seconds after which a day's unfinished work is overdue."""
FAILING = 3
"""The number of consecutive failures after which a frequent job counts as failing; for a daily job one is
enough.
"""
FAILED = "The job '%s' failed; it will run again"
LONGEST_ERROR = 64
"""The maximum length of an error's type in the ledger."""


@dataclass
class Job:
    """A job with its state; `done`, `noted` and `at_it_since` are in seconds of the clock."""

    work: Work
    plan: Plan
    fares: JobRow
    done: float
    noted: float = -NOTED_SECONDS
    at_it_since: float | None = None

    @property
    def is_failing(self) -> bool:
        """Say whether failures are persistent; a job that runs once is over either way."""
        if isinstance(self.plan, Once):
            return False
        return self.fares.failures >= (FAILING if isinstance(self.plan, Every) else 1)

    def late_by(self, clock: Clock, *, since: float) -> float:
        """Return the delay beyond the tolerance, in seconds; it is negative while there is time left.

        Time before the program's start, at `since` by the monotonic clock, does not count.
        """
        if isinstance(self.plan, Every):
            return clock.monotonic() - self.done - (3 * self.plan.seconds + 60)
        if isinstance(self.plan, Daily) and self.plan.is_due(self.fares.day, clock.now()):
            due = clock.now() - self.plan.due_at(self.plan.day(clock.now()))
            return min(due.total_seconds(), clock.monotonic() - since) - LATE_BY
        return 0.0

    async def attempt(self) -> str | None:
        """Do the work once; return the type of its error. Cancellation from outside propagates."""
        try:
            await self.work()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Something that the work waited for was cancelled, not the job itself.
            log.exception(FAILED, self.fares.name)
            return type(error).__name__
        except Exception as error:
            log.exception(FAILED, self.fares.name)
            return type(error).__name__[:LONGEST_ERROR]
        return None
