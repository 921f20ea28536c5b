"""What people send besides plain words, to main.py on the real wire: each kind is answered once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.support.wire import lawful
from tests.world.discord_cdn import PIXEL
from tests.world.discord_enclosures import Poll, link_preview
from tests.world.discord_files import Upload, voice_message
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.process import BotProcess, world

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

ANSWERED_WITHIN = 20.0
STILL = 1.5
"""Seconds after the last answer, in which a second one to anything would have come."""
VOTING = "You decide whether"


@dataclass
class Sender:
    """One person, and where they talk with the bot."""

    bot: BotProcess
    person: User
    channel: Channel

    async def text(self) -> Message:
        return await self.person.say(self.channel, "hello there")

    async def emoji_only(self) -> Message:
        return await self.person.say(self.channel, self.bot.discord.add_emoji("blob", PIXEL))

    async def sticker(self) -> Message:
        return await self.person.say(self.channel, stickers=[self.bot.discord.add_sticker("wave", PIXEL)])

    async def picture(self) -> Message:
        cat = Upload("cat.png", PIXEL, "image/png", width=1, height=1)
        return await self.person.say(self.channel, attachments=[cat])

    async def text_file(self) -> Message:
        notes = Upload("notes.txt", b"milk, eggs, a lute", "text/plain; charset=utf-8")
        return await self.person.say(self.channel, attachments=[notes])

    async def voice_message(self) -> Message:
        return await self.person.say(self.channel, voice=voice_message(b"OggS", 2.5))

    async def forward(self) -> Message:
        elsewhere = self.bot.discord.dm_with(self.person, self.bot.discord.add_bot("Other", guilds=[]))
        told = await self.person.say(elsewhere, "the ferry leaves at six")
        return await self.person.say(self.channel, forward=told)

    async def embed_only(self) -> Message:
        shown = link_preview("https://example.org/tea", "Tea", "All about it", site="Example")
        return await self.person.say(self.channel, embeds=[shown])

    async def poll(self) -> Message:
        return await self.person.say(self.channel, poll=Poll("Tea or coffee?", ["🍵 Tea", "Coffee"]))

    async def reply_to_a_deleted_message(self) -> Message:
        gone = self.bot.discord.post(self.channel, self.bot.discord.bot, "forget it")
        await self.bot.discord.bot.delete(gone)
        return await self.person.say(self.channel, "why?", reply_to=gone)

    async def mention_only(self) -> Message:
        return await self.person.say(self.channel, self.bot.discord.bot.mention)

    async def in_a_thread(self) -> Message:
        guild = self.bot.discord.add_guild("The Guild")
        guild.add_member(self.person)
        self.channel = guild.add_text_channel("general").add_thread("aside")
        return await self.person.say(self.channel, f"{self.bot.discord.bot.mention}, and here?")


Kind = Callable[[Sender], Awaitable[Message]]

KINDS: dict[str, Kind] = {
    "text": Sender.text,
    "emoji only": Sender.emoji_only,
    "sticker": Sender.sticker,
    "picture": Sender.picture,
    "text file": Sender.text_file,
    "voice message": Sender.voice_message,
    "forward": Sender.forward,
    "embed only": Sender.embed_only,
    "poll": Sender.poll,
    "reply to a deleted message": Sender.reply_to_a_deleted_message,
    "mention only": Sender.mention_only,
    "in a thread": Sender.in_a_thread,
}


@dataclass
class Told:
    """What became of each kind: what was said, and what the bot answered there after it."""

    bot: BotProcess
    said: dict[str, Message]

    def answers(self, kind: str) -> list[str]:
        asked = self.said[kind]
        bot = self.bot.discord.bot
        return [each.content for each in asked.channel.said_by(bot) if each.id > asked.id]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """Let twelve people each send another kind of message to one bot, and wait for the answers."""
    async with world(tmp_path_factory.mktemp("senses")) as bot:
        bot.claude.answer_with("I see.")
        await bot.start()
        told = Told(bot, {})
        for kind, send in KINDS.items():
            person = bot.discord.add_user(kind.title())
            told.said[kind] = await send(Sender(bot, person, bot.discord.dm_with(person)))
        with contextlib.suppress(TimeoutError):
            await bot.discord.wait_until(
                lambda: all(told.answers(kind) for kind in KINDS),
                timeout=ANSWERED_WITHIN,
            )
        await asyncio.sleep(STILL)
        yield told


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_of_twelve_kinds_of_direct_message_each_gets_exactly_one_reply(told: Told, kind: str) -> None:
    assert told.answers(kind) == ["I see."]


async def test_of_twelve_kinds_of_direct_message_none_is_voted_on(told: Told) -> None:
    assert len(told.said) == 12
    assert [each.text for each in told.bot.claude.requests if VOTING in each.system_text] == []
    assert " ERROR " not in told.bot.log, told.bot.log
    lawful(told.bot)
