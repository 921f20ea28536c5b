"""One job: its work, when it is due, and how it fares."""

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
"""A frequent job gets no more than one row in so long: one that fails now and then must not fill a table."""
LATE_BY = 2 * 3600.0
"""Seconds after which a day's work that is due and not done is overdue."""
FAILING = 3
"""Failures in a row from which on a frequent job counts as failing; of a day's work one is enough."""
FAILED = "The job '%s' failed; it will run again"
LONGEST_ERROR = 64
"""Characters of an error's type that the ledger takes."""


@dataclass
class Job:
    """A job with what is known of it; `done`, `noted` and `at_it_since` are in seconds of the clock."""

    work: Work
    plan: Plan
    fares: JobRow
    done: float
    noted: float = -NOTED_SECONDS
    at_it_since: float | None = None

    @property
    def is_failing(self) -> bool:
        """Say whether failures are no accident any more; what was to be done once is over either way."""
        if isinstance(self.plan, Once):
            return False
        return self.fares.failures >= (FAILING if isinstance(self.plan, Every) else 1)

    def late_by(self, clock: Clock, *, since: float) -> float:
        """Return by how many seconds it is later than it may be; below 0 it has time left.

        What the program did not do before it was there, at `since` by the monotonic clock, does not count.
        """
        if isinstance(self.plan, Every):
            return clock.monotonic() - self.done - (3 * self.plan.seconds + 60)
        if isinstance(self.plan, Daily) and self.plan.is_due(self.fares.day, clock.now()):
            due = clock.now() - self.plan.due_at(self.plan.day(clock.now()))
            return min(due.total_seconds(), clock.monotonic() - since) - LATE_BY
        return 0.0

    async def attempt(self) -> str | None:
        """Do the work once; return what kind of error it raised. Who breaks it off from outside is obeyed."""
        try:
            await self.work()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Something that it waited for was cancelled, and not the job.
            log.exception(FAILED, self.fares.name)
            return type(error).__name__
        except Exception as error:
            log.exception(FAILED, self.fares.name)
            return type(error).__name__[:LONGEST_ERROR]
        return None
