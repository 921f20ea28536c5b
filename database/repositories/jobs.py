"""State of jobs, and their notable runs."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, select, update

from database.models import JobRow, JobRun
from database.repositories import Inserting, Repository, upsert, values_of

RUNNING, OK, FAILED, BROKEN_OFF = "running", "ok", "failed", "broken off"
"""Results of a run."""


class JobRepository(Repository):
    """The jobs and job_runs tables."""

    async def all(self) -> list[JobRow]:
        """Return the state of all jobs, by name."""
        return list(await self._session.scalars(select(JobRow).order_by(JobRow.name)))

    async def keep(self, jobs: Iterable[JobRow]) -> None:
        """Store the state of jobs."""
        if rows := [values_of(job) for job in jobs]:
            await self._session.execute(_keep(self._insert), rows)

    async def begin(self, run: JobRun) -> int:
        """Record the start of a run; return its id."""
        self._session.add(run)
        await self._session.flush()
        return run.id

    async def end(self, run_id: int, *, result: str, seconds: float, error: str | None) -> None:
        """Record the result of a run."""
        ended = update(JobRun).where(JobRun.id == run_id)
        await self._session.execute(ended.values(result=result, seconds=seconds, error=error))

    async def break_off(self) -> None:
        """Mark the unfinished runs of an earlier process as broken off."""
        left = update(JobRun).where(JobRun.result == RUNNING)
        await self._session.execute(left.values(result=BROKEN_OFF))

    async def tries(self, job: str, day: date) -> list[JobRun]:
        """Return the runs for a day's work, newest first."""
        query = select(JobRun).where(JobRun.job == job, JobRun.day == day)
        return list(await self._session.scalars(query.order_by(JobRun.id.desc())))

    async def latest(self, *, limit: int) -> list[JobRun]:
        """Return the latest notable runs, newest first."""
        return list(await self._session.scalars(select(JobRun).order_by(JobRun.id.desc()).limit(limit)))

    async def prune(self, before: datetime) -> None:
        """Delete runs that began before a moment."""
        await self._session.execute(delete(JobRun).where(JobRun.begun_at < before))


@cache
def _keep(insert: Inserting) -> Any:
    return upsert(insert, JobRow)
