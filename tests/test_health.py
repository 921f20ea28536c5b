"""The heartbeat monitor, and jobs that outlive their own errors (C07)."""

import asyncio
import logging
import math
import time
from typing import Any

import pytest

from bot.client import Masquerade, ShardedMasquerade
from bot.schedule import Schedule
from bot.stalls import LONGEST_STALL, watch_loop
from cogs.health import HIGH_LATENCY, TICK, TICKS_PER_STATUS, Health, slow_shards


class Jobs:
    """Keeps what was to be run, and how often."""

    def __init__(self) -> None:
        self.added: list[tuple[float, Any, str]] = []

    def every(self, seconds: float, job: Any, *, name: str) -> None:
        self.added.append((seconds, job, name))


class Bot:
    """As much of a bot as the monitor looks at."""

    def __init__(self, **latencies: float) -> None:
        self.latencies = {int(shard[1:]): seconds for shard, seconds in latencies.items()}
        self.app = self
        self.schedule = Jobs()
        self.guilds = [object()] * 3

    def shard_latencies(self) -> dict[int, float]:
        return self.latencies


def monitor(**latencies: float) -> tuple[Health, Bot]:
    bot = Bot(**latencies)
    return Health(bot), bot  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.INFO, logger="cogs.health")
    caplog.set_level(logging.INFO, logger="bot.stalls")


def warnings(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def reports(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.INFO]


async def test_a_latency_of_1_2_seconds_is_one_warning_per_tick(caplog):
    health, _ = monitor(s0=1.2)
    for ticks in range(1, 10):
        await health.tick()
        assert warnings(caplog) == ["High latency: shard 0: 1.20 s"] * ticks
    assert reports(caplog) == []


async def test_two_slow_shards_are_one_warning_too(caplog):
    health, _ = monitor(s0=1.2, s1=0.1, s2=3.456)
    await health.tick()
    assert warnings(caplog) == ["High latency: shard 0: 1.20 s, shard 2: 3.46 s"]


@pytest.mark.parametrize("seconds", [0.0, 0.3, HIGH_LATENCY])
async def test_a_usual_latency_is_no_warning(caplog, seconds):
    health, _ = monitor(s0=seconds)
    await health.tick()
    assert warnings(caplog) == []


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf])
async def test_before_the_first_heartbeat_there_is_no_latency(caplog, seconds):
    health, _ = monitor(s0=seconds, s1=1.2)
    for _ in range(TICKS_PER_STATUS):
        await health.tick()
    assert warnings(caplog) == ["High latency: shard 1: 1.20 s"] * TICKS_PER_STATUS
    assert len(reports(caplog)) == 1
    assert slow_shards({0: seconds}) == []


async def test_without_a_connection_a_tick_does_no_harm(caplog):
    health, _ = monitor()
    for _ in range(TICKS_PER_STATUS):
        await health.tick()
    assert warnings(caplog) == []
    assert reports(caplog) == ["Connected to 3 servers, latency unknown"]


async def test_each_tenth_tick_reports(caplog):
    health, bot = monitor(s0=0.1)
    for tick in range(1, 31):
        bot.latencies = {0: 0.1 * (tick % 3)}
        await health.tick()
        assert len(reports(caplog)) == tick // 10
    assert reports(caplog)[0] == "Connected to 3 servers, latency 0.10 s"
    assert warnings(caplog) == []


async def test_the_monitor_is_a_job_of_every_thirty_seconds():
    health, bot = monitor()
    assert TICK == 30
    assert bot.schedule.added == [(30, health.tick, "heartbeat")]


async def test_shards_and_resumed_sessions_are_reported(caplog):
    health, _ = monitor()
    await health.on_shard_ready(3)
    await health.on_resumed()
    await health.on_disconnect()
    assert [line.split()[0] for line in reports(caplog)] == ["Shard", "Discord", "Disconnected"]


def test_a_plain_and_a_sharded_client_tell_latencies_by_shard():
    class Plain(Masquerade):
        def __init__(self) -> None: ...

        latency = 1.5

    class Sharded(ShardedMasquerade):
        def __init__(self) -> None: ...

        latencies = [(0, 0.1), (1, math.nan)]  # noqa: RUF012

    assert Plain().shard_latencies() == {0: 1.5}
    assert list(Sharded().shard_latencies()) == [0, 1]
    assert slow_shards(Plain().shard_latencies()) == ["shard 0: 1.50 s"]
    assert slow_shards(Sharded().shard_latencies()) == []


# --- Jobs -----------------------------------------------------------------------------------------


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
    logged = [one for one in caplog.records if one.name == "bot.schedule"]
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


async def test_a_job_that_comes_late_is_run_all_the_same():
    """A blocked loop or a suspended machine is no reason to leave a job out."""
    import time

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
    assert schedule.names == []


async def test_a_loop_that_is_held_up_is_one_warning(caplog):
    watch = asyncio.create_task(watch_loop(0.05))
    await asyncio.sleep(0.12)
    assert warnings(caplog) == []
    time.sleep(LONGEST_STALL + 0.2)
    await asyncio.sleep(0.12)
    watch.cancel()
    assert len(warnings(caplog)) == 1
    assert "stood still" in warnings(caplog)[0]
