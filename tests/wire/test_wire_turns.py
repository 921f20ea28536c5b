"""Two of our bots as processes in one Discord: they wait their turn, and they fall silent (C21, C22, D11)."""

import asyncio
from pathlib import Path

import pytest

from tests.world.discord_objects import Channel, User
from tests.world.process import BotProcess, beside, world

pytestmark = pytest.mark.timeout(180)

TURN = 4.0
PACED = {"MIN_TYPING_TIME": "0.5", "MAX_TYPING_TIME": str(TURN), "TYPING_SPEED_CPM": "100000"}


@pytest.fixture
async def bots(tmp_path: Path):
    """Pixel and Fangs, not started yet."""
    async with world(tmp_path) as pixel:
        account = pixel.discord.add_bot("Fangs")
        async with beside(pixel, account, CHARACTER="fangs") as fangs:
            yield pixel, fangs


async def started(pixel: BotProcess, fangs: BotProcess) -> tuple[Channel, User]:
    guild = pixel.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), pixel.discord.add_user("Mira")
    guild.add_member(mira)
    for bot in (pixel, fangs):
        await bot.start()
    return channel, mira


def lawful(*bots: BotProcess) -> None:
    for bot in bots:
        assert "Traceback" not in bot.log, bot.log
    assert bots[0].discord.schema_faults == []
    assert bots[0].discord.unknown_requests == []


def authors(channel: Channel) -> list[str]:
    return [message.author.name for message in channel.messages]


@pytest.mark.slow
async def test_whom_somebody_names_second_speaks_after_the_first_has(bots):
    pixel, fangs = bots
    for bot in bots:
        bot.settings |= {**PACED, "BOT_REPLY_THRESHOLD": "0"}
        bot.claude.answer_with("here I am")
    channel, mira = await started(pixel, fangs)
    for _ in range(2):
        await mira.say(channel, "Fangs, then Pixel?")
        await pixel.discord.wait_until(lambda: len(channel.messages) % 3 == 0, timeout=30, what="two replies")
    assert authors(channel) == ["Mira", "Fangs", pixel.discord.bot.name] * 2
    asked, first, second = channel.messages[3:]  # what is said first waits until Discord is ready
    assert first.sent_at - asked.sent_at < TURN / 4 < second.sent_at - asked.sent_at
    lawful(*bots)


@pytest.mark.slow
async def test_two_bots_that_call_each_other_fall_silent_and_a_person_starts_them_again(bots):
    pixel, fangs = bots
    for bot, other in ((pixel, "Fangs"), (fangs, "Pixel")):
        bot.settings |= {"BOT_REPLY_THRESHOLD": "2", "REPLY_COOLDOWN": "0.3", "NICKNAME_SYNC": "false"}
        bot.claude.answer_with(f"{other}, what do you say?")
    channel, mira = await started(pixel, fangs)
    for number in (1, 2):
        await mira.say(channel, "Pixel, are you there?")
        expected = number * (1 + 1 + 2 + 2)
        await pixel.discord.wait_until(
            lambda expected=expected: len(channel.messages) >= expected, timeout=30, what="their talk"
        )
        await asyncio.sleep(1.5)
        assert len(channel.messages) == expected
    lawful(*bots)
