"""/persona stats, used as people would: who may see what, and what they are shown (F109)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import discord
import pytest
from sqlalchemy import text

from bot.features.operations.insight_words import NOTHING
from bot.pictures.drawing import STAYS_SVG
from cogs.personas import NOT_YOURS_TO_SEE
from memory.map import rasterise
from tests.staged import company
from tests.support.commands import admin, let_operate, show_to, told
from tests.support.discord import World

SVG = "{http://www.w3.org/2000/svg}"
SVGS, PNGS = b"<svg", b"\x89PNG"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


async def talk(w: World) -> None:
    """Let three characters be asked something here, one of them twice, and one of them in private."""
    for name in ("Onyx", "Ruby", "Onyx", "Pixel"):
        w.claude.will_say(f"I am {name}.")
        await w.mira.send(w.channel, f"{name}, talk to me about ale")
    w.claude.will_say("In private.")
    await w.mira.send_dm("hello")


def pictures(result: Any) -> dict[str, Any]:
    shown = [one for one in (result.response, *result.followups) if one is not None]
    return {file.filename: file for one in shown for file in one.attachments}


async def sql(w: World, query: str) -> list[tuple[Any, ...]]:
    async with w.app.database.read() as db:
        return [tuple(row) for row in await db._session.execute(text(query))]


HERE = "JOIN channels ON channels.id = channel_id WHERE guild_id IS NOT NULL"


@pytest.mark.slow
async def test_who_manages_a_server_is_shown_what_a_character_did_there(w):
    await talk(w)
    result = await admin(w).slash(w.channel, "persona stats", character="Onyx")
    said = told(result)
    ((replies,),) = await sql(w, f"SELECT COUNT(*) FROM turns {HERE} AND character = 'onyx'")
    ((calls,),) = await sql(w, f"SELECT COUNT(*) FROM calls {HERE} AND character = 'onyx'")
    ((letters,),) = await sql(
        w, f"SELECT SUM(LENGTH(text)) FROM messages {HERE} AND character = 'onyx' AND turn_id IS NOT NULL"
    )
    assert said.startswith("**Onyx**: The Guild · ")
    assert f"- Replies: {replies}, with {letters / replies:.0f} letters on average" in said
    assert f"- Asked of models for it: {calls} calls, $" in said
    assert "- Interests of its own that came up: ale 2" in said
    assert (replies, letters, calls) == (2, 20, 2)
    svg = (await pictures(result)["stats.svg"].read()).decode()
    drawn = [one.text for one in ET.fromstring(svg).iter(f"{SVG}text")]
    assert "What Onyx did in 14 days" in drawn
    assert "2 · 10 letters each" in drawn
    assert drawn[-2:] == ["ale", "2"]
    assert (await pictures(result)["stats.png"].read()).startswith(PNGS)


async def test_without_a_name_all_characters_stand_side_by_side(w):
    await talk(w)
    result = await admin(w).slash(w.channel, "persona stats", days=3)
    lines = told(result).splitlines()
    assert lines[0].startswith("**What the characters did in 3 days**: The Guild · ")
    assert [one.partition(",")[0] for one in lines[1:]] == [
        "- **Onyx**: 2 replies",
        "- **Pixel**: 1 reply",
        "- **Ruby**: 1 reply",
    ]
    about = pictures(result)["stats.svg"].description
    assert "Onyx: 2 replies · no votes, 10 letters each" in about
    assert "; 0 0 2; Pixel: 1 reply" in about


async def test_no_other_server_is_shown_and_nothing_that_was_private(w):
    await talk(w)
    elsewhere = w.env.create_guild("Elsewhere")
    role = elsewhere.create_role("Staff", permissions=discord.Permissions(manage_guild=True))
    eve = elsewhere.add_member(w.env.create_user("eve"), roles=[role])
    lobby = elsewhere.create_text_channel("lobby")
    said = told(await eve.slash(lobby, "persona stats"))
    assert str(NOTHING) in said
    said = told(await admin(w).slash(w.channel, "persona stats", character="pixel"))
    assert "- Replies: 1," in said, "the one in private is left out"


async def test_a_person_without_the_permission_gets_nothing(w):
    await talk(w)
    show_to(w, w.mira)  # a server may show the command to whom it likes
    result = await w.mira.slash(w.channel, "persona stats")
    assert told(result).startswith("You may not do that here")
    assert pictures(result) == {}
    anna = admin(w)
    assert told(await anna.slash(w.channel, "persona stats", everything=True)) == NOT_YOURS_TO_SEE
    assert told(await anna.user.slash("persona stats")).startswith("You may not do that here")


@pytest.mark.slow
async def test_operators_are_shown_everything_from_anywhere(w):
    await talk(w)
    anna = admin(w)
    let_operate(w, anna)
    for result in (
        await anna.slash(w.channel, "persona stats", character="pixel", everything=True),
        await anna.user.slash("persona stats", character="pixel"),
    ):
        assert told(result).startswith("**Pixel**: everywhere · ")
        assert "- Replies: 2," in told(result)
    assert "- Replies: 1," in told(await anna.slash(w.channel, "persona stats", character="pixel"))
    assert w.pinged() == set()


async def test_where_nothing_can_draw_there_is_the_svg_and_a_word_on_it(w, monkeypatch):
    def missing(*_: object, **__: object) -> None:
        raise rasterise.PictureMissing("resvg-py")

    monkeypatch.setattr("bot.pictures.drawing.as_png", missing)
    await talk(w)
    result = await admin(w).slash(w.channel, "persona stats", character="ruby")
    assert set(pictures(result)) == {"stats.svg"}
    assert STAYS_SVG.format(package="resvg-py") in told(result)
    assert (await pictures(result)["stats.svg"].read()).startswith(SVGS)


async def test_before_anything_was_counted_it_says_so_and_draws_nothing(w):
    result = await admin(w).slash(w.channel, "persona stats", character="onyx")
    assert told(result).endswith(str(NOTHING))
    assert pictures(result) == {}


async def test_no_word_of_anybody_is_shown(w):
    await w.mira.send(w.channel, "Onyx, my wombat ate the iron, says Mira")
    result = await admin(w).slash(w.channel, "persona stats", character="onyx", days=1)
    svg = (await pictures(result)["stats.svg"].read()).decode()
    for shown in (told(result), svg, pictures(result)["stats.png"].description):
        assert "iron" in shown
        assert "wombat" not in shown
        assert "Mira" not in shown
        assert str(w.mira.id) not in shown
