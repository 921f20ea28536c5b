"""Metrics and /healthz on a port of this machine, and the health check without a port (F017)."""

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.cli.main import main
from bot.features.operations.alerts import BEGUN
from bot.features.operations.heartbeat import NAME, READY, STALE_TICKS, check_heartbeat, write_heartbeat
from bot.features.operations.metrics import HOST, PREFIX, MetricsServer
from tests.support.discord import World, world
from tests.support.paths import ROOT


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, heartbeat_seconds=30) as entered:
        yield entered


@pytest.fixture
async def served(w: World, unused_port: int) -> AsyncIterator[MetricsServer]:
    server = MetricsServer(w.app.health, unused_port)
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


async def tick(w: World, **latencies: float) -> None:
    known = {int(shard[1:]): seconds for shard, seconds in latencies.items()}
    if known:
        w.client.shard_latencies = lambda: known  # type: ignore[method-assign]
    health: Any = w.client.get_cog("HealthCog")
    with w.env._bot_scope():
        await health.tick()


async def get(server: MetricsServer, path: str) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{HOST}:{server.port}{path}") as one:
        return one.status, one.headers["Content-Type"], await one.text()


async def metrics(server: MetricsServer) -> dict[str, dict[str, float]]:
    """Return the values by metric and by label, read with the library's own parser."""
    _, kind, text = await get(server, "/metrics")
    assert kind.startswith("text/plain")
    return {
        family.name.removeprefix(f"{PREFIX}_"): {
            ", ".join(one.labels.values()): one.value for one in family.samples
        }
        for family in text_string_to_metric_families(text)
    }


async def test_the_vitals_are_told_to_prometheus(w, served):
    await w.mira.send(w.channel, "Pixel, hello")
    await w.app.schedule.run("forget what expired")
    await tick(w, s0=1.25, s1=float("nan"))
    told = await metrics(served)
    assert told["ready"] == {"": 1.0}
    assert told["latency_seconds"] == {"0": 1.25}
    assert told["servers"] == {"": 1.0}
    assert told["model_calls"] == {"ok": 1.0}
    assert told["queue_length"].keys() == {"channels", "messages", "replies", "writers", "log channel"}
    assert told["alert"] == dict.fromkeys(BEGUN, 0.0)
    assert told["job_failures"].keys() == set(w.app.schedule.names)
    assert told["job_age_seconds"]["forget what expired"] >= 0
    assert told["job_duration_seconds"].keys() == {"forget what expired"}
    assert told["database_bytes"][""] > 10_000
    assert told["disk_free_bytes"][""] > 0


async def test_before_the_first_look_there_is_little_to_tell(w, served):
    told = await metrics(served)
    assert told.keys() == {"ready", "alert"}
    assert told["ready"] == {"": 0.0}


async def test_an_alert_that_is_on_is_a_one(w, served):
    for _ in range(3):
        await tick(w, s0=3.0)
    assert (await metrics(served))["alert"]["latency"] == 1.0


async def test_no_word_and_no_id_of_anybody_is_told(w, served):
    await w.mira.send(w.channel, "Pixel, my canary is called Quill")
    await w.mira.send_dm("canary in private")
    await tick(w, s0=0.1)
    _, _, text = await get(served, "/metrics")
    assert "canary" not in text.casefold()
    assert re.search(r"\d{17,}", text) is None, "a snowflake"
    assert "mira" not in text.casefold()


async def test_healthz_says_ok_when_all_is_well_and_why_not_otherwise(w, served):
    assert await get(served, "/healthz") == (503, "text/plain; charset=utf-8", "It is still starting.\n")
    await tick(w, s0=0.1)
    assert (await get(served, "/healthz"))[::2] == (200, "ok\n")
    w.client.is_ready = lambda: False
    await tick(w, s0=0.1)
    assert (await get(served, "/healthz"))[::2] == (503, "Discord is not connected.\n")
    clock: Any = w.app.clock
    clock._monotonic += STALE_TICKS * 30 + 1
    assert (await get(served, "/healthz"))[2].startswith("Nobody looked for too long")


async def test_a_database_that_cannot_be_read_is_no_health(w, served, monkeypatch):
    def refuse(*, brief: bool = False) -> None:
        from database import DatabaseError

        raise DatabaseError("damaged")

    monkeypatch.setattr(w.app.database, "read", refuse)
    await tick(w, s0=0.1)
    assert (await get(served, "/healthz"))[::2] == (503, "The database can't be read.\n")
    heartbeat = w.app.settings.data_dir / NAME
    assert heartbeat.read_text() == "The database can't be read.\n"


async def test_it_listens_on_this_machine_alone_and_answers_nothing_else(served):
    assert served._runner.addresses == [(HOST, served.port)]
    for path in ("/", "/metrics/x", "/../config.env"):
        assert (await get(served, path))[0] == 404
    async with aiohttp.ClientSession() as session:
        answer = await session.post(f"http://{HOST}:{served.port}/metrics", data=b"x")
        assert answer.status == 405


async def test_a_port_that_is_taken_stops_nothing_else(w, served, caplog):
    second = MetricsServer(w.app.health, served.port)
    await second.start()
    assert f"port {served.port} (metrics_port) is taken" in caplog.text
    assert second.port == 0
    await second.close()


async def test_the_port_is_off_by_default_and_opened_by_the_setting(tmp_path, unused_port):
    async with world(tmp_path, heartbeat_seconds=30) as quiet:
        assert quiet.app.settings.metrics_port == 0
        cog: Any = quiet.client.get_cog("HealthCog")
        assert cog._server is None
    async with world(tmp_path, heartbeat_seconds=30, metrics_port=unused_port) as open_one:
        cog = open_one.client.get_cog("HealthCog")
        assert cog._server.port == unused_port
        await open_one.client.remove_cog("HealthCog")
        assert cog._server.port == 0


# --- Without a port -------------------------------------------------------------------------------


def test_a_heartbeat_is_healthy_while_it_is_young_and_ready(tmp_path):
    assert check_heartbeat(tmp_path, longest=120) == (
        False,
        f"Not healthy: there is no {tmp_path / NAME}, so the bot never came up with this data_dir.",
    )
    write_heartbeat(tmp_path, READY)
    healthy, sentence = check_heartbeat(tmp_path, longest=120)
    assert healthy
    assert sentence.startswith("Healthy: ")
    write_heartbeat(tmp_path, "Discord is not connected.")
    assert check_heartbeat(tmp_path, longest=120) == (
        False,
        "Not healthy: Discord is not connected. The log says more.",
    )
    write_heartbeat(tmp_path, READY)
    old = (tmp_path / NAME).stat().st_mtime - 121
    os.utime(tmp_path / NAME, (old, old))
    healthy, sentence = check_heartbeat(tmp_path, longest=120)
    assert not healthy
    assert re.search(r"no sign of life for 12\d seconds", sentence)
    assert [one.name for one in tmp_path.iterdir()] == [NAME]


def test_healthcheck_is_a_command_with_an_exit_code(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.env").write_text("data_dir=kept\nheartbeat_seconds=10\n")
    (tmp_path / "kept").mkdir()
    assert main(["healthcheck"]) == 1
    write_heartbeat(tmp_path / "kept", READY)
    assert main(["healthcheck"]) == 0
    old = (tmp_path / "kept" / NAME).stat().st_mtime - STALE_TICKS * 10 - 1
    os.utime(tmp_path / "kept" / NAME, (old, old))
    assert main(["healthcheck"]) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Not healthy",
        "Healthy",
        "Not healthy",
    ]
    (tmp_path / "config.env").write_text("heartbeat_seconds=soon\n")
    assert main(["healthcheck"]) == 78


async def test_the_health_check_loads_nothing_heavy(tmp_path):
    """Docker asks each half minute: importing Discord and Claude takes seconds of CPU."""
    code = (
        "import sys; from bot.cli.main import main; main(['healthcheck']);"
        "print(sorted({'discord', 'anthropic', 'sqlalchemy', 'numpy'} & set(sys.modules)))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert out.decode().splitlines()[-1] == "[]"


async def test_each_tick_writes_the_heartbeat(w):
    assert not (w.app.settings.data_dir / NAME).exists()
    await tick(w, s0=0.1)
    assert (w.app.settings.data_dir / NAME).read_text() == f"{READY}\n"
