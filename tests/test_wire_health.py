"""Health on the real wire: a whole process, asked from outside (F017)."""

import asyncio
import socket

import aiohttp
import pytest

from tests.world.process import BotProcess, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def healthz(port: int) -> tuple[int, str]:
    """Return what the bot answers; (0, "") where nobody answers."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/healthz") as one:
            return one.status, await one.text()
    except aiohttp.ClientConnectionError:
        return 0, ""


async def until_healthy(bot: BotProcess, port: int) -> None:
    async with asyncio.timeout(60):
        while await healthz(port) != (200, "ok\n"):
            await asyncio.sleep(0.2)


async def test_a_running_bot_is_healthy_by_port_and_by_file_and_a_killed_one_is_not(tmp_path):
    port = unused_port()
    async with world(tmp_path, METRICS_PORT=str(port), HEARTBEAT_SECONDS="1") as bot:
        bot.discord.add_guild("The Guild")
        code, printed = await bot.command("healthcheck")
        assert (code, printed.startswith("Not healthy: there is no ")) == (1, True)
        await bot.start()
        await until_healthy(bot, port)
        code, printed = await bot.command("healthcheck")
        assert (code, printed.startswith("Healthy: ")) == (0, True)
        await bot.kill()
        assert await healthz(port) == (0, "")
        await asyncio.sleep(4.5)
        code, printed = await bot.command("healthcheck")
        assert (code, "no sign of life" in printed) == (1, True)
        await bot.start()
        await until_healthy(bot, port)
        assert await bot.terminate() == 0
        assert await healthz(port) == (0, "")
        assert "Traceback" not in bot.log


async def test_without_the_setting_no_port_is_opened(tmp_path):
    async with world(tmp_path, HEARTBEAT_SECONDS="1") as bot:
        bot.discord.add_guild("The Guild")
        await bot.start()
        assert "/healthz" not in bot.log
        assert await bot.terminate() == 0
