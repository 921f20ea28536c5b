"""Jobs that run again and again, and go on after one of them failed."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[object]]


class Schedule:
    """The process's one scheduler."""

    def __init__(self) -> None:
        # By default APScheduler skips a job that is a second late, as after a blocked loop or a
        # suspended laptop (faults B11). Here it is run once, however late.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)

    def every(self, seconds: float, job: Job, *, name: str, first: float | None = None) -> None:
        """Run `job` each `seconds`, the first time after as many or after `first`.

        Its errors are logged and it runs again (faults B13).
        """
        begin = datetime.now(UTC) + timedelta(seconds=seconds if first is None else first)
        self._scheduler.add_job(
            _careful(job, name), "interval", seconds=seconds, name=name, next_run_time=begin
        )

    def once(self, seconds: float, job: Job, *, name: str) -> None:
        """Run `job` once, after so many seconds."""
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        self._scheduler.add_job(_careful(job, name), "date", run_date=at, name=name)

    def daily(self, hour: int, job: Job, *, name: str) -> None:
        """Run `job` once a day at `hour` o'clock UTC, or as soon after as it can be, in the same way."""
        self._scheduler.add_job(_careful(job, name), "cron", hour=hour, name=name)

    def start(self) -> None:
        if not self._scheduler.running:
            self._scheduler.start()

    @property
    def names(self) -> list[str]:
        return [job.name for job in self._scheduler.get_jobs()]

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def _careful(job: Job, name: str) -> Job:
    async def run() -> None:
        try:
            await job()
        except Exception:
            log.exception("The job '%s' failed; it will run again", name)

    return run
