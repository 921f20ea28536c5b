"""Operating: how it starts, how it stops, and what becomes of a talk in between."""

import asyncio
import signal

import pytest

from tests.promises.quoting import promise
from tests.promises.stage import Stage
from tests.world import discord_faults as faults

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]


@promise("operating.md", "who turned to a character is answered for `answer_missed_minutes`")
@promise("operating.md", "it stops on SIGTERM within `drain_seconds` (10) and a little")
@promise("operating.md", "0 | done, or stopped as asked")
async def test_a_reply_under_way_is_said_before_the_end_and_what_is_said_meanwhile_after_the_start(
    stage: Stage,
):
    mira = stage.somebody("Mira")
    channel = stage.discord.dm_with(mira)
    await stage.ask(mira, channel, "{}")
    stage.claude.delay = 2.0
    under_way, meanwhile = stage.word(), stage.word()
    await mira.say(channel, under_way)
    await stage.until(lambda: stage.prompts(under_way), "the question to Claude")
    assert await stage.stop() == 0
    await stage.reply_with(channel, under_way)
    stage.claude.delay = 0.0
    await mira.say(channel, f"are you there? {meanwhile}")
    await stage.start()
    await stage.reply_with(channel, meanwhile)
    assert under_way in stage.prompts(meanwhile)[-1].text, "it knows what was said before"
    answers = [each.content for each in channel.said_by(stage.discord.bot)]
    assert answers.count(f"You said {under_way}.") == 1


@promise("operating.md", "restart; nothing is lost")
async def test_a_power_cut_in_the_middle_of_a_reply_loses_nothing(stage: Stage):
    mira = stage.somebody("Mira")
    channel = stage.discord.dm_with(mira)
    await stage.ask(mira, channel, "{}")
    stage.claude.delay = 5.0
    word = stage.word()
    await mira.say(channel, word)
    await stage.until(lambda: stage.prompts(word), "the question to Claude")
    await stage.stop(signal.SIGKILL)
    stage.claude.delay = 0.0
    await stage.start()
    await stage.reply_with(channel, word)
    await asyncio.sleep(3)
    assert [each.content for each in channel.said_by(stage.discord.bot)].count(f"You said {word}.") == 1


@promise("operating.md", "Only one process may run on a `data_dir`: a second one says so and ends with 78.")
@promise(
    "operating.md", "`python main.py backup FILE` | writes a complete copy of the database; the bot may run"
)
@promise("administration.md", "`restore` wants the bot to be stopped.")
async def test_a_second_one_is_refused_and_a_backup_is_not(stage: Stage):
    second = await asyncio.to_thread(stage.clone.main, "run")
    assert second.code == 78
    assert "already runs" in second.said
    copy = await asyncio.to_thread(stage.clone.main, "backup", "monday.sqlite3")
    assert copy.code == 0, copy.said
    assert (stage.clone.folder / "monday.sqlite3").stat().st_mode & 0o077 == 0
    restored = await asyncio.to_thread(stage.clone.main, "restore", "monday.sqlite3")
    assert restored.code != 0


@promise(
    "safety.md",
    "When Discord refuses the token nothing is sent any more, and the bot stops with exit code 78",
)
async def test_a_token_that_is_refused_ends_it_with_78(stage: Stage):
    mira = stage.somebody("Mira")
    stage.discord.faults.on("*", r".*", then=faults.unauthorized(), times=1_000)
    await mira.dm("hello?")
    assert await stage.ended() == 78
    stage.discord.faults.clear()
    await stage.start()
