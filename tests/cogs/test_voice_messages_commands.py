"""Replies as voice messages: /voice on, off and auto, and what is posted then."""

import sys
from typing import Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.conversation.senses import Recording
from bot.conversation.types import Part
from bot.core.errors import Unspeakable
from bot.features.speech import opening
from cogs._discord.speaking import mouth_in
from cogs.voice.cog import CHOSEN, NO_PERMISSION, NO_VOICE
from personas.timbre import Timbre
from tests.support.commands import told
from tests.support.discord import World, world

RECORDING = Recording(b"OggS", 1.5, "f39/")


class Recorder:
    """Keeps what it is given to speak; may be told to fail."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.broken = False

    async def record(self, text: str, timbre: Timbre) -> Recording:
        if self.broken:
            raise Unspeakable("the engine is out of order")
        self.texts.append(text)
        return RECORDING


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def w(tmp_path, recorder):
    async with world(tmp_path) as made:
        made.app.voice_replies._recorder = recorder
        yield made


def ours(w: World) -> list[Any]:
    assert w.client.user is not None
    return [one for one in w.channel.history() if one.author.id == w.client.user.id]


def recordings(w: World) -> list[Any]:
    return [one for one in ours(w) if one.attachments]


async def call(w: World, answer: str = "Hello yourself.") -> None:
    w.claude.will_say(answer)
    await w.mira.send(w.channel, f"{w.me} hello")
    await w.env.settle()


async def test_what_somebody_chooses_holds_for_them_in_that_channel(w, recorder):
    assert told(await w.mira.slash(w.channel, "voice on")).startswith(CHOSEN["on"])
    await call(w)
    assert recorder.texts == ["Hello yourself."]
    assert [one.content for one in ours(w)] == ["", "Hello yourself."]
    w.claude.will_say("Hello, Tom.")
    await w.tom.send(w.channel, f"{w.me} and me?")
    await w.env.settle()
    assert told(await w.mira.slash(w.channel, "voice off")) == CHOSEN["off"]
    await call(w, "In writing.")
    assert recorder.texts == ["Hello yourself."]
    assert w.said()[-2:] == ["Hello, Tom.", "In writing."]


async def test_what_was_chosen_is_exported_and_goes_with_the_person(w):
    await w.mira.slash(w.channel, "voice on")
    (file,) = await w.app.privacy.export(w.mira.id)
    assert '"choice": "on"' in file.data.decode()
    await w.app.privacy.leave(w.mira.id)
    assert await w.app.voice_replies.chosen(w.mira.id, w.channel.id) == "off"


@pytest.mark.parametrize("missing", ["packages", "voice"])
async def test_without_a_voice_what_is_missing_is_told_and_nothing_is_kept(tmp_path, monkeypatch, missing):
    if missing == "packages":
        monkeypatch.setattr(opening, "find_spec", lambda _: None)
    async with world(tmp_path, piper_model="joe" if missing == "packages" else "") as w:
        said = told(await w.mira.slash(w.channel, "voice on"))
        assert said == str(NO_VOICE)
        assert sys.executable not in said
        assert told(await w.mira.slash(w.channel, "voice off")) == CHOSEN["off"]
        assert await w.app.voice_replies.chosen(w.mira.id, w.channel.id) == "off"


async def test_whoever_chooses_is_told_where_the_bot_may_not_speak(w):
    assert w.client.user is not None
    assert told(await w.mira.slash(w.channel, "voice auto")) == CHOSEN["auto"]
    mute = discord.Permissions(send_voice_messages=True).value
    ours = [Overwrite(w.client.user.id, OverwriteType.MEMBER, deny=mute)]
    w.env.backend.create_channel(w.guild.id, "quiet", overwrites=ours)
    await w.env.settle()
    said = told(await w.mira.slash(w.guild.channels["quiet"], "voice auto"))
    assert said == f"{CHOSEN['auto']} {NO_PERMISSION}"


async def test_an_engine_that_fails_leaves_the_words(w, recorder, caplog):
    await w.mira.slash(w.channel, "voice on")
    recorder.broken = True
    await call(w)
    assert w.said() == ["Hello yourself."]
    assert "Written, not spoken" in caplog.text
    assert "yourself" not in caplog.text


async def test_a_reply_without_a_word_to_speak_is_written_and_no_fault(w, recorder, caplog):
    await w.mira.slash(w.channel, "voice on")
    await call(w, "*waves*")
    assert w.said() == ["*waves*"]
    assert recorder.texts == []
    assert "Written, not spoken" not in caplog.text


async def test_a_recording_that_stands_there_is_not_posted_again(w):
    """The Discord of this test remembers no nonce, as the real one after some minutes."""
    part = Part(1, "Hello yourself.", "r1.1", spoken=True)
    for _ in range(2):
        mouth = mouth_in(w.client, w.channel.id).speaking_as(w.app.company.primary.speaker)
        with w.env._bot_scope():
            posted = await mouth._speak(part)  # type: ignore[attr-defined]
        assert posted is not None
    assert len(recordings(w)) == 1


async def test_whoever_deletes_the_words_deletes_the_recording(w):
    await w.mira.slash(w.channel, "voice on")
    await call(w)
    (words,) = [one for one in ours(w) if one.content]
    await words.delete()
    await w.env.settle()
    assert ours(w) == []
