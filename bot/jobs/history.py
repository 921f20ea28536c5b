"""The jobs' history in the database: the state of each job, and notable runs."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from bot.core.clock import Clock
from database import Database
from database.models import JobRow, JobRun
from database.repositories.jobs import FAILED, OK, RUNNING

KEPT = timedelta(days=90)
"""The time for which runs are stored."""
TRIES = 3
"""The maximum number of attempts at one day's work."""
AGAIN_AFTER = timedelta(hours=1)
"""The pause after a failed attempt at a day's work."""


class JobHistory:
    """The tables jobs and job_runs. Each write is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open(self) -> list[JobRow]:
        """Return the jobs' states at the end of the last process, and mark its unfinished runs."""
        async with self._database.begin() as db:
            await db.jobs.break_off()
            return await db.jobs.all()

    async def begin(self, job: str, *, due_at: datetime, day: date | None) -> int | None:
        """Claim a day's work and return the run's id; None if it failed too recently, or too often."""
        now = self._clock.now()
        async with self._database.begin() as db:
            if day is not None and _is_to_wait(await db.jobs.tries(job, day), now):
                return None
            return await db.jobs.begin(JobRun(job, due_at, now, RUNNING, day=day))

    async def end(self, run_id: int, job: JobRow) -> None:
        """Store the result of a claimed run, and the new state of its job."""
        assert job.seconds is not None, "it ran"
        result = FAILED if job.error else OK
        async with self._database.begin() as db:
            await db.jobs.end(run_id, result=result, seconds=job.seconds, error=job.error)
            await db.jobs.keep([job])

    async def note(self, job: JobRow, *, due_at: datetime) -> None:
        """Store an unclaimed run, and the new state of its job."""
        assert job.begun_at is not None, "it ran"
        result = FAILED if job.error else OK
        run = JobRun(job.name, due_at, job.begun_at, result, seconds=job.seconds, error=job.error)
        async with self._database.begin() as db:
            await db.jobs.begin(run)
            await db.jobs.keep([job])

    async def keep(self, jobs: Iterable[JobRow]) -> None:
        """Store the states of some jobs, and delete old runs."""
        async with self._database.begin() as db:
            await db.jobs.keep(jobs)
            await db.jobs.prune(self._clock.now() - KEPT)

    async def latest(self, *, limit: int) -> list[JobRun]:
        """Return the last stored runs, the newest first."""
        async with self._database.read() as db:
            return await db.jobs.latest(limit=limit)


def _is_to_wait(tries: Sequence[JobRun], now: datetime) -> bool:
    """Say whether a day's work has to wait. An attempt that a stop interrupted may be repeated at once."""
    if len(tries) >= TRIES:
        return True
    # A run still marked as running was cancelled, or its end could not be stored. If the clock was set back,
    # this must not block the job for ever.
    lately = (FAILED, RUNNING)
    return bool(tries) and tries[0].result in lately and abs(now - tries[0].begun_at) < AGAIN_AFTER
