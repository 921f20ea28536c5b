"""The heartbeat monitor (C07, F017)."""

import asyncio
import logging
import math
import time
from typing import Any

import pytest

from bot.client import Masquerade, ShardedMasquerade
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


# --- The loop ------------------------------------------------------------------------------------


async def test_a_loop_that_is_held_up_is_one_warning(caplog):
    watch = asyncio.create_task(watch_loop(0.05))
    await asyncio.sleep(0.12)
    assert warnings(caplog) == []
    time.sleep(LONGEST_STALL + 0.2)
    await asyncio.sleep(0.12)
    watch.cancel()
    assert len(warnings(caplog)) == 1
    assert "stood still" in warnings(caplog)[0]
