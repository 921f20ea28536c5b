"""One talk on the real wire: what the bot said in it, by the channel, by its log and by its next prompt."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tests.world.claude_server import Request
from tests.world.discord_components import walk
from tests.world.discord_interactions import Interaction
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.process import BotProcess

PATIENCE = 30.0


def parts(name: str, count: int = 1) -> list[str]:
    """Return what a long reply is split into: `count` messages that are like no others."""
    return [(f"{name}{number}" * 600)[:1800] for number in range(1, count + 1)]


@dataclass
class Talk:
    """A person and the bot, in direct messages or in a channel of a server."""

    bot: BotProcess
    person: User
    channel: Channel
    asked: list[Message] = field(default_factory=list)

    @classmethod
    def beginning(cls, bot: BotProcess, *, in_private: bool = True) -> "Talk":
        """Set the stage; the bot need not be started yet."""
        mira = bot.discord.add_user("Mira")
        if in_private:
            return cls(bot, mira, bot.discord.dm_with(mira))
        guild = bot.discord.add_guild("The Guild")
        guild.add_member(mira)
        return cls(bot, mira, guild.add_text_channel("general"))

    @property
    def shown(self) -> list[str]:
        """What the bot said, as the channel shows it."""
        return [message.content for message in self.channel.said_by(self.bot.discord.bot)]

    @property
    def agrees(self) -> bool:
        """Whether the bot's log holds just what the channel shows of it, and nothing is left to do."""
        said = self.channel.said_by(self.bot.discord.bot)
        query = "SELECT id, text FROM messages WHERE heard_through IS NOT NULL AND channel_id = ? ORDER BY id"
        logged = self.rows(query, self.channel.id)
        is_done = self.rows("SELECT count(*) FROM turns WHERE state = 'pledged'") == [(0,)]
        return is_done and logged == [(message.id, message.content) for message in said]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the bot's database."""
        with closing(sqlite3.connect(self.bot.data / "masquerade.sqlite3")) as connection:
            return connection.execute(query, values).fetchall()

    async def until_agreed(self) -> None:
        """Wait until log and channel say the same. TimeoutError when they never do."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not self.agrees:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            query = "SELECT id, substr(text, 1, 8) FROM messages WHERE heard_through IS NOT NULL"
            logged, turns = self.rows(query), self.rows("SELECT state, variant FROM turns")
            raise TimeoutError(
                f"{[one[:8] for one in self.shown]} in the channel, {logged}, {turns}"
            ) from None

    async def say(self, text: str = "and what do you say?") -> Request:
        """Let the person say something; return the prompt that it becomes."""
        asked = len(self.bot.claude.requests)
        self.asked.append(await self.person.say(self.channel, f"Pixel, {text}"))
        async with asyncio.timeout(PATIENCE):
            await self.bot.claude.received(asked + 1)
        return self.bot.claude.requests[asked]

    async def ask(self, answer: Sequence[str], text: str = "and what do you say?") -> Request:
        """Let the person say something that is answered in these messages; return the prompt."""
        self.bot.claude.will_say(" ".join(answer))
        expected = self.shown + list(answer)
        request = await self.say(text)
        await self.bot.discord.wait_until(
            lambda: self.shown == expected, timeout=PATIENCE, what=f"{len(answer)} messages"
        )
        await self.until_agreed()
        return request

    async def use(self, command: str, **options: Any) -> Message:
        """Use a command; return what it answers."""
        used = await self.person.use_command(self.channel, command, **options)
        return await used.wait_answered(PATIENCE)

    async def reroll(self, take: Sequence[str], **options: Any) -> Message:
        """Let the bot think of another take; return the preview."""
        self.bot.claude.will_say(" ".join(take))
        return await self.use("reroll", **options)

    async def press(self, panel: Message, label: str) -> Interaction:
        """Press a button by what it says; return when that was acknowledged."""
        pressed = await self.person.press(panel, named(panel, label))
        await pressed.wait_acknowledged()
        return pressed

    async def until_told(self, panel: Message, words: str) -> None:
        """Wait until a panel says something."""
        await self.bot.discord.wait_until(lambda: words in panel.content, timeout=PATIENCE, what=words)

    def leftovers(self, words: str) -> list[str]:
        """Return the files of the data folder that hold some words, whatever the file is for."""
        files = [path for path in self.bot.data.rglob("*") if path.is_file()]
        return [path.name for path in files if words.encode() in path.read_bytes()]

    async def until_nowhere(self, words: str) -> None:
        """Wait until no file of the data folder holds some words. TimeoutError when they stay."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.leftovers(words):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise TimeoutError(f"{words!r} stays in {self.leftovers(words)}") from None


def named(panel: Message, label: str) -> str:
    """Return the custom_id of the button with a label. LookupError when there is none."""
    labels = {each["label"]: each["custom_id"] for each in walk(panel.components) if each.get("label")}
    return labels[label]


def own_words(request: Request) -> str:
    """Return what a prompt takes for the character's own words so far."""
    mine = [message for message in request.messages if message["role"] == "assistant"]
    return "\n".join(block["text"] for message in mine for block in message["content"])


def lawful(bot: BotProcess) -> None:
    """Check what must hold after every story with commands and buttons (A11, D1)."""
    discord = bot.discord
    assert discord.schema_faults == []
    assert discord.unknown_requests == []
    assert discord.interactions.failed == []
    assert [each.refusals for each in discord.interactions.by_token.values() if each.refusals] == []
    said = [*discord.bot_messages, *discord.interactions.messages]
    assert all(message.allowed_mentions is not None for message in said)
    assert all(message.is_ephemeral for message in discord.interactions.messages)
    assert "Traceback" not in bot.log, bot.log
