"""What the console answers to machines, where its port is that of the metrics."""

from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.console.conftest import free_port
from tests.support.discord import world


async def asked(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Ask for a page without a cookie; return the status and the text."""
    headers = {"Host": f"{host}:{port}"}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.slow
async def test_with_one_port_for_both_the_console_answers_machines_and_no_second_server_is_started(
    tmp_path, caplog
):
    port = free_port()
    origin = "https://masks.example.org"
    async with world(tmp_path, console_port=port, metrics_port=port, console_origin=origin) as w:
        assert (await asked(port, "/healthz"))[0] == 503, "it is still starting"
        health: Any = w.client.get_cog("HealthCog")
        with w.env._bot_scope():
            await health.tick()
        assert await asked(port, "/healthz", "localhost") == (200, "ok\n")
        status, text = await asked(port, "/metrics")
        assert status == 200
        assert "masquerade_servers" in {family.name for family in text_string_to_metric_families(text)}
        for path in ("/healthz", "/metrics"):
            assert (await asked(port, path, "evil.example"))[0] == 400
            assert (await asked(port, path, "masks.example.org"))[0] == 401, "through the proxy"
        assert (await asked(port, "/"))[0] == 401
        assert health._server is None
        await w.client.remove_cog("ConsoleCog")
    assert "is taken" not in caplog.text


@pytest.mark.slow
async def test_with_a_port_of_their_own_the_metrics_stay_where_they_were(tmp_path):
    port, own = free_port(), free_port()
    async with world(tmp_path, console_port=port, metrics_port=own) as w:
        assert (await asked(own, "/metrics"))[0] == 200
        for path in ("/healthz", "/metrics"):
            assert (await asked(port, path))[0] == 404
        for name in ("ConsoleCog", "HealthCog"):
            await w.client.remove_cog(name)
