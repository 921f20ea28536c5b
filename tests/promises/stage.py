"""A bot as shipped on the loopback Discord, with a scripted Claude: what people do, and what they see."""

import asyncio
import contextlib
import itertools
import json
import re
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any

from tests.promises.outside import Clone
from tests.world.claude_server import Request, ScriptedClaude
from tests.world.discord_components import walk
from tests.world.discord_files import Upload
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, Guild, User
from tests.world.discord_roles import ADMINISTRATOR, ORDINARY_PERMISSIONS
from tests.world.discord_server import DiscordServer

PATIENCE = 60.0
STILL = 4.0
"""Seconds after which who has said nothing says nothing: the shipped wait for more is two."""
WRITTEN_DOWN = 0.5
"""Seconds after which what was posted is written down, too; nobody uses a command within them."""
TYPES_AT_ONCE = {"min_typing_time": "0", "max_typing_time": "0"}
WORD = re.compile(r"\bn([0-9]+)o\b")
VOTING = "You decide whether"
LEARNING = "Write a fact for each thing"
SUMMING = "You keep the memory of"


@dataclass
class Stage:
    """The bot that a clone runs, and everybody around it."""

    clone: Clone
    discord: DiscordServer
    claude: ScriptedClaude
    operator: User
    process: "subprocess.Popen[str] | None" = None
    vote: str = "no"
    facts: list[dict[str, Any]] = field(default_factory=list)
    runs: int = 0
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    # --- the process ---------------------------------------------------------------------------

    async def start(self, *, wait: bool = True) -> None:
        """Start `python main.py`; wait until Discord has the bot."""
        self.runs += 1
        with (self.clone.folder.parent / f"run-{self.runs}.log").open("w") as log:
            self.process = self.clone.popen(stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            await self.discord.wait_until_connected(timeout=2 * PATIENCE)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return await self.ended()

    async def restart(self, **settings: str) -> None:
        """Stop in order, write these lines into config.env, and start again."""
        assert await self.stop() == 0
        with self.clone.config.open("a") as config:
            config.writelines(f'{key}="{value}"\n' for key, value in settings.items())
        await self.start()

    async def ended(self) -> int:
        """Wait for the end and return the exit code."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, PATIENCE)

    @property
    def log(self) -> str:
        """Everything that all runs wrote to the terminal."""
        return "".join(path.read_text() for path in sorted(self.clone.folder.parent.glob("run-*.log")))

    # --- Claude --------------------------------------------------------------------------------

    def answer(self, request: Request) -> str:
        """Speak as Claude: repeat the newest word, vote as told, find the facts that were prepared."""
        if LEARNING in request.system_text:
            return json.dumps({"facts": self.facts})
        if VOTING in request.system_text:
            return self.vote
        words = [int(each) for each in WORD.findall(request.text)]
        if SUMMING in request.system_text:
            told = " ".join(f"n{each}o" for each in words)
            return json.dumps({"summary": f"They told of {told}", "operations": []})
        newest = max(words, default=0)
        return f"You said n{newest}o."

    def prompts(self, word: str) -> list[Request]:
        """Return what a word was in that Claude was asked for a reply."""
        return [each for each in self.claude.requests if word in each.text and is_reply(each)]

    def asked_with(self, word: str) -> list[Request]:
        """Return everything that Claude was ever asked with a word in it."""
        return [each for each in self.claude.requests if word in each.text]

    # --- people and places ---------------------------------------------------------------------

    def guild(self, name: str = "The Guild") -> Guild:
        return self.discord.add_guild(name, owner=self.operator)

    def somebody(self, name: str, guild: Guild | None = None, *, permissions: int | None = None) -> User:
        """Make a person; in a guild, if one is given, with these permissions besides the ordinary ones."""
        person = self.discord.add_user(name)
        if guild is not None:
            more = None if permissions is None else permissions | ORDINARY_PERMISSIONS
            self.discord.add_member(guild, person, permissions=more)
        return person

    def admin(self, name: str, guild: Guild) -> User:
        return self.somebody(name, guild, permissions=ADMINISTRATOR)

    def word(self) -> str:
        """Return a word that nothing else holds."""
        return f"n{next(self.numbers)}o"

    # --- talk ----------------------------------------------------------------------------------

    async def ask(
        self, person: User, channel: Channel, text: str = "{}, what do you say?", **how: Any
    ) -> Message:
        """Say something and return the answer; {} in the text becomes a word of its own."""
        word = self.word()
        await person.say(channel, text.format(word), **how)
        reply = await self.reply_with(channel, word)
        await asyncio.sleep(WRITTEN_DOWN)
        return reply

    async def reply_with(self, channel: Channel, word: str, *, timeout: float = PATIENCE) -> Message:
        """Wait for what the bot says in a channel with a word in it."""
        return await self.discord.wait_for_message(
            channel, where=lambda message: word in message.content, timeout=timeout
        )

    async def ask_until_answered(self, person: User, channel: Channel, text: str) -> Message:
        """Say something again and again until it is answered: a bot is answered after a pause."""
        for _ in range(5):
            word = self.word()
            await person.say(channel, text.format(word))
            with contextlib.suppress(TimeoutError):
                return await self.reply_with(channel, word, timeout=STILL)
        raise AssertionError(f"{text!r} was never answered")

    async def is_not_answered(self, person: User, channel: Channel, text: str, **how: Any) -> str:
        """Say something that the bot leaves alone; return the word that was in it."""
        word, before = self.word(), len(channel.said_by(self.discord.bot))
        await person.say(channel, text.format(word), **how)
        await asyncio.sleep(STILL)
        assert len(channel.said_by(self.discord.bot)) == before, channel.texts[-3:]
        return word

    # --- commands ------------------------------------------------------------------------------

    async def use(self, person: User, channel: Channel, command: str, /, **options: Any) -> Message:
        """Use a slash command and return its answer."""
        used = await person.use_command(channel, command, **options)
        return await used.wait_answered(PATIENCE)

    async def told(self, person: User, channel: Channel, command: str, /, **options: Any) -> str:
        """Use a slash command and return all that its answer says, in files too."""
        return shown(await self.use(person, channel, command, **options))

    async def press(self, person: User, panel: Message, label: str) -> Any:
        """Press the button with a label, once it is there."""
        await self.discord.wait_until(
            lambda: label in labels(panel), timeout=PATIENCE, what=f"{label!r} on {shown(panel)[:200]!r}"
        )
        pressed = await person.press(panel, labels(panel)[label])
        await pressed.wait_acknowledged(PATIENCE)
        return pressed

    async def agree(self, person: User, panel: Message) -> None:
        """Press the first button of a question: it does what was asked for."""
        await self.press(person, panel, next(iter(labels(panel))))

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds, whether it happens in Discord or elsewhere."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.05)

    # --- files ---------------------------------------------------------------------------------

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the file in which the bot keeps what it knows."""
        with closing(sqlite3.connect(self.clone.folder / "data" / "masquerade.sqlite3")) as connection:
            return connection.execute(query, values).fetchall()

    def holds(self, words: str) -> list[str]:
        """Return the files of the data folder with these words in them."""
        data = self.clone.folder / "data"
        files = [path for path in data.rglob("*") if path.is_file()]
        return [path.name for path in files if words.encode() in path.read_bytes()]


def is_reply(request: Request) -> bool:
    """Say whether a request asks for a reply, and not for a vote or anything beside the talk."""
    return request.model == "claude-sonnet-5-5"


def shown(message: Message) -> str:
    """Return all that people read in a message: text, embeds, panels and text files."""
    parts = [message.content, *(str(embed) for embed in message.embeds)]
    parts += [str(each["content"]) for each in walk(message.components) if each.get("content")]
    parts += [
        each.upload.body.decode(errors="replace") for each in message.attachments if is_text(each.upload)
    ]
    return "\n".join(parts)


def is_text(upload: Upload) -> bool:
    return upload.filename.endswith((".txt", ".json", ".md"))


def labels(panel: Message) -> dict[str, str]:
    """Return the custom_id of each button that can be pressed, by its label."""
    shown = [each for each in walk(panel.components) if each.get("label") and each.get("custom_id")]
    found = [each for each in shown if not each.get("disabled")]
    return {each["label"]: each["custom_id"] for each in found}


def menus(panel: Message) -> list[tuple[str, Sequence[dict[str, Any]]]]:
    """Return custom_id and options of each menu."""
    return [(each["custom_id"], each["options"]) for each in walk(panel.components) if each.get("options")]


@asynccontextmanager
async def on_stage(clone: Clone, **settings: str) -> AsyncIterator[Stage]:
    """Set up Discord, Claude and a clone whose config.env has these settings; the bot is not started."""
    async with DiscordServer() as discord, ScriptedClaude() as claude:
        operator = discord.add_user("Olga")
        clone.environ["LOOPBACK_DISCORD"] = discord.base_url
        clone.configure(
            **{
                "discord_token": discord.token,
                "anthropic_api_key": claude.api_key,
                "anthropic_base_url": claude.base_url,
                "character": "pixel",
                "admin_ids": str(operator.id),
            }
            | settings
        )
        stage = Stage(clone, discord, claude, operator)
        claude.answer_with(stage.answer)
        try:
            yield stage
        finally:
            await stage.stop(signal.SIGKILL)
