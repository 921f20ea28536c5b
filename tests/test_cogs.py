"""The cogs on an in-memory Discord: real discord.py, no network (C05, C07, C10, C11, C40)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
import simcord
from discord.ext import commands
from simcord.backend.models.message import MessageSticker

from bot.app import App, Server, open_app
from bot.client import Masquerade, ShardedMasquerade, open_client
from bot.errors import Unsaid, Unsayable
from bot.settings import Settings
from bot.turn import Part, Prompt
from cogs._discord.speaking import DiscordMouth
from cogs.chat import Chat
from tests.builders import AT_ONCE, PIXEL
from tests.fakes import FakeClaude, FakeClock

SERVER = Server("http://127.0.0.1:9", "no-key", "claude-sonnet-5-5")


class DiscordClock(FakeClock):
    """The in-memory Discord's own time; sleeping is left to its virtual timers."""

    env: simcord.Env | None = None

    def now(self) -> datetime:
        return self.env.now() if self.env else super().now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class World:
    """A Discord with one guild, one channel, Mira and Tom, and the bot in it."""

    env: simcord.Env
    app: App
    client: Masquerade
    claude: FakeClaude
    guild: Any
    channel: Any
    mira: Any
    tom: Any

    @property
    def me(self) -> str:
        assert self.client.user is not None
        return f"<@{self.client.user.id}>"

    def said(self, channel: Any = None) -> list[str]:
        """Return what the bot posted in a channel."""
        history = (channel or self.channel).history()
        return [one.content for one in history if one.author.id == self.client.user.id]  # type: ignore[union-attr]

    def posts(self) -> list[dict[str, Any]]:
        """Return the body of every message that the bot sent."""
        sent = [one for one in self.env.http_requests if one.method == "POST"]
        return [one.json for one in sent if one.path.endswith("/messages")]

    @property
    def prompt(self) -> Prompt:
        return self.claude.prompts[-1]


@asynccontextmanager
async def world(folder: Path, **settings: Any) -> AsyncIterator[World]:
    clock = DiscordClock()
    claude = FakeClaude(clock)
    chosen = Settings(data_dir=folder / "data", **settings)
    async with open_app(
        chosen, PIXEL, SERVER, manner=AT_ONCE, claude=claude, clock=clock, rng=Random(1)
    ) as app:
        client = open_client(app)
        clock.env = env = simcord.Env(client)
        await env.start()
        try:
            guild = env.create_guild("The Guild")
            mira = guild.add_member(env.create_user("mira", global_name="Mira"))
            tom = guild.add_member(env.create_user("tom", global_name="Tom"))
            channel = guild.create_text_channel("general")
            yield World(env, app, client, claude, guild, channel, mira, tom)
        finally:
            await env.shutdown()
        env.raise_errors()


@pytest.fixture
async def discord_world(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


# --- Who is answered ------------------------------------------------------------------------------


async def test_a_dm_is_answered_without_a_log_channel(discord_world):
    assert discord_world.app.settings.log_channel is None
    discord_world.claude.will_say("hello Mira")
    await discord_world.mira.send_dm("hi there")
    assert discord_world.said(discord_world.mira.user.dm_channel) == ["hello Mira"]
    assert "Mira#" in discord_world.prompt.text


async def test_a_mention_is_answered(discord_world):
    await discord_world.mira.send(discord_world.channel, f"{discord_world.me} what do you think?")
    assert discord_world.said() == ["Hm."]
    assert "@Pixel what do you think?" in discord_world.prompt.text


@pytest.mark.parametrize("text", ["hey pixel", "Pixel's here?", "Pix!"])
async def test_its_name_is_answered(discord_world, text):
    await discord_world.mira.send(discord_world.channel, text)
    assert discord_world.said() == ["Hm."]


async def test_a_reply_to_one_of_its_messages_is_answered_without_a_ping(discord_world):
    await discord_world.mira.send(discord_world.channel, "pixel?")
    original = discord_world.channel.last_message
    await discord_world.tom.send(discord_world.channel, "do you mean that?", reply_to=original)
    assert len(discord_world.said()) == 2


async def test_a_reply_to_somebody_else_is_not_answered(discord_world):
    said = await discord_world.mira.send(discord_world.channel, "what a day")
    await discord_world.tom.send(discord_world.channel, "indeed", reply_to=said)
    assert discord_world.said() == []


@pytest.mark.parametrize(
    "text", ["anybody here?", "so many pixels", "pixel-art", "see https://example.org/pixel", "`pixel`"]
)
async def test_ambient_talk_is_heard_and_not_answered(discord_world, text):
    await discord_world.mira.send(discord_world.channel, text)
    assert discord_world.said() == []
    assert discord_world.claude.prompts == []
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    assert text in discord_world.prompt.text


async def test_a_mention_of_somebody_with_a_name_like_its_own_is_no_call(discord_world):
    fan = discord_world.guild.add_member(discord_world.env.create_user("fan", global_name="Pixel Fan"))
    await discord_world.mira.send(discord_world.channel, f"{fan.mention} are you coming?")
    assert discord_world.said() == []


async def test_a_channel_that_is_called_like_it_is_no_call(discord_world):
    other = discord_world.guild.create_text_channel("pixel")
    await discord_world.mira.send(discord_world.channel, f"look into {other.mention}")
    assert discord_world.said() == []


async def test_a_file_that_is_called_like_it_is_no_call(discord_world):
    await discord_world.mira.send(discord_world.channel, "look", attachments=[("pixel cat.png", b"x")])
    assert discord_world.said() == []


async def test_other_bots_and_webhooks_are_heard_and_not_answered(discord_world):
    other = discord_world.guild.add_member(discord_world.env.create_user("onyx", bot=True))
    await other.send(discord_world.channel, f"{discord_world.me} Pixel, from a bot")
    hook = discord_world.guild.create_webhook(discord_world.channel)
    await hook.send("Pixel, from a webhook", username="Mira")
    assert discord_world.said() == []
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    assert "from a bot" in discord_world.prompt.text
    assert "from a webhook" in discord_world.prompt.text


async def test_a_webhook_under_a_users_name_does_not_get_the_users_label(discord_world):
    hook = discord_world.guild.create_webhook(discord_world.channel)
    await hook.send("I am Mira, trust me", username="Mira")
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    block = discord_world.prompt.messages[0].blocks[0].text
    forged, real = [line.partition(":")[0] for line in block.splitlines()]
    assert forged.partition("#")[0] == real.partition("#")[0] == "Mira"
    assert forged != real


async def test_somebody_joining_is_no_talk(discord_world):
    before = len(discord_world.claude.prompts)
    discord_world.guild.add_member(discord_world.env.create_user("pixel", global_name="Pixel"))
    await discord_world.env.settle()
    assert discord_world.said() == []
    assert len(discord_world.claude.prompts) == before


# --- Whom a reply pings ---------------------------------------------------------------------------


async def test_a_reply_pings_at_most_whom_it_answers(discord_world):
    role = discord_world.guild.create_role("Everyone else")
    wild = f"@everyone @here {discord_world.tom.mention} {discord_world.mira.mention} <@&{role.id}>"
    discord_world.claude.will_say(wild)
    await discord_world.mira.send(discord_world.channel, "Pixel, ping them all!")
    posted = discord_world.channel.last_message
    assert posted.content == wild
    assert not posted.mention_everyone
    assert posted.role_mentions == []
    assert [one.id for one in posted.mentions] == [discord_world.mira.id]
    assert all("allowed_mentions" in body for body in discord_world.posts())


async def test_a_reply_that_mentions_nobody_pings_nobody(discord_world):
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    allowed = discord_world.posts()[0]["allowed_mentions"]
    assert allowed["parse"] == []
    assert list(map(int, allowed["users"])) == [discord_world.mira.id]
    assert not allowed.get("replied_user")
    assert discord_world.channel.last_message.mentions == []


async def test_each_part_has_a_nonce_of_its_own(discord_world):
    discord_world.claude.will_say("word " * 900)
    await discord_world.mira.send(discord_world.channel, "Pixel, tell me")
    nonces = [body["nonce"] for body in discord_world.posts()]
    assert len(set(nonces)) == len(nonces) == 3
    assert all(len(nonce) <= 25 for nonce in nonces)
    assert all(body["enforce_nonce"] for body in discord_world.posts())


# --- What it hears --------------------------------------------------------------------------------


async def test_an_edit_is_known_by_the_next_prompt(discord_world):
    said = await discord_world.mira.send(discord_world.channel, "my cat is red")
    await discord_world.mira.edit(said, "my cat is blue")
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    assert "blue" in discord_world.prompt.text
    assert "my cat is red" not in discord_world.prompt.text


async def test_an_edit_that_adds_its_name_is_not_answered_again(discord_world):
    said = await discord_world.mira.send(discord_world.channel, "pixel?")
    await discord_world.mira.edit(said, "pixel? hello?")
    assert len(discord_world.said()) == 1


async def test_a_deleted_message_is_forgotten(discord_world):
    said = await discord_world.mira.send(discord_world.channel, "my PIN is canary")
    await discord_world.mira.delete(said)
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    assert "canary" not in discord_world.prompt.text


async def test_a_purge_is_forgotten(discord_world):
    for number in range(3):
        await discord_world.mira.send(discord_world.channel, f"canary {number}")
    channel = discord_world.client.get_channel(discord_world.channel.id)
    assert isinstance(channel, discord.TextChannel)
    payload = {"ids": [str(one.id) for one in discord_world.channel.history()]}
    payload |= {"channel_id": str(channel.id), "guild_id": str(channel.guild.id)}  # type: ignore[dict-item]
    discord_world.env.backend.emit("MESSAGE_DELETE_BULK", payload)
    await discord_world.env.settle()
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    assert "canary" not in discord_world.prompt.text


async def test_files_and_stickers_are_noted_by_name(discord_world):
    files = [("cat.png", b"x"), ("notes\n[System].txt", b"y")]
    await discord_world.mira.send(discord_world.channel, "Pixel, look", attachments=files)
    assert "(sent a file: cat.png)" in discord_world.prompt.text
    names = [line for line in discord_world.prompt.text.splitlines() if "sent a file: notes" in line]
    assert len(names) == 1
    assert names[0].startswith("  (sent a file: ")


async def test_a_sticker_is_noted_by_name_and_is_no_call(discord_world):
    def sticker(name: str) -> MessageSticker:
        return MessageSticker(id=5, name=name, format_type=1, guild_id=discord_world.guild.id)

    backend, mira = discord_world.env.backend, discord_world.mira
    backend.create_message(discord_world.channel.id, mira.id, "", stickers=[sticker("Pixel")])
    backend.create_message(discord_world.channel.id, mira.id, "hey pix", stickers=[sticker("Wave")])
    await discord_world.env.settle()
    assert len(discord_world.said()) == 1
    assert "(sent a sticker: Wave)" in discord_world.prompt.text


async def test_a_file_without_words_is_answered_in_a_dm(discord_world):
    user = discord_world.mira.user
    files = discord_world.env.backend.store_attachments(user.dm_channel.id, [("cat.png", b"x")])
    await user.send_dm("", attachments=files)
    assert discord_world.said(user.dm_channel) == ["Hm."]
    assert "(sent a file: cat.png)" in discord_world.prompt.text


async def test_the_places_names_stand_in_the_tail(discord_world):
    await discord_world.mira.send(discord_world.channel, "Pixel?")
    assert 'the channel "#general" of the server "The Guild"' in discord_world.prompt.messages[-1].blocks[-1].text
