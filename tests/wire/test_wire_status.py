"""The status on the real wire: what Discord is told, and how often (F114, C81)."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.world.process import BotProcess, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
THOUGHT = "Pondering the existence of sharks."


def shown(bot: BotProcess) -> list[tuple[str, int]]:
    """Return name and type of each activity that Discord was told after the connection stood."""
    told: list[Any] = bot.discord.gateway.presences
    return [(one["name"], one["type"]) for said in told for one in said["activities"]]


def keep(bot: BotProcess, **values: str) -> None:
    with closing(sqlite3.connect(bot.data / "masquerade.sqlite3")) as connection:
        rows = [(key.replace("_", " "), value) for key, value in values.items()]
        connection.executemany("INSERT OR REPLACE INTO global_state (key, value) VALUES (?, ?)", rows)
        connection.commit()


async def begin_anew(bot: BotProcess) -> None:
    """Let the session be lost, and wait for the next one."""
    before = len(bot.discord.gateway.identifies)
    bot.discord.gateway.invalidate_sessions()
    await bot.discord.gateway.ask_to_reconnect()
    await bot.discord.wait_until(
        lambda: len(bot.discord.gateway.identifies) > before, timeout=30, what="a new session"
    )


async def test_a_status_is_told_once_after_a_start_and_not_again_by_a_storm_of_reconnects(tmp_path):
    async with world(tmp_path) as bot:
        bot.discord.add_guild("The Guild")
        await bot.start()
        assert shown(bot) == []
        assert await bot.terminate() == 0
        keep(bot, status_pixel=THOUGHT)
        await bot.start()
        await bot.discord.wait_until(lambda: shown(bot), timeout=30, what="the presence")
        for _ in range(3):
            await begin_anew(bot)
        assert shown(bot) == [(THOUGHT, 0)]
        newest = bot.discord.gateway.identifies[-1].presence
        assert newest is not None
        activity = newest["game"]  # as discord.py sends it
        assert (activity["name"], activity["type"]) == (THOUGHT, 0)
        assert bot.claude.requests == []
        assert THOUGHT not in bot.log
