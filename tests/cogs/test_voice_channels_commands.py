"""Coming to a voice channel, and who may be heard there: /voice join, leave and hear."""

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import ChannelType, OverwriteType

from bot.discord.commands import ONLY_IN_SERVERS
from bot.features.senses.opening import CALL
from bot.features.speech.voice_replies import Callers
from cogs.voice import equipment
from tests.support.commands import told
from tests.support.discord import world


async def test_who_is_in_no_voice_channel_is_told_to_go_into_one(tmp_path):
    async with world(tmp_path) as w:
        said = told(await w.mira.slash(w.channel, "voice join"))
        assert said.startswith("Go into a voice channel of this server first")


async def test_what_may_not_be_done_in_the_channel_is_named(tmp_path):
    async with world(tmp_path) as w:
        assert w.client.user is not None
        silent = discord.Permissions(speak=True, send_messages=True).value
        ours = [Overwrite(w.client.user.id, OverwriteType.MEMBER, deny=silent)]
        made = w.env.backend.create_channel(w.guild.id, "Lounge", type=ChannelType.VOICE, overwrites=ours)
        await w.env.settle()
        await w.mira.join_voice(w.guild.channels["Lounge"])
        assert made.name == "Lounge"
        said = told(await w.mira.slash(w.channel, "voice join"))
        assert said.endswith("Give me there: Speak, Send Messages.")


@pytest.mark.parametrize("command", ["voice join", "voice leave", "voice hear me"])
async def test_in_private_there_is_no_voice_channel_to_come_to(tmp_path, command):
    async with world(tmp_path) as w:
        assert told(await w.mira.user.slash(command)) == str(ONLY_IN_SERVERS)


async def test_without_packages_for_voice_channels_it_is_named_that_they_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(equipment, "has_opus", lambda: False)
    async with world(tmp_path) as w:
        await w.mira.join_voice(w.guild.create_voice_channel("Lounge"))
        assert "packages for voice channels" in told(await w.mira.slash(w.channel, "voice join"))


async def test_without_a_voice_that_speaks_it_is_named_what_is_missing(tmp_path):
    for package in CALL:
        pytest.importorskip(package, reason="the extra is missing: pip install '.[voice]'")
    async with world(tmp_path, piper_model="", stt_model="/nowhere") as w:
        lounge = w.guild.create_voice_channel("Lounge")
        await w.mira.join_voice(lounge)
        said = told(await w.mira.slash(w.channel, "voice join"))
        assert "a model that listens (stt_model), a voice that speaks (piper_model)" in said
        assert "packages" not in said
        assert "main.py doctor" in said


async def test_consent_to_be_heard_holds_for_one_server_until_it_is_withdrawn(tmp_path):
    async with world(tmp_path) as w:
        callers = Callers(w.app.database, w.app.clock)
        assert told(await w.mira.slash(w.channel, "voice hear me")).startswith("From now on I hear you")
        assert await callers.agreed(w.guild.id) == {w.mira.id}
        assert await callers.agreed(w.guild.id + 1) == set()
        assert told(await w.mira.slash(w.channel, "voice hear stop")).startswith("I hear you no more")
        assert await callers.agreed(w.guild.id) == set()


async def test_consent_to_be_heard_goes_along_and_goes_with_the_person(tmp_path):
    async with world(tmp_path) as w:
        await w.mira.slash(w.channel, "voice hear me")
        (file,) = await w.app.privacy.export(w.mira.id)
        assert f'"guild_id": {w.guild.id}' in file.data.decode().partition("heard_aloud")[2]
        await w.app.privacy.leave(w.mira.id)
        assert await w.app.callers.agreed(w.guild.id) == set()


async def test_where_the_bot_is_in_no_call_there_is_nothing_to_leave(tmp_path):
    async with world(tmp_path) as w:
        said = told(await w.mira.slash(w.channel, "voice leave"))
        assert said == "I am in no voice channel of this server."
