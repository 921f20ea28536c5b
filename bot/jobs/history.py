"""What the jobs did, kept in the database: how each fares, and the runs that are worth a row."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from bot.core.clock import Clock
from database import Database
from database.models import JobRow, JobRun
from database.repositories.jobs import FAILED, OK, RUNNING

KEPT = timedelta(days=90)
"""So long a run stays in the ledger."""
TRIES = 3
"""Times that one day's work is begun before the next day has to come."""
AGAIN_AFTER = timedelta(hours=1)
"""So long after it failed a day's work is tried again."""


class JobHistory:
    """The tables jobs and job_runs. Each write is one short transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open(self) -> list[JobRow]:
        """Return how each job fared at the end of the last process, and mark what that left unfinished."""
        async with self._database.begin() as db:
            await db.jobs.break_off()
            return await db.jobs.all()

    async def begin(self, job: str, *, due_at: datetime, day: date | None) -> int | None:
        """Claim a day's work and return the run's id; None if it failed too lately, or too often."""
        now = self._clock.now()
        async with self._database.begin() as db:
            if day is not None and _is_to_wait(await db.jobs.tries(job, day), now):
                return None
            return await db.jobs.begin(JobRun(job, due_at, now, RUNNING, day=day))

    async def end(self, run_id: int, job: JobRow) -> None:
        """Write down what a run that was begun came to, and how its job fares now."""
        assert job.seconds is not None, "it ran"
        result = FAILED if job.error else OK
        async with self._database.begin() as db:
            await db.jobs.end(run_id, result=result, seconds=job.seconds, error=job.error)
            await db.jobs.keep([job])

    async def note(self, job: JobRow, *, due_at: datetime) -> None:
        """Write down a run that nobody had to claim, and how its job fares now."""
        assert job.begun_at is not None, "it ran"
        result = FAILED if job.error else OK
        run = JobRun(job.name, due_at, job.begun_at, result, seconds=job.seconds, error=job.error)
        async with self._database.begin() as db:
            await db.jobs.begin(run)
            await db.jobs.keep([job])

    async def keep(self, jobs: Iterable[JobRow]) -> None:
        """Write down how some jobs fare, and let go of old runs."""
        async with self._database.begin() as db:
            await db.jobs.keep(jobs)
            await db.jobs.prune(self._clock.now() - KEPT)

    async def latest(self, *, limit: int) -> list[JobRun]:
        """Return the last runs that were worth a row, the newest first."""
        async with self._database.read() as db:
            return await db.jobs.latest(limit=limit)


def _is_to_wait(tries: Sequence[JobRun], now: datetime) -> bool:
    """Say whether a day's work is left alone for now. What a stop broke off may begin at once."""
    if len(tries) >= TRIES:
        return True
    # What runs was cancelled, or could not be written down. A clock that was set back must not make it wait
    # for ever.
    lately = (FAILED, RUNNING)
    return bool(tries) and tries[0].result in lately and abs(now - tries[0].begun_at) < AGAIN_AFTER
