"""The loopback voice gateway: discord.py's own client talks in it, encrypted as on Discord."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest

from tests.support.voice_gateway import VoiceGateway, connected_client
from tests.world.discord_server import DiscordServer

numpy: Any = pytest.importorskip("numpy", reason="the extra is missing: pip install '.[voice]'")
for needed in ("av", "davey", "nacl"):
    pytest.importorskip(needed, reason="the extra is missing: pip install '.[voice]'")

FRAMES = 25
TONE = (8_000 * numpy.sin(numpy.arange(FRAMES * 960) / 48_000 * 440 * 2 * numpy.pi)).astype("int16")


@pytest.fixture
async def voice() -> AsyncIterator[VoiceGateway]:
    async with DiscordServer() as server, VoiceGateway(server) as gateway:
        yield gateway


async def joined(voice: VoiceGateway, channel: Any, client: discord.Client) -> Any:
    place: Any = client.get_channel(channel.id)
    connected = await place.connect(timeout=10)
    if voice.call.persons:
        await voice.wait_for_bot()
    return connected


async def speak(connected: Any) -> None:
    """Let the bot play a tone to its end."""
    done, loop = asyncio.Event(), asyncio.get_running_loop()
    both_ears = numpy.repeat(TONE, 2).tobytes()
    connected.play(
        discord.PCMAudio(io.BytesIO(both_ears)), after=lambda _: loop.call_soon_threadsafe(done.set)
    )
    await asyncio.wait_for(done.wait(), 20)


async def test_everybody_in_the_call_hears_what_the_bot_plays(voice):
    channel = voice.server.add_guild().add_voice_channel("Lounge")
    mira = await voice.join(voice.server.add_user("Mira"), channel)
    async with connected_client(voice.server) as client:
        connected = await joined(voice, channel, client)
        tom = await voice.join(voice.server.add_user("Tom"), channel)
        await speak(connected)
        await voice.server.wait_until(lambda: len(tom.heard) >= FRAMES, timeout=10, what="the tone")
        await connected.disconnect()
    for person in (mira, tom):
        heard = numpy.frombuffer(person.heard_pcm(), dtype="int16").astype(float)
        assert person.undecipherable == 0
        assert numpy.abs(heard).max() == pytest.approx(8_000, rel=0.2)


async def test_a_bot_that_was_there_first_lets_people_into_its_group(voice):
    channel = voice.server.add_guild().add_voice_channel("Lounge")
    async with connected_client(voice.server) as client:
        connected = await joined(voice, channel, client)
        await voice.server.wait_until(lambda: voice.call.bot_is_in_group, timeout=10, what="its group")
        mira = await voice.join(voice.server.add_user("Mira"), channel)
        tom = await voice.join(voice.server.add_user("Tom"), channel)
        await voice.leave(mira)
        await speak(connected)
        await voice.server.wait_until(lambda: len(tom.heard) >= FRAMES, timeout=10, what="the tone")
        assert voice.call.group.epoch == 3
        assert set(voice.call.group.members) == {tom.id, voice.server.bot.id}
        await connected.disconnect()


async def test_a_bot_that_leaves_is_in_the_group_no_more_and_may_come_again(voice):
    channel = voice.server.add_guild().add_voice_channel("Lounge")
    mira = await voice.join(voice.server.add_user("Mira"), channel)
    async with connected_client(voice.server) as client:
        for _ in range(2):
            connected = await joined(voice, channel, client)
            assert voice.server.bot.id in channel.guild.voice_states
            await connected.disconnect()
            await voice.server.wait_until(lambda: voice.call.bot is None, timeout=10, what="it to be gone")
            assert list(channel.guild.voice_states) == [mira.id]
    assert voice.admissions == 2


async def test_a_bot_that_connects_is_told_who_is_in_the_voice_channels(voice):
    channel = voice.server.add_guild().add_voice_channel("Lounge")
    mira = await voice.join(voice.server.add_user("Mira"), channel)
    async with connected_client(voice.server) as client:
        place: Any = client.get_channel(channel.id)
        assert list(place.voice_states) == [mira.id]
        await voice.leave(mira)
        async with asyncio.timeout(10):
            while place.voice_states:
                await asyncio.sleep(0.01)


async def test_where_there_is_no_voice_server_a_bot_waits_in_vain(voice):
    channel = voice.server.add_guild().add_voice_channel("Lounge")
    voice.server.voice.server = None
    async with connected_client(voice.server) as client:
        place: Any = client.get_channel(channel.id)
        with pytest.raises(TimeoutError):
            await place.connect(timeout=0.3)
