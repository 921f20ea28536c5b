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


async def test_a_refused_key_is_told_to_everybody_who_asks_and_a_mended_one_taken_at_the_next_message(
    tmp_path,
):
    async with world(tmp_path, ANTHROPIC_API_KEY="", HEARTBEAT_SECONDS="1") as bot:
        config = tmp_path / "config.env"
        config.write_text("anthropic_api_key=sk-ant-mistyped\n")
        guild = bot.discord.add_guild("The Guild")
        channel = guild.add_text_channel("general")
        people = [bot.discord.add_user(name) for name in ("Mira", "Tom", "Ada")]
        mira = people[0]
        for one in people:
            guild.add_member(one)
        await bot.start()
        for one in people:
            await one.say(channel, f"are you there, <@{bot.discord.bot.id}>?")
            await bot.discord.wait_for_message(channel, timeout=20)
        await mira.say(channel, "Pixel?")  # she had her line here within the hour
        private = (await mira.dm("hello?")).channel
        await bot.discord.wait_for_message(private, timeout=20)
        assert len(bot.claude.requests) == 1
        await asyncio.sleep(1.5)
        code, printed = await bot.command("healthcheck")
        assert (code, "the model's server refuses the key (anthropic_api_key). " in printed) == (1, True)
        config.write_text(f"anthropic_api_key={bot.claude.api_key}\n")
        bot.claude.will_say("here I am")
        await mira.say(channel, "Pixel, and now?")
        answer = await bot.discord.wait_for_message(channel, timeout=20)
        assert answer.content == "here I am"
        await asyncio.sleep(1.5)
        assert (await bot.command("healthcheck"))[0] == 0
        assert len([one for one in bot.discord.bot_messages if one.channel is channel]) == 4
        assert await bot.terminate() == 0
        assert bot.claude.api_key not in bot.log
        assert "Traceback" not in bot.log
