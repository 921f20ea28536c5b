"""main.py on the real wire with stream_replies: what changes while it is away, and what Discord refuses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.streaming import EDITS, PLACES, SETTINGS, StreamedTalk, held, words, written
from tests.world import discord_faults as faults
from tests.world.claude_faults import Say
from tests.world.process import BotProcess, world
from tests.world.replies import lawful

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

POSTS = r"/(channels/\d+/messages|webhooks/\d+/[^/]+)"
WITHIN = 60.0


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotProcess]:
    async with world(tmp_path, **SETTINGS) as started_later:
        yield started_later
        lawful(started_later)


async def killed(bot: BotProcess, place: str, stage: str = "edited") -> StreamedTalk:
    """Let it be killed in the middle of a reply, and be gone for longer than Discord remembers nonces."""
    talk = StreamedTalk.in_place(bot, place)
    talk.will_write(written(words("once", 600), seconds=20))
    await bot.start(crash_at=stage)
    await talk.call()
    assert await bot.ended(within=WITHIN) == -9
    bot.discord.nonce_window = -1
    return talk


@pytest.mark.parametrize("place", PLACES)
async def test_killed_again_and_again_one_whole_reply_stands(bot, place):
    talk = await killed(bot, place)
    for stage in ("edited", "composed", "part_posted"):
        slowly = 20.0 if stage == "edited" else 1.2
        talk.will_write(written(words(stage, 600), seconds=slowly, at_once=100))
        await bot.start(crash_at=stage)
        assert await bot.ended(within=WITHIN) == -9
    await bot.start()
    await talk.until_over(talk.takes[-1])
    assert len(talk.shown) == 1


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stage", ["draft_posted", "edited"])
async def test_started_again_without_the_setting_the_draft_is_no_second_reply(bot, place, stage):
    talk = await killed(bot, place, stage)
    bot.settings["STREAM_REPLIES"] = "false"
    answer = Say(words("whole", 600))
    bot.claude.will_say(answer)
    await bot.start()
    await talk.until_over(answer.text)
    assert len(talk.shown) == 1


async def test_a_character_that_is_not_there_any_more_leaves_no_draft(bot):
    talk = await killed(bot, "webhook", "edited")
    bot.settings |= {"ACTIVE_PERSONAS": "", "YES_NO_VOTE_COUNT": "0"}
    await bot.start()
    await talk.until_over("")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stage", ["draft_posted", "edited"])
async def test_back_so_late_that_nobody_is_answered_any_more_it_takes_the_draft_down(bot, place, stage):
    clock = bot.folder / "clock"
    clock.write_text("0")
    bot.settings["CLOCK_FILE"] = str(clock)
    talk = await killed(bot, place, stage)
    clock.write_text(str(3 * 86_400))
    await bot.start()
    await talk.until_over("")


@pytest.mark.parametrize("place", PLACES)
async def test_what_is_asked_was_edited_while_it_was_away_and_one_reply_answers_that(bot, place):
    talk = await killed(bot, place)
    bot.discord.edit(talk.asked[0], content=f"{talk.name}, tell me less")
    talk.will_write(written(words("second", 300)))
    await bot.start()
    await talk.until_over(talk.takes[1])
    assert "tell me less" in talk.prompts[1].text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stage", ["draft_posted", "edited"])
async def test_more_was_asked_while_it_was_away_and_one_reply_answers_all(bot, place, stage):
    talk = await killed(bot, place, stage)
    await talk.call("and be quick")
    talk.will_write(written(words("second", 300)))
    await bot.start()
    await talk.until_over(talk.takes[1])
    assert len(talk.shown) == 1


@pytest.mark.parametrize("place", PLACES)
async def test_a_draft_that_went_while_it_was_away_is_not_missed(bot, place):
    talk = await killed(bot, place)
    bot.discord.delete(talk.channel.said_by(bot.discord.bot)[0])
    talk.will_write(written(words("second", 300)))
    await bot.start()
    await talk.until_over(talk.takes[1], "")


@pytest.mark.parametrize("place", PLACES)
async def test_edits_that_discord_forbids_leave_no_half_reply(bot, place):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("it", 800), after=400)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    await talk.until_begun()
    bot.discord.faults.on("PATCH", EDITS, then=faults.missing_permissions(), times=None)
    answer.goes_on.set()
    await talk.until_over(answer.text, "")


@pytest.mark.parametrize("place", PLACES)
async def test_first_words_that_discord_forbids_are_not_said_and_the_next_reply_is(bot, place):
    talk = StreamedTalk.in_place(bot, place)
    talk.will_write(written(words("it", 800)))
    rule = bot.discord.faults.on("POST", POSTS, then=faults.missing_permissions(), times=None)
    await bot.start()
    await talk.call()
    await bot.discord.wait_until(lambda: rule.hits, what="a post")
    await talk.until_over("")


@pytest.mark.parametrize("place", PLACES)
async def test_first_words_that_come_late_are_taken_down_where_the_question_went_meanwhile(bot, place):
    talk, answer = StreamedTalk.in_place(bot, place), held(words("it", 800), after=400)
    talk.will_write(answer)
    await bot.start()
    rule = bot.discord.faults.on("POST", POSTS, then=faults.delayed(2.0))
    await talk.call()
    await bot.discord.wait_until(lambda: rule.hits, what="a post")
    bot.discord.delete(talk.asked[0])
    await asyncio.sleep(1)
    answer.goes_on.set()
    await talk.until_over("")


async def test_a_channel_that_is_deleted_while_a_reply_is_written_leaves_nothing_to_do(bot):
    talk, answer = StreamedTalk.in_place(bot, "guild"), held(words("it", 800), after=400)
    talk.will_write(answer)
    await bot.start()
    await talk.call()
    await talk.until_begun()
    bot.discord.remove_channel(talk.channel)
    answer.goes_on.set()
    async with asyncio.timeout(WITHIN):
        while talk.drafts or talk.rows("SELECT count(*) FROM turns WHERE state = 'pledged'") != [(0,)]:
            await asyncio.sleep(0.05)


async def test_of_two_who_ask_at_once_each_has_a_whole_reply_in_their_own_channel(bot):
    talk = StreamedTalk.in_place(bot, "guild")
    tom = bot.discord.add_user("Tom")
    other = StreamedTalk(bot, tom, bot.discord.dm_with(tom))
    one, two = written(words("one", 800), seconds=3), written(words("two", 800), seconds=3)
    bot.claude.when(lambda asked: asked.stream and "guildwards" in asked.last_text).will_say(one)
    bot.claude.when(lambda asked: asked.stream and "privately" in asked.last_text).will_say(two)
    await bot.start()
    await asyncio.gather(talk.call("guildwards"), other.call("privately"))
    await asyncio.gather(talk.until_over(one.text), other.until_over(two.text))
