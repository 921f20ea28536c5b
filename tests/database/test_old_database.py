"""A database that an earlier version wrote is brought up to date and holds the same (faults B16)."""

import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import open_app
from bot.conversation.attention.rules import RULES
from bot.discord.connection import open_client
from bot.settings import Settings
from database import files, schema
from database.models import Summary, Turn
from tests.builders import AT_ONCE, PIXEL
from tests.staged import company, library_in
from tests.support.commands import told
from tests.support.discord import SERVER, World
from tests.support.panels import components, panel_of
from tests.support.paths import DATA

pytestmark = pytest.mark.slow

THEN: dict[str, Any] = json.loads((DATA / "old_database.json").read_text("utf-8"))
"""What the earlier version showed of what it had kept."""
MADE_AT_ONCE = re.compile(r"14560744439808000(\d\d)")
"""Ids that the in-memory Discord gives at first: to the bot, to each command, and then to places."""
HOUR = 3600.0
RULES_THEN = 18
ASKED = 1456088918523904000
"""The message that a reply was pledged to and not said, a question of Mira's."""
UNTIL_PRIVATE = 344.953
"""Seconds after which Mira first wrote to the bot in private."""


def today(text: str, world: World) -> str:
    """Return a text of then with the ids that places and people have today: there are more commands now."""
    more = world.guild.id - THEN["ids"]["guild"]

    def moved(found: re.Match[str]) -> str:
        return str(int(found[0]) + more) if int(found[1]) > 1 else found[0]

    return MADE_AT_ONCE.sub(moved, text)


def left_behind(folder: Path, world: World) -> Path:
    """Write what the earlier version left behind."""
    folder.mkdir()
    path = folder / "masquerade.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(today((DATA / "old_database.sql").read_text("utf-8"), world))
    return path


def still_there(message_id: int, world: World) -> None:
    """Put a message of Mira's where it was in Discord; nobody hears of it anew."""
    discord = world.env.backend
    message = discord.prepare_message(world.channel.id, world.mira.id, "Pixel, what is the answer?")
    message.id = message_id
    discord.commit_message(message, broadcast=False)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    """Let today's program take over an hour later, where everybody still is."""
    async with company(tmp_path) as before:
        path = left_behind(tmp_path / "old", before)
        assert files.revision(path) == "0011"
        await before.env.advance_time(UNTIL_PRIVATE)
        await before.mira.user.slash("help")  # ids are moments: so their private chat has the id it had
        await before.env.advance_time(HOUR)
        still_there(ASKED, before)
        async with open_app(
            Settings(data_dir=path.parent, heartbeat_seconds=3600),
            PIXEL,
            SERVER,
            library=library_in(tmp_path / "characters", path.parent),
            manner=replace(AT_ONCE, direction=replace(AT_ONCE.direction, banter=0.0)),
            claude=before.claude,
            clock=before.app.clock,
            rng=Random(1),
        ) as app:
            assert files.revision(path) == schema.head()
            client = open_client(app)
            await before.env.restart_bot(client)
            yield replace(before, app=app, client=client)


def test_the_database_is_of_the_same_people_and_places(w):
    mine = {"guild": w.guild, "mira": w.mira, "tom": w.tom, "channel": w.channel, "me": w.client.user}
    then = json.loads(today(json.dumps(THEN["ids"]), w))
    assert then == {name: one.id for name, one in mine.items()}


@pytest.mark.parametrize("name", THEN["decisions"])
async def test_why_says_of_each_decision_what_it_said_then(w, name):
    then = THEN["decisions"][name]
    who, where = (w.mira.user, ()) if name == "private" else (w.mira, (w.channel,))
    _link, *now = told(await who.slash(*where, "why", message=str(then["message"]))).splitlines()
    lines = [line.replace(f"of {RULES_THEN} rules", f"of {len(RULES)} rules") for line in then["lines"]]
    lines = [today(line, w) for line in lines]
    assert now[: len(lines)] == lines
    assert now[len(lines)].startswith("decided in ")


@pytest.mark.parametrize("character", THEN["facts"])
async def test_each_character_knows_what_it_knew(w, character):
    shown = (await w.mira.slash(w.channel, "memory facts", character=character)).response.content
    assert [line for line in shown.splitlines() if line.startswith("**") and ".**" in line] == THEN["facts"][
        character
    ]


async def test_a_change_of_a_fact_can_still_be_taken_back(w):
    history = panel_of(await w.mira.slash(w.channel, "memory history"))
    menu = next(one for one in components(history) if one["type"] == 3)
    pinned, changed, *_ = menu["options"]
    assert "pinned" in pinned["label"], menu["options"]
    shown = panel_of(await w.mira.select(history, [changed["value"]], custom_id=menu["custom_id"]))
    assert "I like green tea" in shown.content
    await w.mira.click(shown, label="Bring it back")
    facts = (await w.mira.slash(w.channel, "memory facts")).response.content
    assert "I like green tea" in facts


async def test_reminders_are_listed_as_they_were_and_said_when_they_are_due(w):
    shown = told(await w.mira.slash(w.channel, "remind list")).splitlines()
    assert [line for line in shown if line.startswith(("**#", "-# <t:"))] == [
        today(line, w) for line in THEN["reminders"]
    ]
    await w.env.advance_time(5 * HOUR)
    cog: Any = w.client.get_cog("RemindersCog")
    await cog._fire()
    await w.env.settle()
    assert "water the ferns" in w.said()[-1]
    left = told(await w.mira.slash(w.channel, "remind list"))
    assert "water the ferns" not in left
    assert "pay the piper" in left


async def test_the_characters_are_those_that_there_were_and_remember_their_talk(w):
    shown = told(await w.mira.slash(w.channel, "persona list")).splitlines()
    assert [line for line in shown if line.startswith("**")] == THEN["characters"]
    await w.mira.send(w.channel, "Onyx, and now?")
    assert "The forge is hot." in w.prompt.text
    assert "I own an anvil" in w.prompt.text


async def test_talk_that_was_summed_up_is_remembered_by_its_summary(w):
    async with w.app.database.read() as db:
        assert len(list(await db.turns._session.scalars(select(Summary)))) == 2
    await w.mira.send_dm("so?")
    assert "They spoke of the garden, bed by bed" in w.prompt.text


async def test_a_reply_that_was_not_said_then_is_said_now(w):
    assert w.said() == ["The answer is 42."]
    async with w.app.database.read() as db:
        turns = list(await db.turns._session.scalars(select(Turn).order_by(Turn.id)))
    assert (turns[-1].state, turns[-1].reason) == ("said", "NAME")
    assert {turn.character for turn in turns} == {"pixel", "onyx", "ruby"}
