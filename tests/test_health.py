"""The heartbeat monitor (C07, F017)."""

import asyncio
import logging
import math
import time
from types import SimpleNamespace
from typing import Any

import pytest

from bot.app import Notices, health_of
from bot.client import Masquerade, ShardedMasquerade
from bot.settings import Settings
from bot.stalls import LONGEST_STALL, LoopWatch
from bot.vitals import Link, Vitals
from cogs.health import Health
from tests.builders import Table
from tests.fakes import EPOCH


class Jobs:
    """Keeps what was to be run, and how often."""

    def __init__(self) -> None:
        self.added: list[tuple[float, Any, str]] = []

    def every(self, seconds: float, job: Any, *, name: str) -> None:
        self.added.append((seconds, job, name))

    def reports(self) -> list[Any]:
        return []


class Bot:
    """As much of a bot as the monitor looks at; what the app has of it is real."""

    def __init__(self, at: Table, latencies: dict[int, float], **settings: Any) -> None:
        self.latencies = latencies
        self.settings = Settings(data_dir=at.database.path.parent, **settings)
        self.schedule, self.outlet = Jobs(), SimpleNamespace(untold=0)
        self.guilds = [object()] * 3
        self.told = Notices()
        self.health = health_of(self.settings, at.database, at.conversation, self.schedule, self.told)  # type: ignore[arg-type]
        self.app, self.ready = self, True

    def shard_latencies(self) -> dict[int, float]:
        return self.latencies

    def is_ready(self) -> bool:
        return self.ready

    def is_closed(self) -> bool:
        return False


@pytest.fixture
def monitor(at_table):
    def make(**latencies: float) -> tuple[Health, Bot]:
        bot = Bot(at_table, {int(shard[1:]): seconds for shard, seconds in latencies.items()})
        return Health(bot), bot  # type: ignore[arg-type]

    return make


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.INFO, logger="cogs.health")
    caplog.set_level(logging.INFO, logger="bot.stalls")


def warnings(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def reports(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.INFO]


def vitals(latencies: dict[int, float]) -> Vitals:
    return Vitals(EPOCH, 1.0, Link(latencies))


async def test_a_latency_of_1_2_seconds_is_one_warning_per_tick(caplog, monitor):
    health, _ = monitor(s0=1.2)
    for ticks in range(1, 10):
        await health.tick()
        assert warnings(caplog) == ["High latency: shard 0: 1.20 s"] * ticks
    assert reports(caplog) == []


async def test_two_slow_shards_are_one_warning_too(caplog, monitor):
    health, _ = monitor(s0=1.2, s1=0.1, s2=3.456)
    await health.tick()
    assert warnings(caplog) == ["High latency: shard 0: 1.20 s, shard 2: 3.46 s"]


@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0])
async def test_a_usual_latency_is_no_warning(caplog, monitor, seconds):
    health, _ = monitor(s0=seconds)
    await health.tick()
    assert warnings(caplog) == []


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf])
async def test_before_the_first_heartbeat_there_is_no_latency(caplog, monitor, seconds):
    health, _ = monitor(s0=seconds, s1=1.2)
    for _ in range(10):
        await health.tick()
    assert warnings(caplog) == ["High latency: shard 1: 1.20 s"] * 10
    assert len(reports(caplog)) == 1


async def test_without_a_connection_a_tick_does_no_harm(caplog, monitor):
    health, _ = monitor()
    for _ in range(10):
        await health.tick()
    assert warnings(caplog) == []
    assert reports(caplog) == ["Connected to 3 servers, latency unknown"]


async def test_each_tenth_tick_reports(caplog, monitor):
    health, bot = monitor(s0=0.1)
    for tick in range(1, 31):
        bot.latencies = {0: 0.1 * (tick % 3)}
        await health.tick()
        assert len(reports(caplog)) == tick // 10
    assert reports(caplog)[0] == "Connected to 3 servers, latency 100 ms"
    assert warnings(caplog) == []


async def test_the_monitor_is_a_job_of_every_thirty_seconds(monitor):
    health, bot = monitor()
    assert bot.schedule.added == [(30, health.tick, "heartbeat")]


async def test_shards_and_resumed_sessions_are_reported(caplog, monitor):
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
    slow = [vitals(one.shard_latencies()).slow(1.0) for one in (Plain(), Sharded())]
    assert slow == ["shard 0: 1.50 s", ""]


# --- The loop ------------------------------------------------------------------------------------


async def test_a_loop_that_is_held_up_is_one_warning(caplog):
    stalls = LoopWatch()
    assert stalls.worst == 0
    watch = asyncio.create_task(stalls.run(0.05))
    await asyncio.sleep(0.12)
    assert warnings(caplog) == []
    time.sleep(LONGEST_STALL + 0.2)
    await asyncio.sleep(0.12)
    watch.cancel()
    assert len(warnings(caplog)) == 1
    assert "stood still" in warnings(caplog)[0]
    assert stalls.worst > LONGEST_STALL
