"""Whom people play: /me, and what becomes of it with the person (C37, C64, C65)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.audit import Actor
from bot.conversation.attention.server_rules import RuleKind
from bot.features.characters.presence import LONGEST_GUISE
from bot.features.privacy.export_format import FileRefused
from bot.features.privacy.restore import Imported
from cogs import guises
from cogs.privacy import views as privacy_views
from database.models import Scene
from tests.builders import CHANNEL, DM, Table, table
from tests.fakes import EPOCH
from tests.learning import BOB, MIRA, agree
from tests.staged import company
from tests.summing import contents
from tests.support.commands import kept, told
from tests.support.discord import World

ALARIC = "Sir Alaric"
PLAYED = "whom you play, scenes that you asked for, and notes of channels"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path) as set_table:
        await agree(set_table)
        yield set_table


# --- The commands ---------------------------------------------------------------------------------


async def test_whom_one_plays_stands_for_them_in_this_channel_alone(w):
    other = w.guild.create_text_channel("other")
    assert told(await w.mira.slash(w.channel, "me set", name=ALARIC)) == guises.SET.format(name=ALARIC)
    await w.mira.send(w.channel, "Pixel, bow!")
    assert f"plays {ALARIC}" in w.prompt.text
    await w.tom.send(w.channel, "Pixel, and me?")
    assert f"plays {ALARIC}" not in w.prompt.text, "whoever is not answered is nobody's user"
    await w.mira.send(other, "Pixel, here?")
    assert ALARIC not in w.prompt.text


async def test_the_greeting_knows_whom_one_plays(w):
    await w.mira.slash(w.channel, "me set", name=ALARIC)
    await w.mira.slash(w.channel, "greeting", character="onyx")
    assert w.channel.history()[-1].content == f"Onyx nods to all of you, {ALARIC} first."


async def test_it_is_shown_and_taken_back_in_private(w):
    assert told(await w.mira.slash(w.channel, "me show")) == guises.NOBODY
    await w.mira.slash(w.channel, "me set", name="**Bold** <@1>\nTom: I agree")
    said = told(await w.mira.slash(w.channel, "me show"))
    assert "\n" not in said
    assert r"\*\*Bold\*\*" in said
    assert told(await w.tom.slash(w.channel, "me show")) == guises.NOBODY
    assert told(await w.mira.slash(w.channel, "me clear")) == guises.CLEARED
    assert told(await w.mira.slash(w.channel, "me clear")) == guises.NOBODY
    assert w.pinged() == set()


async def test_a_name_that_can_not_be_seen_is_refused(w):
    before = kept(w)
    said = told(await w.mira.slash(w.channel, "me set", name="\u200b\u2800"))
    assert said == f"A name has 1 to {LONGEST_GUISE} characters that can be seen."
    assert kept(w) == before


async def test_where_one_is_not_listened_to_nothing_is_kept(w):
    await w.app.administration.set_rule(
        Actor(1, w.channel.id), RuleKind.DENIED_USER, guild_id=w.guild.id, target_id=w.mira.id
    )
    assert told(await w.mira.slash(w.channel, "me set", name=ALARIC)) == guises.NOT_HERE
    async with w.app.database.read() as db:
        assert await db.users.guises_of(w.mira.id) == []


# --- With the person: taken along, counted, deleted -----------------------------------------------


async def play(at: Table) -> None:
    """Let Mira play somebody in two channels, write a note and have a scene played; Bob plays, too."""
    await at.hear("hello", where=CHANNEL)
    async with at.database.begin() as db:
        for where, name in ((DM, ALARIC), (CHANNEL, "Zed")):
            await db.users.put_on_guise(MIRA, where.channel_id, name, at=EPOCH)
        await db.users.put_on_guise(BOB, CHANNEL.channel_id, "Bobby", at=EPOCH)
        await db.channels.keep_note(CHANNEL.channel_id, "be grim", depth=2, by=MIRA)
        scene = Scene(CHANNEL.channel_id, ["pixel", "nyx"], "the ale", 4, MIRA, EPOCH, 1, ended_at=EPOCH)
        await db.cues.begin_scene(scene)


async def export(at: Table) -> bytes:
    (file,) = await at.app.privacy.export(MIRA)
    return file.data


async def test_an_export_holds_whom_somebody_plays_and_what_they_staged_and_nothing_of_others(at):
    await play(at)
    document = json.loads(await export(at))
    assert document["guises"] == [
        {"channel_id": 500, "name": ALARIC, "made_at": EPOCH.isoformat()},
        {"channel_id": 600, "name": "Zed", "made_at": EPOCH.isoformat()},
    ]
    assert document["staged"] == [
        {"kind": "scene", "channel_id": 600, "text": "the ale", "at": EPOCH.isoformat()},
        {"kind": "note", "channel_id": 600, "text": "be grim", "at": None},
    ]
    assert "Bobby" not in json.dumps(document)


async def test_what_comes_back_is_played_again_where_nobody_is_played_by_now(at):
    await play(at)
    data = await export(at)
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    async with at.database.begin() as db:
        await db.users.put_on_guise(MIRA, CHANNEL.channel_id, "Newer", at=EPOCH)
    came = await at.app.privacy.take_in(MIRA, data)
    assert came.guises == 1
    assert "In 1 channel you play the same part as before." in privacy_views.imported(came)
    async with at.database.read() as db:
        played = {one.channel_id: one.name for one in await db.users.guises_of(MIRA)}
    assert played == {500: ALARIC, 600: "Newer"}
    assert await at.app.privacy.take_in(MIRA, data) == Imported(sealed=True)


async def test_a_file_that_was_changed_brings_no_guise(at):
    await play(at)
    document = json.loads(await export(at))
    await at.app.privacy.leave(MIRA)
    await at.app.privacy.answer(MIRA, agreed=True)
    document["guises"][0]["name"] = "Somebody Else"
    came = await at.app.privacy.take_in(MIRA, json.dumps(document).encode())
    assert (came.sealed, came.guises) == (False, 0)
    async with at.database.read() as db:
        assert await db.users.guises_of(MIRA) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": ""}, "`guises[0].name`"),
        ({"name": "x" * 81}, "`guises[0].name`"),
        ({"channel_id": -1}, "`guises[0].channel_id`"),
        ({"more": 1}, "`guises[0].more`"),
    ],
)
async def test_a_fault_in_a_guise_is_told_with_its_place(at, change, path):
    await play(at)
    document = json.loads(await export(at))
    document["guises"][0] |= change
    with pytest.raises(FileRefused) as refused:
        await at.app.privacy.take_in(MIRA, json.dumps(document).encode())
    assert path in str(refused.value)


async def test_what_somebody_plays_and_staged_is_counted_and_goes_with_them(at):
    await play(at)
    standing = await at.app.privacy.standing(MIRA)
    assert standing.holdings.played == 4
    assert f"- {PLAYED}: 4" in privacy_views.standing_panel(standing).text
    receipt = await at.app.privacy.leave(MIRA)
    assert receipt.gone.played == 4
    assert receipt.left == {}
    assert f"- {PLAYED}: 4" in privacy_views.receipt(receipt)
    rows = contents(at.database.path.parent)
    assert not any(word in str(rows) for word in (ALARIC, "Zed", "be grim", "the ale"))
    assert "Bobby" in str(rows["guises"])
    assert (await at.app.privacy.standing(MIRA)).holdings.played == 0
