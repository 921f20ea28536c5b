"""Scheduled work: run again after a fault, caught up once, right across clock changes (B11-B14)."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.jobs.history import KEPT, TRIES, JobHistory
from bot.jobs.job import FAILING, LATE_BY, NOTED_SECONDS
from bot.jobs.schedule import BOOKKEEPING, LONG_SECONDS, LOOK_SECONDS, Schedule, SteadyTime
from bot.jobs.timetable import Daily, Every, JobReport
from database import Database, DatabaseError
from database.models import JobRow, JobRun
from tests.fakes import EPOCH, FakeClock
from tests.support.discord import World, world

NAME = "count"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "masquerade.sqlite3")
    try:
        yield opened
    finally:
        await opened.close()


class Office:
    """A schedule with its ledger, and a job that counts by which local day it ran."""

    def __init__(self, database: Database, clock: FakeClock, *, hour: int = 4, zone: Any = UTC) -> None:
        self.database, self.clock = database, clock
        self.zone = zone
        self.ran: list[datetime] = []
        self.will_fail = 0
        self.schedule = Schedule(clock=clock, ledger=JobHistory(database, clock))
        self.schedule.daily(hour, self.count, name=NAME, zone=zone)

    async def count(self) -> None:
        self.ran.append(self.clock.now().astimezone(self.zone))
        if self.will_fail:
            self.will_fail -= 1
            raise OSError(28, "the disk is full, says Mira")

    async def look(self, *, after: float = 0.0) -> int:
        """Let time pass, and let the schedule look at it; return how often the job ran by now."""
        self.clock.pass_time(after)
        await self.schedule.run(NAME)
        return len(self.ran)

    async def runs(self) -> list[tuple[str, str | None]]:
        return [(one.result, one.error) for one in await self.schedule.latest(limit=99)]

    @property
    def report(self) -> JobReport:
        return report(self.schedule, NAME)


def report(schedule: Schedule, name: str) -> JobReport:
    (found,) = [one for one in schedule.reports() if one.name == name]
    return found


async def opened(database: Database, clock: FakeClock, **options: Any) -> Office:
    office = Office(database, clock, **options)
    await office.schedule.open()
    return office


def set_clock(clock: FakeClock, by: timedelta) -> None:
    """Set the clock, as an administrator or a time server does: no time passes."""
    clock._at += by


# --- Once for each local day ----------------------------------------------------------------------


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    ("zone", "eve"),
    [
        ("America/New_York", date(2026, 3, 7)),
        ("America/New_York", date(2026, 10, 31)),
        ("Europe/Berlin", date(2026, 3, 28)),
        ("Europe/Berlin", date(2026, 10, 24)),
        ("Australia/Lord_Howe", date(2026, 4, 4)),
        ("Australia/Lord_Howe", date(2026, 10, 3)),
        ("America/Havana", date(2026, 3, 7)),
        ("America/Havana", date(2026, 10, 31)),
    ],
)
async def test_a_days_work_is_done_once_each_local_day_across_clock_changes(zone, eve, hour):
    """B12: four zones, two transitions each; in Havana it is midnight that comes twice, or not at all."""
    local, ran = ZoneInfo(zone), list[date]()
    daily, last = Daily(hour, local), None
    now = datetime(eve.year, eve.month, eve.day, 12, tzinfo=local).astimezone(UTC) - timedelta(days=1)
    offsets = set()
    for _ in range(4 * 24 * 60):
        now += timedelta(minutes=1)
        offsets.add(now.astimezone(local).utcoffset())
        if daily.is_due(last, now):
            last = daily.day(now)
            ran.append(now.astimezone(local).date())
    assert len(offsets) == 2, "there is no clock change here"
    assert Counter(ran).most_common(1)[0][1] == 1
    assert ran == [ran[0] + timedelta(days=ago) for ago in range(len(ran))]
    assert len(ran) in (4, 5)  # the day on which it began counts, too


@pytest.mark.parametrize("eve", [date(2026, 3, 7), date(2026, 10, 31)])
async def test_the_schedule_itself_runs_once_a_day_where_the_clock_changes(database, eve):
    local = ZoneInfo("America/New_York")
    clock = FakeClock(datetime(eve.year, eve.month, eve.day, 0, 30, tzinfo=local).astimezone(UTC))
    office = await opened(database, clock, hour=1, zone=local)
    office.ran.clear()
    for _ in range(3 * 24 * 6):
        await office.look(after=600)
    by_day = Counter(one.date() for one in office.ran[1:])
    assert set(by_day.values()) == {1}
    assert sorted(by_day) == [eve + timedelta(days=ago) for ago in range(len(by_day))]
    assert max(by_day) == Daily(1, local).day(clock.now()) >= eve + timedelta(days=2)


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)])
async def test_a_clock_that_jumps_does_no_harm(database, jump):
    """B12: what was done is not done again, and soon everything goes on as before."""
    clock = FakeClock(datetime(2026, 5, 4, 4, 30, tzinfo=UTC))
    office = await opened(database, clock)
    assert await office.look() == 1
    set_clock(clock, jump)
    for _ in range(24 * 60 * 3):
        await office.look(after=60)
    days = [Daily(4).day(one) for one in office.ran]
    first, last = date(2026, 5, 4), Daily(4).day(clock.now())
    assert last >= date(2026, 5, 6)
    assert days == [first + timedelta(days=ago) for ago in range((last - first).days + 1)]


async def test_a_clock_that_was_days_ahead_does_not_stop_the_work_for_so_long(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    set_clock(clock, timedelta(days=4_000))
    assert await office.look() == 1
    set_clock(clock, timedelta(days=-4_000))
    assert await office.look() == 2
    assert await office.look(after=3600) == 2


async def test_a_day_that_was_begun_and_set_back_is_not_done_again(database):
    clock = FakeClock(datetime(2026, 5, 4, 4, 0, tzinfo=UTC))
    office = await opened(database, clock)
    assert await office.look() == 1
    set_clock(clock, timedelta(minutes=-30))
    assert [await office.look(after=60) for _ in range(60)] == [1] * 60


async def test_durations_are_taken_from_a_clock_that_nobody_sets(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = Office(database, clock)

    async def slow() -> None:
        clock.pass_time(90)
        set_clock(clock, timedelta(hours=-1))

    office.schedule.daily(4, slow, name="slow")
    await office.schedule.run("slow")
    assert report(office.schedule, "slow").seconds == 90
    (run,) = await office.schedule.latest(limit=1)
    assert run.seconds == 90


# --- Missed, and caught up once -------------------------------------------------------------------


async def test_what_was_missed_is_caught_up_once_and_not_again_by_the_next_start(database):
    """B11: windows processed once N/N, also when two starts follow one another."""
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    assert await office.look() == 1
    await office.schedule.close()
    clock.pass_time(5.5 * 86_400)  # it is 17:00, five days later
    done = 0
    for _ in range(3):
        again = await opened(database, clock)
        done += await again.look()
        await again.schedule.close()
    assert done == 1
    assert [one.day for one in await again.schedule.latest(limit=9)] == [date(2026, 5, 9), date(2026, 5, 4)]


async def test_two_starts_at_once_do_not_make_two_runs_of_one_look(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    await asyncio.gather(*(office.schedule.run(NAME) for _ in range(5)))
    assert len(office.ran) == 1


async def test_before_its_hour_yesterdays_work_counts(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    await office.look()
    assert office.report.next_at == datetime(2026, 5, 5, 4, tzinfo=UTC)
    assert await office.look(after=22 * 3600) == 1
    assert await office.look(after=3600) == 2


async def test_what_a_stop_broke_off_is_done_by_the_next_start(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    office.schedule.daily(4, hang, name=NAME)
    task = asyncio.create_task(office.schedule.run(NAME))
    await begun.wait()
    assert await office.runs() == [("running", None)]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = await opened(database, clock)
    assert await again.runs() == [("broken off", None)]
    assert await again.look() == 1
    assert await again.runs() == [("ok", None), ("broken off", None)]


async def test_what_fails_is_tried_again_after_an_hour_and_not_for_ever(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    office.will_fail = 99
    counts = [await office.look(after=600) for _ in range(6 * 5)]
    assert counts[:6] == [1] * 6
    assert counts[6] == 2
    assert counts[-1] == TRIES
    assert await office.runs() == [("failed", "OSError")] * TRIES
    office.will_fail = 0
    assert await office.look(after=24 * 3600) == TRIES + 1
    assert office.report.failures == 0


async def test_what_failed_and_succeeds_is_done_for_the_day(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    office.will_fail = 1
    assert [await office.look(after=3700) for _ in range(4)] == [1, 2, 2, 2]
    set_clock(clock, timedelta(hours=-2))
    assert await office.look() == 2


async def test_without_its_database_a_days_work_waits(database, monkeypatch, caplog):
    """Nobody could say then whether it was done."""
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)

    def refuse() -> None:
        raise DatabaseError("No room left.")

    with monkeypatch.context() as full:
        full.setattr(database, "begin", refuse)
        assert await office.look() == 0
    assert "The job 'count' has to wait: No room left." in caplog.text
    assert await office.look(after=60) == 1


async def test_work_that_could_not_be_written_down_is_not_done_again(database, monkeypatch):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)

    async def refuse(*_: object) -> None:
        raise DatabaseError("No room left.")

    with monkeypatch.context() as full:
        full.setattr(office.schedule._ledger, "end", refuse)
        assert await office.look() == 1
    assert await office.look(after=60) == 1
    await office.schedule.close()
    again = await opened(database, clock)
    assert await again.look() == 0


# --- What is written down -------------------------------------------------------------------------


async def test_a_frequent_job_costs_no_write_for_each_run(database, monkeypatch):
    clock = FakeClock()
    schedule = Schedule(clock=clock, ledger=JobHistory(database, clock))
    writes = 0
    begin = database.begin

    def counting() -> Any:
        nonlocal writes
        writes += 1
        return begin()

    async def nothing() -> None: ...

    monkeypatch.setattr(database, "begin", counting)
    schedule.every(30, nothing, name="often")
    for _ in range(24 * 120):
        clock.pass_time(30)
        await schedule.run("often")
        if clock.monotonic() % 3600 < 30:
            await schedule.run(BOOKKEEPING)
    assert writes <= 25
    assert await schedule.latest(limit=9) == []
    await schedule.close()
    again = Schedule(clock=clock, ledger=JobHistory(database, clock))
    again.every(30, nothing, name="often")
    await again.open()
    assert report(again, "often").runs == 24 * 120


async def test_a_failing_job_is_a_row_when_that_begins_and_not_each_time(database):
    clock = FakeClock()
    schedule = Schedule(clock=clock, ledger=JobHistory(database, clock))
    errors: list[Exception | None] = [None, OSError(), OSError(), OSError(), KeyError("x"), None, OSError()]

    async def work() -> None:
        if error := errors.pop(0):
            raise error

    schedule.every(30, work, name="often")
    for _ in range(7):
        clock.pass_time(NOTED_SECONDS)
        await schedule.run("often")
    rows = [(one.result, one.error) for one in await schedule.latest(limit=9)]
    assert rows == [("failed", "OSError"), ("failed", "KeyError"), ("failed", "OSError")]


async def test_a_job_that_fails_now_and_then_does_not_fill_the_table(database):
    clock, runs = FakeClock(), 0
    schedule = Schedule(clock=clock, ledger=JobHistory(database, clock))

    async def work() -> None:
        nonlocal runs
        runs += 1
        if runs % 2:
            raise OSError

    schedule.every(30, work, name="often")
    for _ in range(240):
        clock.pass_time(30)
        await schedule.run("often")
    assert len(await schedule.latest(limit=99)) <= 12


async def test_that_a_job_is_well_again_is_known_after_a_crash(database):
    clock = FakeClock()
    schedule = Schedule(clock=clock, ledger=JobHistory(database, clock))
    errors: list[Exception | None] = [OSError(), None]

    async def work() -> None:
        if error := errors.pop(0):
            raise error

    schedule.every(30, work, name="often")
    await schedule.run("often")
    await schedule.run("often")
    async with database.read() as db:  # no close: it was killed
        (kept,) = await db.jobs.all()
    assert (kept.failures, kept.error, kept.runs) == (0, None, 2)


async def test_a_run_that_takes_long_is_a_row(database):
    clock = FakeClock()
    schedule = Schedule(clock=clock, ledger=JobHistory(database, clock))

    async def slow() -> None:
        clock.pass_time(LONG_SECONDS)

    schedule.every(30, slow, name="slow")
    await schedule.run("slow")
    (run,) = await schedule.latest(limit=9)
    assert (run.job, run.result, run.seconds, run.begun_at) == ("slow", "ok", LONG_SECONDS, EPOCH)


async def test_old_runs_go(database):
    clock = FakeClock()
    office = await opened(database, clock)
    await office.look()
    clock.pass_time(KEPT.total_seconds() + 1)
    await office.look()
    office.schedule._unkept.add(NAME)
    await office.schedule.run(BOOKKEEPING)
    assert [one.begun_at for one in await office.schedule.latest(limit=9)] == [clock.now()]


async def test_no_word_of_an_error_is_kept(database, tmp_path):
    clock = FakeClock()
    office = await opened(database, clock)
    office.will_fail = 1
    await office.look()
    await office.schedule.close()
    async with database.read() as db:
        kept = [*await db.jobs.all(), *await db.jobs.latest(limit=9)]
    assert "Mira" not in repr(kept)
    assert {type(one) for one in kept} == {JobRow, JobRun}


# --- How a job fares ------------------------------------------------------------------------------


async def test_a_job_that_did_not_come_to_an_end_for_long_is_overdue():
    clock = FakeClock()
    schedule = Schedule(clock=clock)
    hang, begun = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await hang.wait()

    schedule.every(30, work, name="often")
    task = asyncio.create_task(schedule.run("often"))
    await begun.wait()
    clock.pass_time(100)
    assert not report(schedule, "often").troubled
    clock.pass_time(100)
    assert report(schedule, "often").overdue == 200 - 150
    assert report(schedule, "often").running == 200
    await schedule.run("often")  # does not overtake itself
    hang.set()
    await task
    assert report(schedule, "often").overdue == 0
    assert report(schedule, "often").runs == 1


async def test_a_days_work_that_is_not_done_is_overdue_after_two_hours(database):
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    office = await opened(database, clock)
    assert office.report.overdue == 0
    clock.pass_time(LATE_BY)
    assert office.report.overdue == 0
    clock.pass_time(60)
    assert office.report.overdue == 60
    await office.look()
    assert office.report.overdue == 0


async def test_three_failures_in_a_row_are_no_accident_and_one_of_a_days_work_is_none():
    clock = FakeClock()
    schedule = Schedule(clock=clock)

    async def fail() -> None:
        raise OSError

    schedule.every(30, fail, name="often")
    schedule.daily(4, fail, name="daily")
    failing = []
    for _ in range(FAILING):
        await schedule.run("often")
        failing.append(report(schedule, "often").failing)
    assert failing == [False, False, True]
    await schedule.run("daily")
    assert report(schedule, "daily").failing


async def test_when_a_job_is_next_is_told_by_the_projects_clock():
    clock = FakeClock()
    schedule = Schedule(clock=clock)

    async def nothing() -> None: ...

    schedule.every(300, nothing, name="often", first=60)
    schedule.once(120, nothing, name="once")
    for name, seconds in (("often", 60), ("once", 120)):
        at = report(schedule, name).next_at
        assert at is not None
        assert seconds - 5 < (at - clock.now()).total_seconds() <= seconds
    assert report(schedule, "often").plan == Every(300)


# --- APScheduler does the waking ------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("jump", [-3600.0, 86_400.0])
async def test_a_machines_clock_that_is_set_makes_no_job_wait_and_none_run_in_a_row(monkeypatch, jump):
    """APScheduler's own time would stand still for an hour, or make up for a day's runs."""
    set_by = 0.0

    class Set(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            if isinstance(tz, SteadyTime):
                return datetime.now(tz)
            return datetime.now(tz) + timedelta(seconds=set_by)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Set)
    schedule, ran = Schedule(), list[float]()

    async def work() -> None:
        ran.append(time.monotonic())

    schedule.every(0.05, work, name="often")
    schedule.start()
    try:
        await asyncio.sleep(0.3)
        set_by, before = jump, len(ran)
        await asyncio.sleep(0.5)
    finally:
        schedule.stop()
    assert before < len(ran) <= before + 12


def test_steady_time_goes_by_the_monotonic_clock_alone():
    at = [100.0]
    zone = SteadyTime(lambda: at[0])
    begin = datetime.now(zone)
    at[0] += 61.5
    assert datetime.now(zone) - begin == timedelta(seconds=61.5)
    assert datetime.now(zone).astimezone(UTC).replace(tzinfo=None) == datetime.now(zone).replace(tzinfo=None)


async def test_a_days_work_is_looked_at_each_minute():
    schedule = Schedule(clock=FakeClock())

    async def nothing() -> None: ...

    schedule.daily(4, nothing, name="daily")
    (job,) = [one for one in schedule._scheduler.get_jobs() if one.name == "daily"]
    now = datetime.now(schedule._steady)
    assert job.trigger.get_next_fire_time(None, now) - now == timedelta(seconds=LOOK_SECONDS)


async def counted(schedule: Schedule, job: Any, *, times: int) -> int:
    """Run a job every hundredth of a second until it ran `times` times; return how often it ran."""
    ran, done = 0, asyncio.Event()

    async def run() -> None:
        nonlocal ran
        ran += 1
        if ran >= times:
            done.set()
        await job()

    schedule.every(0.01, run, name="a job")
    schedule.start()
    try:
        await asyncio.wait_for(done.wait(), 30)
    finally:
        schedule.stop()
    return ran


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("gone"), TimeoutError(), OSError(5, "io")])
async def test_a_job_that_fails_runs_again(caplog, error):
    async def fail() -> None:
        raise error

    assert await counted(Schedule(), fail, times=3) >= 3
    logged = [one for one in caplog.records if one.name == "bot.jobs.job"]
    assert logged[0].getMessage() == "The job 'a job' failed; it will run again"
    assert logged[0].exc_info is not None


async def test_a_job_that_fails_does_not_stop_another():
    schedule, well = Schedule(), 0

    async def fail() -> None:
        raise RuntimeError("odd")

    async def succeed() -> None:
        nonlocal well
        well += 1

    schedule.every(0.01, succeed, name="another")
    await counted(schedule, fail, times=5)
    assert well >= 1


async def test_a_job_does_not_overtake_itself():
    running, most = 0, 0

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    await counted(Schedule(), slow, times=3)
    assert most == 1


@pytest.mark.slow
async def test_a_job_that_comes_late_is_run_all_the_same():
    """A blocked loop or a suspended machine is no reason to leave a job out."""
    ran = asyncio.Event()
    schedule = Schedule()

    async def run() -> None:
        ran.set()

    schedule.every(1.2, run, name="late")
    schedule.start()
    try:
        time.sleep(2.5)
        await asyncio.wait_for(ran.wait(), 1.0)
    finally:
        schedule.stop()


async def test_starting_and_stopping_twice_is_no_fault():
    schedule = Schedule()
    schedule.stop()
    schedule.start()
    schedule.start()
    schedule.stop()
    schedule.stop()
    assert schedule.names == [BOOKKEEPING]


async def test_a_stop_waits_until_what_it_broke_off_has_put_its_things_away():
    schedule, begun, order = Schedule(), asyncio.Event(), list[str]()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)
            order.append("put away")

    schedule.once(0.01, work, name="once")
    schedule.start()
    await asyncio.wait_for(begun.wait(), 30)
    await schedule.close()
    order.append("closed")
    assert order == ["put away", "closed"]


# --- Every job of the app -------------------------------------------------------------------------


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


def replaced(w: World, work: Callable[[], Awaitable[object]]) -> list[str]:
    """Let every job of the app do this instead; return their names."""
    for job in w.app.schedule._jobs.values():
        job.work = work
    return w.app.schedule.names


@pytest.mark.parametrize(
    "error", [ValueError("odd"), OSError(5, "io"), DatabaseError("damaged"), asyncio.CancelledError()]
)
async def test_every_job_of_the_app_goes_on_after_an_error(w, error, caplog):
    """B13: raise in each; loops alive N/N."""

    async def fail() -> None:
        raise error

    scheduler = w.app.schedule._scheduler
    names = replaced(w, fail)
    assert len(names) >= 12
    alive = 0
    for name in names:
        one_off = name not in {job.id for job in scheduler.get_jobs()}
        for _ in range(3):
            await w.app.schedule.run(name)
        found = report(w.app.schedule, name)
        assert found.error == type(error).__name__
        assert found.failures == (1 if isinstance(found.plan, Daily) else 3)  # a day's work has to wait
        alive += one_off or scheduler.get_job(name) is not None
    assert alive == len(names)

    async def nothing() -> None: ...

    replaced(w, nothing)
    w.app.clock.pass_time = None  # the in-memory Discord has the time
    for name in names:
        if not isinstance(report(w.app.schedule, name).plan, Daily):
            await w.app.schedule.run(name)
            assert report(w.app.schedule, name).failures == 0


async def test_apscheduler_keeps_waking_every_job_of_the_app_that_raises():
    """B13: the same with real waking, for as many jobs as the app has."""
    schedule, ran, done = Schedule(), Counter[str](), asyncio.Event()

    def failing(name: str) -> Callable[[], Awaitable[object]]:
        async def fail() -> None:
            ran[name] += 1
            if len(ran) == 13 and min(ran.values()) >= 3:
                done.set()
            raise ValueError(name)

        return fail

    for number in range(13):
        schedule.every(0.02, failing(f"job {number}"), name=f"job {number}")
    schedule.start()
    try:
        await asyncio.wait_for(done.wait(), 30)
    finally:
        schedule.stop()
    assert sum(count >= 3 for count in ran.values()) == 13


async def test_every_job_of_the_app_really_runs(w):
    for name in w.app.schedule.names:
        with w.env._bot_scope():
            await w.app.schedule.run(name)
        await w.env.settle()
        found = report(w.app.schedule, name)
        assert (name, found.error, found.runs) == (name, None, 1)


def test_what_expired_is_looked_for_every_five_minutes(w):
    """F081, C58."""
    assert report(w.app.schedule, "forget what expired").plan == Every(300)


async def cancelled_after(steps: int, work: Callable[[], Awaitable[None]]) -> bool:
    """Break some work off after so many turns of the loop; say whether it had not come to an end."""
    task = asyncio.ensure_future(work())
    for _ in range(steps):
        await asyncio.sleep(0)
        if task.done():
            await task
            return False
    task.cancel()
    await asyncio.wait({task})
    return True


@pytest.mark.slow
async def test_work_that_is_broken_off_at_any_await_leaves_no_torn_rows(database):
    """B14: torn 0. The job writes two rows in one transaction; the ledger's own rows count, too."""
    clock = FakeClock(datetime(2026, 5, 4, 5, tzinfo=UTC))
    steps, torn, broken_off = 0, 0, True
    while broken_off:
        office = await opened(database, clock)

        async def work(number: int = steps) -> None:
            async with database.begin() as db:
                await db.states.set(f"left {number}", "1")
                await db.states.set(f"right {number}", "1")

        office.schedule.daily(4, work, name=f"two rows {steps}")
        run = partial(office.schedule.run, f"two rows {steps}")
        broken_off = await cancelled_after(steps, run)
        async with database.read() as db:
            kept = await db.states.of([f"left {steps}", f"right {steps}"])
            fares = {one.name: one for one in await db.jobs.all()}
            runs = [one for one in await db.jobs.latest(limit=1) if one.job == f"two rows {steps}"]
        torn += len(kept) == 1
        done = fares.get(f"two rows {steps}")
        # The row of the run and that of the job are written together.
        torn += bool(runs) and (runs[0].result == "ok") != (done is not None and done.day is not None)
        assert not (done and done.day) or len(kept) == 2, "done is what was done"
        steps += 1
    assert torn == 0
    assert steps > 10
    assert len(kept) == 2


@pytest.mark.slow
async def test_every_job_of_the_app_can_be_broken_off_at_any_await(w):
    """B14: the database is sound afterwards, and the job does its work the next time."""
    for name in w.app.schedule.names:
        steps = 0
        with w.env._bot_scope():
            while await cancelled_after(steps, partial(w.app.schedule.run, name)) and steps < 400:
                steps += 1
            job = w.app.schedule._jobs[name]
            await w.app.schedule._do(job)
        assert job.fares.error is None
        async with w.app.database.begin() as db:
            await db.states.set("a key", name)
    async with w.app.database._reader.connect() as connection:
        for pragma in ("integrity_check", "foreign_key_check"):
            found = await connection.exec_driver_sql(f"PRAGMA {pragma}")
            assert found.fetchall() in ([], [("ok",)])


async def test_a_job_that_a_stop_cuts_off_leaves_no_traceback(caplog):
    schedule, begun = Schedule(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    schedule.once(0, hang, name="long work")
    schedule.start()
    with caplog.at_level(logging.INFO):
        await begun.wait()
        await schedule.close()
        await asyncio.sleep(0)
    assert "'long work' is cut off by the end" in caplog.text
    assert not [one for one in caplog.records if one.exc_info]
