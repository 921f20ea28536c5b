"""Voice messages to main.py on the real wire: what is spoken is written down before anything is decided."""

import pytest

from tests.support.recordings import espeak, opus, sound
from tests.support.wire import lawful
from tests.world.discord_files import voice_message
from tests.world.process import world

pytest.importorskip("faster_whisper", reason="the extra is missing: pip install '.[voice]'")
numpy = pytest.importorskip("numpy")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HEARD_WITHIN = 60.0


async def test_a_character_that_is_called_aloud_answers_and_one_that_is_not_does_not(tmp_path):
    spoken = espeak("Pixel, what is the weather like in the north today?")
    async with world(tmp_path) as bot:
        bot.claude.answer_with("Windy.")
        guild = bot.discord.add_guild("The Guild")
        ada = bot.discord.add_user("Ada")
        guild.add_member(ada)
        channel = guild.add_text_channel("general")
        await bot.start()
        await ada.say(channel, voice=voice_message(spoken, 4.0))
        await bot.discord.wait_for_message(channel, timeout=HEARD_WITHIN)
        (asked,) = [one for one in bot.claude.requests if "(said aloud)" in one.text]
        assert "weather" in asked.text
        assert "You decide whether" not in asked.system_text
        lawful(bot)


async def test_where_nobody_speaks_nothing_is_made_up(tmp_path):
    samples = numpy.zeros(5 * 16_000)
    async with world(tmp_path) as bot:
        bot.claude.answer_with("I heard nothing.")
        ada = bot.discord.add_user("Ada")
        channel = bot.discord.dm_with(ada)
        await bot.start()
        await ada.say(channel, voice=voice_message(opus(sound(samples)), 5.0))
        await bot.discord.wait_for_message(channel, timeout=HEARD_WITHIN)
        assert "(sent a voice message that could not be made out)" in bot.claude.requests[-1].text
        lawful(bot)
