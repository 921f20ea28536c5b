"""What the jobs did: a row for each job, and a row for each run that is worth one."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, select, update

from database.models import JobRow, JobRun
from database.repositories import Inserting, Repository, upsert, values_of

RUNNING, OK, FAILED, BROKEN_OFF = "running", "ok", "failed", "broken off"
"""What a run comes to."""


class JobRepository(Repository):
    """The jobs and job_runs tables."""

    async def all(self) -> list[JobRow]:
        """Return how each job fares, by name."""
        return list(await self._session.scalars(select(JobRow).order_by(JobRow.name)))

    async def keep(self, jobs: Iterable[JobRow]) -> None:
        """Write down how some jobs fare."""
        if rows := [values_of(one) for one in jobs]:
            await self._session.execute(_keep(self._insert), rows)

    async def begin(self, run: JobRun) -> int:
        """Write down that a run begins; return its id."""
        self._session.add(run)
        await self._session.flush()
        return run.id

    async def end(self, run_id: int, *, result: str, seconds: float, error: str | None) -> None:
        """Write down what a run came to."""
        ended = update(JobRun).where(JobRun.id == run_id)
        await self._session.execute(ended.values(result=result, seconds=seconds, error=error))

    async def break_off(self) -> None:
        """Mark what an earlier process began and never ended."""
        left = update(JobRun).where(JobRun.result == RUNNING)
        await self._session.execute(left.values(result=BROKEN_OFF))

    async def tries(self, job: str, day: date) -> list[JobRun]:
        """Return how often a day's work was begun, the newest first."""
        query = select(JobRun).where(JobRun.job == job, JobRun.day == day)
        return list(await self._session.scalars(query.order_by(JobRun.id.desc())))

    async def latest(self, *, limit: int) -> list[JobRun]:
        """Return the last runs that were worth a row, the newest first."""
        return list(await self._session.scalars(select(JobRun).order_by(JobRun.id.desc()).limit(limit)))

    async def prune(self, before: datetime) -> None:
        """Delete the runs that began before a moment."""
        await self._session.execute(delete(JobRun).where(JobRun.begun_at < before))


@cache
def _keep(insert: Inserting) -> Any:
    return upsert(insert, JobRow)
