"""Typing as shipped: what holds while the character types."""

import asyncio

import pytest

from tests.promises.quoting import promise
from tests.promises.stage import STILL, Stage

SETTINGS = {"bot_reply_threshold": "2"}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]


@promise("README.md", "types at a human pace")
@promise("README.md", "An edit made while it types counts.")
async def test_an_edit_made_while_it_types_counts(stage: Stage):
    mira = stage.somebody("Mira")
    channel = stage.discord.dm_with(mira)
    first, second = stage.word(), stage.word()
    said = await mira.say(channel, f"I like {first}")
    await stage.until(lambda: stage.prompts(first) and channel.typed_at, "typing")
    assert not any(first in each.content for each in channel.said_by(stage.discord.bot))
    await mira.edit(said, f"I like {second}")
    await stage.reply_with(channel, second)
    assert not any(first in each.content for each in channel.said_by(stage.discord.bot))


@promise("settings.md", "Replies in a row to another bot at most; a person's message starts the count anew.")
async def test_another_bot_is_answered_as_often_as_is_set_with_pauses(stage: Stage):
    guild = stage.guild()
    channel = guild.add_text_channel("general")
    robot = stage.discord.add_user("Robot", bot=True)
    stage.discord.add_member(guild, robot)
    await stage.ask(robot, channel, "Pixel, {}?")
    word = await stage.is_not_answered(robot, channel, "Pixel, and {}?")
    await stage.reply_with(channel, word, timeout=60)
    count = len(channel.said_by(stage.discord.bot))
    await robot.say(channel, f"Pixel, and now {stage.word()}?")
    await asyncio.sleep(20 + STILL)
    assert len(channel.said_by(stage.discord.bot)) == count
