"""main.py as a process with its database on a PostgreSQL server: killed, doubled, and without its server."""

import asyncio
from pathlib import Path
from signal import SIGTERM

import pytest

from tests.postgres import PASSWORD, Server
from tests.world.process import BotProcess, beside, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
async def bot(tmp_path: Path, url: str):
    async with world(tmp_path, DATABASE_URL=url) as started_later:
        yield started_later


def unspoilt(bot: BotProcess) -> None:
    assert "Traceback" not in bot.log, bot.log
    assert PASSWORD not in bot.log
    assert "canary" not in bot.log
    assert not list(bot.data.glob("*.sqlite3*"))


async def test_two_bots_never_speak_for_one_database(bot, url):
    mira = bot.discord.add_user("Mira")
    bot.claude.will_say("hello Mira", "hello again")
    await bot.start()
    await mira.dm("hi there")
    await bot.discord.wait_for_message(mira.dm_channel)
    async with beside(bot, bot.discord.add_bot("Second"), DATABASE_URL=url) as second:
        await second.start(wait=False)
        await logged(second, "Another Masquerade runs on the PostgreSQL database")
        assert "It is tried again for up to 90 seconds." in second.log
        await mira.dm("still there?")
        assert (await bot.discord.wait_for_message(mira.dm_channel)).content == "hello again"
        assert second.process is not None
        assert second.process.returncode is None
        assert await second.terminate() == -SIGTERM
        unspoilt(second)
    assert await bot.terminate() == 0
    unspoilt(bot)


async def logged(bot, sentence):
    """Wait until a process says something."""
    async with asyncio.timeout(30):
        while sentence not in bot.log:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("stage", ["noted", "composed", "pledged", "part_posted:2", "part_said", "settled"])
async def test_killed_at_any_stage_it_says_its_reply_once_after_the_restart(bot, postgres, url, stage):
    words = [letter * 1_900 for letter in "abc"]
    bot.claude.answer_with(" ".join(words))
    mira = bot.discord.add_user("Mira")
    await bot.start(crash_at=stage)
    await mira.dm("tell me everything")
    assert await bot.ended() == -9
    await bot.start()
    await bot.discord.wait_until(
        lambda: len(mira.dm_channel.said_by(bot.discord.bot)) >= 3, timeout=30, what="three parts"
    )
    said = "SELECT count(*) FROM turns WHERE state = 'said'"
    while postgres.tell(said, url.rpartition("/")[2]) != "1":
        await asyncio.sleep(0.1)
    assert [one.content for one in mira.dm_channel.said_by(bot.discord.bot)] == words
    assert await bot.terminate() == 0
    assert postgres.tell("SELECT count(*) FROM messages", url.rpartition("/")[2]) == "4"
    unspoilt(bot)


async def test_a_server_that_restarts_meanwhile_loses_no_message(bot, postgres: Server):
    mira = bot.discord.add_user("Mira")
    bot.claude.will_say("first", "second")
    await bot.start()
    await mira.dm("one?")
    assert (await bot.discord.wait_for_message(mira.dm_channel)).content == "first"
    await asyncio.to_thread(postgres.stop, at_once=True)
    await asyncio.to_thread(postgres.start)
    await mira.dm("two?")
    assert (await bot.discord.wait_for_message(mira.dm_channel)).content == "second"
    assert await bot.terminate() == 0
    unspoilt(bot)


async def test_without_its_server_it_says_so_and_may_be_started_again(bot):
    bot.settings["DATABASE_URL"] = "postgresql://masquerade:canary@127.0.0.1:1/nowhere"
    await bot.start(wait=False)
    await logged(bot, "can't be reached")
    assert "It is tried again for up to 300 seconds." in bot.log
    assert await bot.terminate() == -SIGTERM
    unspoilt(bot)
