"""The scheduler: repeated jobs that survive failures and leave a history.

APScheduler only provides timers. The decision whether work is due is made here, by the project's clock and
the ledger.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.core.clock import Clock, SystemClock
from bot.jobs.history import JobHistory
from bot.jobs.job import NOTED_SECONDS, Job, Work
from bot.jobs.timetable import Daily, Every, JobReport, Once, Plan
from database import DatabaseError
from database.models import JobRow, JobRun


class Again(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires again after this many seconds; with None never again."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime | None:
        return None if self._seconds is None else now + timedelta(seconds=self._seconds)

    def __str__(self) -> str:
        return f"again after {self._seconds} s"


class SteadyTime(tzinfo):
    """A zone whose time never goes back.

    APScheduler asks `datetime.now(zone)` for the time, and would wait for hours after the machine's clock was
    set back. In this zone time follows the monotonic clock, whatever the machine's clock says.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since = monotonic()
        self._begin = datetime.now(UTC).replace(tzinfo=None)

    def fromutc(self, _now: datetime) -> datetime:
        passed = timedelta(seconds=self._monotonic() - self._since)
        return (self._begin + passed).replace(tzinfo=self)

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _moment: datetime | None) -> str:
        return "steady"


log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
"""The interval of checks for daily work, and the delay of the first check after the start."""
KEEP_SECONDS = 3600.0
"""The interval in which the states of frequent jobs are stored."""
LONG_SECONDS = 60.0
"""A run of this length is stored in the ledger."""
BREAK_OFF_SECONDS = 5.0
BOOKKEEPING = "write down how the jobs fare"


class Schedule:
    """The process's only scheduler. Without a `ledger` no state outlives the process."""

    def __init__(self, *, clock: Clock | None = None, ledger: JobHistory | None = None) -> None:
        self._clock = clock or SystemClock()
        self._ledger = ledger
        self._jobs: dict[str, Job] = {}
        self._known: dict[str, JobRow] = {}
        self._unkept: set[str] = set()
        self._at_it = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._began = self._clock.monotonic()
        # By default APScheduler skips a job that is a second late, as after a blocked loop or a suspended
        # laptop (faults B11). Here it is run once, however late.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._steady = SteadyTime()
        self._scheduler = AsyncIOScheduler(timezone=self._steady, job_defaults=defaults)
        self.every(KEEP_SECONDS, self._keep, name=BOOKKEEPING)

    # Setup.

    def every(self, seconds: float, work: Work, *, name: str, first: float | None = None) -> None:
        """Do `work` every `seconds`, the first time after as many or after `first`.

        Its errors are logged and it runs again (faults B13).
        """
        self._add(name, work, Every(seconds), seconds, seconds if first is None else first)

    def once(self, seconds: float, work: Work, *, name: str) -> None:
        """Do `work` once, after so many seconds."""
        self._add(name, work, Once(seconds), None, seconds)

    def daily(self, hour: int, work: Work, *, name: str, zone: tzinfo = UTC) -> None:
        """Do `work` once for each local day of a zone, from `hour` o'clock on (faults B11, B12).

        Days missed while the program did not run are made up for once, soon after the start. Failed work is
        retried after an hour, with three attempts per day at most.
        """
        self._add(name, work, Daily(hour, zone), LOOK_SECONDS, LOOK_SECONDS)

    async def open(self) -> None:
        """Load the jobs' states. Raises DatabaseError."""
        if self._ledger is not None:
            self._known = {row.name: row for row in await self._ledger.open()}
            for name, job in self._jobs.items():
                job.fares = self._known.get(name, job.fares)

    def start(self) -> None:
        if not self._scheduler.running:
            self._scheduler.start()

    def stop(self) -> None:
        """Start no more jobs, and cancel running ones."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def close(self) -> None:
        """Stop, wait for the cancelled jobs, and store the jobs' states."""
        self.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(BREAK_OFF_SECONDS):
                await self._idle.wait()
        with suppress(DatabaseError):  # the error was reported already, and nothing depends on it
            await self._keep()

    # Results.

    @property
    def names(self) -> list[str]:
        return list(self._jobs)

    def reports(self) -> list[JobReport]:
        """Return the state of each job, in the order of setup."""
        return [self._report(job) for job in self._jobs.values()]

    async def latest(self, *, limit: int) -> list[JobRun]:
        """Return the last runs in the ledger. Raises DatabaseError."""
        return await self._ledger.latest(limit=limit) if self._ledger else []

    async def run(self, name: str) -> None:
        """Do a job's work now, as if its timer had fired; daily work only if it is due."""
        await self._wake(self._jobs[name])

    # Execution.

    def _add(
        self,
        name: str,
        work: Work,
        plan: Plan,
        again: float | None,
        first: float,
    ) -> None:
        fares = self._known.get(name) or JobRow(name)
        job = self._jobs[name] = Job(work, plan, fares, self._clock.monotonic())

        async def wake() -> None:
            try:
                await self._wake(job)
            except asyncio.CancelledError:  # by `stop` alone; APScheduler would log a traceback of it
                log.info("The job '%s' is cut off by the end", name)

        begin = datetime.now(self._steady) + timedelta(seconds=first)
        trigger = Again(again)
        self._scheduler.add_job(wake, trigger, id=name, name=name, next_run_time=begin, replace_existing=True)

    async def _wake(self, job: Job) -> None:
        """Let a job do its work if it is due; a job never runs twice at the same time."""
        if job.at_it_since is not None:
            return
        job.at_it_since = self._clock.monotonic()
        self._at_it += 1
        self._idle.clear()
        try:
            await (self._run_if_due(job) if isinstance(job.plan, Daily) else self._run(job))
        finally:
            job.at_it_since = None
            self._at_it -= 1
            if not self._at_it:
                self._idle.set()

    async def _run_if_due(self, job: Job) -> None:
        """Do a day's work if it is due and was not done; the claim prevents a second run."""
        plan, now = job.plan, self._clock.now()
        assert isinstance(plan, Daily)
        if not plan.is_due(job.fares.day, now):
            return
        day, run_id = plan.day(now), None
        if self._ledger is not None:
            try:
                run_id = await self._ledger.begin(job.fares.name, due_at=plan.due_at(day), day=day)
            except DatabaseError as error:
                log.error("The job '%s' has to wait: %s", job.fares.name, error)  # noqa: TRY400
                return
            if run_id is None:
                return
        await self._do(job)
        if job.fares.error is None:
            job.fares = replace(job.fares, day=day)
        if self._ledger is not None and run_id is not None:
            await self._written(job, self._ledger.end(run_id, job.fares))

    async def _run(self, job: Job) -> None:
        """Do work without a daily claim; only a notable run is stored."""
        before, due_at = job.fares, self._clock.now()
        await self._do(job)
        self._unkept.add(before.name)
        if self._ledger is None:
            return
        fails_otherwise = job.fares.error is not None and job.fares.error != before.error
        took_long = (job.fares.seconds or 0.0) >= LONG_SECONDS or isinstance(job.plan, Once)
        is_new = job.done - job.noted >= NOTED_SECONDS
        if is_new and (fails_otherwise or took_long):
            job.noted = job.done
            await self._written(job, self._ledger.note(job.fares, due_at=due_at))
        elif before.error is not None and job.fares.error is None:
            await self._written(job, self._ledger.keep([job.fares]))

    async def _do(self, job: Job) -> None:
        """Do the work; errors are logged and do not propagate."""
        begun_at, begun = self._clock.now(), self._clock.monotonic()
        error = await job.attempt()
        job.done = self._clock.monotonic()
        fares = replace(
            job.fares,
            runs=job.fares.runs + 1,
            failures=job.fares.failures + 1 if error else 0,
            begun_at=begun_at,
            seconds=job.done - begun,
            error=error,
        )
        job.fares = fares if error else replace(fares, succeeded_at=begun_at)

    async def _written(self, job: Job, writing: Awaitable[None]) -> None:
        """Store a job's state; after a failure it is stored within the hour."""
        try:
            await writing
        except DatabaseError as error:
            self._unkept.add(job.fares.name)
            log.warning("The job '%s' is not in the ledger: %s", job.fares.name, error)
        else:
            self._unkept.discard(job.fares.name)

    async def _keep(self) -> None:
        """Store the states of all jobs that ran since the last time, in one transaction."""
        if self._ledger is None or not self._unkept:
            return
        kept, self._unkept = self._unkept, set()
        with ExitStack() as undoing:
            undoing.callback(lambda: self._unkept.update(kept))
            await self._ledger.keep([self._jobs[name].fares for name in sorted(kept)])
            undoing.pop_all()

    def _report(self, job: Job) -> JobReport:
        fares, now = job.fares, self._clock.monotonic()
        return JobReport(
            name=fares.name,
            plan=job.plan,
            runs=fares.runs,
            failures=fares.failures,
            begun_at=fares.begun_at,
            seconds=fares.seconds,
            error=fares.error,
            succeeded_at=fares.succeeded_at,
            next_at=self._next_at(job),
            running=None if job.at_it_since is None else now - job.at_it_since,
            overdue=max(0.0, job.late_by(self._clock, since=self._began)),
            failing=job.is_failing,
        )

    def _next_at(self, job: Job) -> datetime | None:
        now = self._clock.now()
        if isinstance(job.plan, Daily):
            last, today = job.fares.day, job.plan.day(now)
            return now if job.plan.is_due(last, now) else job.plan.due_at(today + timedelta(days=1))
        woken = self._scheduler.get_job(job.fares.name)
        if woken is None:
            return None
        left: timedelta = woken.next_run_time - datetime.now(self._steady)
        return now + max(left, timedelta(0))
