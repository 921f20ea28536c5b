"""The heartbeat monitor (C07, F017)."""

import asyncio
import logging
import math
import re
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from bot.app import Notices, alerts_of
from bot.core.stalls import LONGEST_STALL, LoopWatch
from bot.discord.client import Masquerade
from bot.discord.connection import ShardedMasquerade
from bot.features.operations.health import Health as OwnHealth
from bot.features.operations.vitals import Link, Vitals
from bot.llm.breaker import Breaker
from bot.llm.errors import ClaudeDenied, ClaudeTimeout
from bot.settings import Settings
from cogs.health import HealthCog
from database import DatabaseError, DatabaseTaken
from tests.builders import Table
from tests.fakes import EPOCH
from tests.support.commands import show_to
from tests.support.log_channel import Office, office, without_moments


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
        self.breaker = Breaker(at.clock, tell=self.told, ease=self.told.ease)
        self.health = OwnHealth(
            database=at.database,
            rooms=at.app.rooms,
            schedule=self.schedule,  # type: ignore[arg-type]
            clock=at.clock,
            alerts=alerts_of(self.settings, self.told),
            breaker=self.breaker,
            settings=self.settings,
        )
        self.app, self.ready = self, True

    def shard_latencies(self) -> dict[int, float]:
        return self.latencies

    def is_ready(self) -> bool:
        return self.ready

    def is_closed(self) -> bool:
        return False


@pytest.fixture
def monitor(at_table):
    def make(**latencies: float) -> tuple[HealthCog, Bot]:
        bot = Bot(at_table, {int(shard[1:]): seconds for shard, seconds in latencies.items()})
        return HealthCog(bot), bot  # type: ignore[arg-type]

    return make


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.INFO, logger="cogs.health")
    caplog.set_level(logging.INFO, logger="bot.core.stalls")


def warnings(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def reports(caplog) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.INFO]


def vitals(latencies: Mapping[int, float]) -> Vitals:
    return Vitals(EPOCH, 1.0, Link(latencies))


async def test_a_latency_of_1_2_seconds_is_one_warning_per_tick(caplog, monitor):
    health, _ = monitor(s0=1.2)
    for ticks in range(1, 10):
        await health.tick()
        assert warnings(caplog) == ["High latency: shard 0: 1.20 s"] * ticks
    assert reports(caplog) == []


async def test_the_log_is_warned_each_tick_and_the_log_channel_told_once(caplog, monitor):
    """C07 asks for one warning per tick, the operator for no storm: so it is each in its own place."""
    health, bot = monitor(s0=1.2)
    told: list[str] = []
    bot.told.listeners.append(told.append)
    for _ in range(20):
        await health.tick()
    assert len(warnings(caplog)) == 20
    (alert,) = told
    assert alert.startswith("Alert: Discord answers slowly (shard 0: 1.20 s).")
    bot.latencies = {0: 0.1}
    for _ in range(20):
        await health.tick()
    assert told[1:] == ["Over: Discord answers as fast as usual again."]
    assert len(warnings(caplog)) == 20


async def test_what_is_looked_at_is_set_by_the_operator(caplog, at_table):
    bot = Bot(at_table, {0: 0.4}, heartbeat_seconds=5, latency_warning_seconds=0.3, heartbeat_status_ticks=2)
    health = HealthCog(bot)  # type: ignore[arg-type]
    assert bot.schedule.added[0][0] == 5
    for _ in range(4):
        await health.tick()
    assert warnings(caplog) == ["High latency: shard 0: 0.40 s"] * 4
    assert len(reports(caplog)) == 2


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


# --- In Discord -----------------------------------------------------------------------------------


@pytest.fixture
async def at_office(tmp_path):
    async with office(tmp_path) as entered:
        at = entered
        at.client.shard_latencies = lambda: {0: 0.045}
        show_to(at.world, at.olga)
        # The office goes by another clock from here on, and nothing is late by that.
        at.app.schedule._began = at.app.clock.monotonic()
        for job in at.app.schedule._jobs.values():
            job.done = at.app.clock.monotonic()
        yield at


async def tick(at: Office, times: int = 1) -> None:
    with at.env._bot_scope():
        for _ in range(times):
            await at.client.get_cog("HealthCog").tick()
    await at.env.settle()


async def asked(at: Office, who: Any, command: str) -> str:
    """Return what a command answers, all of it."""
    result = await who.slash(at.channel, command)
    return "\n".join([result.response.content, *(one.content for one in result.followups)])


async def test_health_is_one_sentence_for_people_and_all_of_it_for_operators(at_office):
    at = at_office
    assert await asked(at, at.mira, "health") == (
        "Nothing has been checked yet: the first check comes 3600 seconds after the start. Ask again then."
    )
    await tick(at)
    assert await asked(at, at.mira, "health") == (
        "I am well: Discord answers in 45 ms, and nothing is broken that I know of."
    )
    told = without_moments(await asked(at, at.olga, "health")).splitlines()
    assert told[0] == "All is well."
    assert told[1] == "- Discord: latency 45 ms, 1 servers"
    assert told[2].startswith("- event loop: ")
    assert told[3] == (
        "- waiting: 0 messages in 0 channels, 0 replies not said yet, 0 lines for the log channel, 0 writers"
    )
    assert told[4] == "- model, last 15 minutes: 0 calls, 0 failed"
    assert told[5].startswith("- database 0.")
    assert told[6] == f"- jobs: {len(at.app.schedule.names) - 1}, all as they should be"
    assert told[7] == "- looked at <t:R>"


async def test_people_are_told_that_something_is_wrong_and_operators_what(at_office):
    at = at_office
    at.client.shard_latencies = lambda: {0: 2.5}
    await tick(at, 3)
    assert await asked(at, at.mira, "health") == (
        "Something is not as it should be, and the bot's operators are told. Replies may come late."
    )
    told = await asked(at, at.olga, "health")
    assert told.startswith("Alerts are on: latency. docs/operating.md says what each means")


async def test_an_alert_comes_to_the_log_channel_once_and_its_end_too(at_office):
    at = at_office
    at.client.shard_latencies = lambda: {0: 2.5}
    await tick(at, 10)
    await at.env.advance_time(10)
    at.client.shard_latencies = lambda: {0: 0.1}
    await tick(at, 10)
    await at.env.advance_time(10)
    posted = [line for text in at.answers for line in text.splitlines() if line.startswith(("Alert", "Over"))]
    assert posted == [
        "Alert: Discord answers slowly (shard 0: 2.50 s). Look up \u201clatency\u201d in docs/operating.md.",
        "Over: Discord answers as fast as usual again.",
    ]


async def test_failing_calls_are_told_by_what_came_of_them(at_office):
    at = at_office
    at.claude.will_say(ClaudeTimeout("late"), "Hm.")
    for text in ("Pixel, one", "Pixel, two"):
        await at.mira.send(at.channel, text)
    await tick(at)
    assert "- model, last 15 minutes: 2 calls, 1 failed (timeout 1)" in await asked(at, at.olga, "health")


async def test_status_in_the_log_channel_tells_how_everything_fares_and_nothing_twice(at_office):
    await tick(at_office)
    [told] = await at_office.order("status")
    assert told.count("latency") == 1
    assert "\n\nAll is well.\n- event loop: " in told
    assert len(told) <= 2000


async def test_jobs_are_told_in_the_log_channel_and_by_admin_jobs(at_office):
    at = at_office
    await at.app.schedule.run("check the whole database")
    await at.app.schedule.run("forget what expired")
    [told] = await at.order("jobs")
    lines = without_moments(told).splitlines()
    assert lines[0] == f"**{len(at.app.schedule.names) - 1} jobs**, all as they should be"
    assert "- **forget what is past its time**: every 1 h; not run yet; next <t:R>" in lines
    (checked,) = [line for line in lines if "check the whole database" in line]
    assert re.fullmatch(
        r"- \*\*check the whole database\*\*: daily from 05:00; last <t:R>, took \d.*; next <t:R>", checked
    )
    assert ("jobs", "") in await at.done()
    shown = without_moments(await asked(at, at.olga, "admin jobs"))
    assert set(lines[1:]) <= set(shown.splitlines())
    assert "**Runs worth noting**, the newest first" in shown
    assert re.search(r"- <t:R> check the whole database: ok after \d", shown)


@pytest.mark.parametrize(
    ("what", "word", "mend"),
    [
        ("key", "key", "`anthropic_api_key`"),
        ("permission", "use the model", "the account's console"),
        ("billing", "payment", "the account's console"),
    ],
)
async def test_who_is_locked_out_by_the_models_server_is_not_well(at_office, what, word, mend):
    at = at_office
    await tick(at)
    breaker: Any = at.app.health._breaker
    breaker.open(ClaudeDenied("401: invalid x-api-key", what), "sk-ant-mistyped")
    short = without_moments(await asked(at, at.mira, "health"))
    assert short.startswith("I have had no answer for anybody since <t:")
    assert word in short and short.endswith("The bot's operators have been told.")
    (head, *_), [status] = (await asked(at, at.olga, "health")).splitlines(), await at.order("status")
    assert head.startswith("Nobody has been answered since <t:") and word in head and mend in head
    assert head in status
    assert at.app.health.fault().startswith(str(breaker.lockout))
    breaker.close()
    assert (await asked(at, at.mira, "health")).startswith("I am well")
    assert at.app.health.fault() == ""


async def test_a_job_in_trouble_stands_first_and_says_what_it_is(at_office):
    at = at_office

    async def fail() -> None:
        raise OSError("disk of Mira")

    at.app.schedule._jobs["say what is due"].work = fail
    for _ in range(3):
        await at.app.schedule.run("say what is due")
    [told] = await at.order("jobs")
    lines = without_moments(told).splitlines()
    assert lines[0] == f"**{len(at.app.schedule.names) - 1} jobs**, 1 in trouble"
    assert lines[1].startswith(
        "- \N{WARNING SIGN} **say what is due**: every 30 s; last <t:R> failed (OSError), 3 in a row; next"
    )
    assert "Mira" not in told
    await tick(at)
    assert "- jobs: 1 of" in await asked(at, at.olga, "health")


async def test_many_jobs_fit_into_one_message_of_the_log_channel(at_office):
    at = at_office

    async def nothing() -> None: ...

    for number in range(40):
        at.app.schedule.every(30, nothing, name=f"a job with quite a long name {number}")
    [told] = await at.order("jobs")
    assert len(told) <= 2000
    assert re.search(r"… and \d+ more: `/admin jobs` shows all\.$", told)
    assert "quite a long name 39" in await asked(at, at.olga, "admin jobs")


async def test_administrators_of_a_server_do_not_see_the_jobs(at_office):
    at = at_office
    assert "for the bot's operators alone" in await asked(at, at.root, "admin jobs")


async def test_a_database_that_can_not_be_written_to_is_no_good_health(caplog, monitor, monkeypatch):
    health, bot = monitor(s0=0.1)

    async def fails() -> None:
        raise faults[0]

    faults: list[DatabaseError] = [DatabaseTaken("another has it")]
    with monkeypatch.context() as patch:
        patch.setattr(bot.app.health._database, "check_writer", fails)
        for _ in range(3):
            await health.tick()
        assert bot.app.health.fault() == "The database can't be read."
        assert "database" in bot.app.health.alerts.on
        assert "".join(one.getMessage() for one in caplog.records).count("another has it") == 1
        faults[0] = DatabaseError("readonly")
        await health.tick()
        assert bot.app.health.fault()
    await health.tick()
    assert bot.app.health.fault() == ""
