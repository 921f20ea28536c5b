"""main.py on the real wire with a company of characters: one webhook, each once, also over a crash (C20)."""

import asyncio
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.pictures import PNG
from tests.world import discord_faults as faults
from tests.world.claude_server import Request
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.discord_roles import ORDINARY_PERMISSIONS
from tests.world.process import ROOT, BotProcess, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

FANGS, NYX = "Her Fangs Pierce Times Throat", "Nyx Void"
WORDS = {"You are Pixel": "beep", f"You are {FANGS}": "Good evening.", f"You are {NYX}": "hi, guest."}
EXECUTE = r"/webhooks/\d+/[^/]+"
WITHIN = 30.0


@dataclass
class Theatre:
    """A server with Mira, in which Pixel, Fangs and Nyx are played by one bot."""

    bot: BotProcess
    channel: Channel
    mira: User

    @property
    def said(self) -> list[tuple[str, str]]:
        """Return who is shown to have said what, but for people."""
        messages = [one for one in self.channel.messages if one.author is self.bot.discord.bot]
        return [(one.alias or "the bot", one.content) for one in messages]

    async def says(self, text: str, count: int, *, reply_to: Message | None = None) -> list[tuple[str, str]]:
        """Let Mira say something; return what was said once so many messages are there."""
        await self.mira.say(self.channel, text, reply_to=reply_to)
        return await self.heard(count)

    async def heard(self, count: int) -> list[tuple[str, str]]:
        """Wait for so many messages of the bot's, all of them written down, and return them."""
        await self.bot.discord.wait_until(
            lambda: len(self.said) >= count, timeout=WITHIN, what="what is said"
        )
        async with asyncio.timeout(WITHIN):
            while self.rows("SELECT count(*) FROM turns WHERE state = 'said'") != [(count,)]:
                await asyncio.sleep(0.05)
        return self.said

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.bot.data / "masquerade.sqlite3")) as connection:
            return connection.execute(query, values).fetchall()

    @property
    def logged(self) -> list[tuple[str | None, str]]:
        """Return what the bot's log holds, by character; None is for people."""
        return self.rows("SELECT character, text FROM messages ORDER BY position")

    def lawful(self) -> None:
        assert "Traceback" not in self.bot.log, self.bot.log
        assert self.bot.discord.schema_faults == []
        assert self.bot.discord.unknown_requests == []


def asks(begins: str) -> Callable[[Request], bool]:
    """Return what knows the prompts of the character whose words begin so."""
    return lambda request: begins in request.system_text


def set_up(bot: BotProcess, *, permissions: int | None = None, words: Mapping[str, str] = WORDS) -> Theatre:
    bot.settings |= {"ACTIVE_PERSONAS": "fangs,nyx", "PERSONA_BANTER": "0", "NICKNAME_SYNC": "false"}
    for begins, said in words.items():
        bot.claude.when(asks(begins)).answer_with(said)
    guild = bot.discord.add_guild("The Guild", bots=[])
    guild.add_member(bot.discord.bot, permissions=permissions)
    mira = bot.discord.add_user("Mira")
    guild.add_member(mira)
    return Theatre(bot, guild.add_text_channel("general"), mira)


@pytest.fixture
async def theatre(tmp_path: Path) -> AsyncIterator[Theatre]:
    async with world(tmp_path) as bot:
        stage = set_up(bot)
        yield stage
        stage.lawful()


async def test_each_answers_to_its_name_with_its_own_and_a_reply_finds_who_said_it(theatre):
    await theatre.bot.start()
    await theatre.says("Fangs, are you there?", 1)
    await theatre.says("and Nyx?", 2)
    await theatre.says("Pixel?", 3)
    expected = [(FANGS, "Good evening."), (NYX, "hi, guest."), ("the bot", "beep")]
    assert theatre.said == expected
    first = next(one for one in theatre.channel.messages if one.alias == FANGS)
    assert (await theatre.says("say that again", 4, reply_to=first))[3] == expected[0]
    assert [hook.name for hook in theatre.bot.discord.webhooks.values()] == ["Masquerade"]
    assert await theatre.bot.terminate() == 0
    # Nobody heard them as strangers: each line is kept once, as its character's own.
    assert theatre.logged == [
        (None, "Fangs, are you there?"),
        ("fangs", "Good evening."),
        (None, "and Nyx?"),
        ("nyx", "hi, guest."),
        (None, "Pixel?"),
        ("pixel", "beep"),
        (None, "say that again"),
        ("fangs", "Good evening."),
    ]
    await theatre.bot.start()
    await theatre.says("Nyx, still there?", 5)
    assert len(theatre.bot.discord.webhooks) == 1


@pytest.mark.slow
async def test_in_private_the_bots_own_character_speaks(theatre):
    await theatre.bot.start()
    await theatre.mira.dm("Hello, Nyx or Fangs?")
    answer = await theatre.bot.discord.wait_for_message(theatre.mira.dm_channel, timeout=WITHIN)
    assert (answer.content, answer.webhook) == ("beep", None)


@pytest.mark.slow
async def test_without_the_permission_the_name_stands_before_the_words(tmp_path):
    async with world(tmp_path) as bot:
        theatre = set_up(bot, permissions=ORDINARY_PERMISSIONS)
        await bot.start()
        await theatre.says("Fangs, are you there?", 1)
        assert theatre.said == [("the bot", f"{FANGS}: Good evening.")]
        await theatre.says("say that again", 2, reply_to=theatre.channel.messages[-1])
        assert theatre.said[1] == theatre.said[0]
        assert bot.log.count("Manage Webhooks") == 1
        assert bot.discord.webhooks == {}
        theatre.lawful()


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["pledged", "part_posted"])
async def test_killed_while_a_character_speaks_it_has_said_it_once_after_the_restart(theatre, stage):
    await theatre.bot.start(crash_at=stage)
    await theatre.mira.say(theatre.channel, "Fangs, are you there?")
    assert await theatre.bot.ended() == -9
    await theatre.bot.start()
    assert await theatre.heard(1) == [(FANGS, "Good evening.")]
    assert theatre.logged == [(None, "Fangs, are you there?"), ("fangs", "Good evening.")]
    assert (await theatre.says("Nyx?", 2))[1:] == [(NYX, "hi, guest.")]


@pytest.mark.slow
async def test_an_answer_of_discords_that_got_lost_makes_nobody_speak_twice(theatre):
    theatre.bot.discord.faults.on("POST", EXECUTE, then=faults.reset(stores=True))
    await theatre.bot.start()
    await theatre.says("Fangs, are you there?", 1)
    await theatre.says("Pixel?", 2)
    assert theatre.said == [(FANGS, "Good evening."), ("the bot", "beep")]


@pytest.mark.slow
async def test_who_was_called_second_speaks_after_a_crash_too(theatre):
    await theatre.bot.start(crash_at="settled")
    await theatre.mira.say(theatre.channel, "Fangs and Nyx, are you both there?")
    assert await theatre.bot.ended() == -9
    assert len(theatre.said) == 1
    await theatre.bot.start()
    assert sorted(await theatre.heard(2)) == [(FANGS, "Good evening."), (NYX, "hi, guest.")]


@pytest.mark.slow
async def test_a_line_that_a_moderator_deletes_is_forgotten_and_an_edit_by_nobody_is_no_news(theatre):
    await theatre.bot.start()
    await theatre.says("Fangs, are you there?", 1)
    await theatre.says("Nyx?", 2)
    by_fangs, by_nyx = (one for one in theatre.channel.messages if one.webhook is not None)
    theatre.bot.discord.edit(by_nyx, content="canary")
    theatre.bot.discord.delete(by_fangs)
    async with asyncio.timeout(WITHIN):
        while ("fangs", "Good evening.") in theatre.logged:
            await asyncio.sleep(0.05)
    assert ("nyx", "hi, guest.") in theatre.logged


@pytest.mark.slow
async def test_a_picture_in_its_folder_is_its_face(theatre, tmp_path):
    characters = tmp_path / "characters"
    shutil.copytree(ROOT / "characters", characters)
    (characters / "nyx" / "avatar.png").write_bytes(PNG)
    theatre.bot.settings["CHARACTERS_DIR"] = str(characters)
    account = theatre.bot.discord.first_bot
    await theatre.bot.start()
    await theatre.bot.discord.wait_until(lambda: account.emojis, timeout=WITHIN, what="a face")
    [emoji] = account.emojis.values()
    await theatre.says("Nyx?", 1)
    face = theatre.channel.messages[-1].alias_avatar
    assert re.fullmatch(rf".*/emojis/{emoji['id']}\.png", face)
    path = face.partition("/cdn/")[2]
    assert theatre.bot.discord.files[path].body == PNG


@pytest.mark.slow
async def test_one_answers_what_another_says_to_it_which_changes_what_they_think_of_each_other(tmp_path):
    """C20, C72, F041: on the wire, one after the other, and then silence."""
    async with world(tmp_path) as bot:
        words = {
            "Two characters talk in a chat.": "compliment",
            f"You are {NYX}": "Well, Her Fangs Pierce Times Throat?",
            f"You are {FANGS}": "How clever.",
        }
        stage = set_up(bot, words=words)
        bot.settings |= {"PERSONA_BANTER": "0.001", "PERSONA_CHAIN": "2"}
        await bot.start()
        await stage.says("Nyx, are you there?", 2)
        assert stage.said == [(NYX, words[f"You are {NYX}"]), (FANGS, "How clever.")]
        affinities = dict(stage.rows("SELECT character, value FROM affinities"))
        assert affinities == pytest.approx({"fangs": 3.0, "nyx": 2.4})
        assert stage.rows("SELECT speaker, other, kind FROM encounters") == [("fangs", "nyx", "compliment")]
        await asyncio.sleep(1.0)
        assert len(stage.said) == 2
        stage.lawful()


async def write_while_stopped(theatre, statement: str, *values: object) -> None:
    """Change the database when the program, which keeps what it read, is not there."""
    await theatre.bot.terminate()
    with closing(sqlite3.connect(theatre.bot.data / "masquerade.sqlite3")) as connection:
        connection.execute(statement, values)
        connection.commit()
    await theatre.bot.start()


@pytest.mark.slow
async def test_who_was_sent_out_of_a_channel_never_learns_what_was_said_there(theatre):
    """C25: on the wire."""
    await theatre.bot.start()
    await theatre.says("Pixel, hello", 1)
    await write_while_stopped(theatre, "INSERT INTO attendances VALUES (?, 'nyx', 0)", theatre.channel.id)
    await theatre.says("Pixel, the word is heliotrope", 2)
    await write_while_stopped(theatre, "DELETE FROM attendances")
    await theatre.says("Nyx, what is the word?", 3)
    await theatre.says("Fangs, what is the word?", 4)
    told = {
        name: any("heliotrope" in one.text for one in theatre.bot.claude.requests if asks(begins)(one))
        for name, begins in (("nyx", f"You are {NYX}"), ("fangs", f"You are {FANGS}"))
    }
    assert told == {"nyx": False, "fangs": True}
