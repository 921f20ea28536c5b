"""/mood, used as people would: the week as a picture, in words, and nothing of others (F085, F088, C69)."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import ChannelType, OverwriteType

from bot.conversation.context.mood_state import day_key
from bot.pictures.drawing import TOO_LATE, Drawings
from cogs.inner_life.views import MOST_MOMENTS, NOTHING_FELT, NOTHING_OF_NOTE, WHO_SEES
from personas.affect.temperament import DayMood
from tests.inner_world import DAY, agree, wiped
from tests.staged import company
from tests.support.commands import admin, told
from tests.support.discord import World
from tests.support.moods import happened
from tests.support.panels import panel_of


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        await wiped(entered.app.database)
        yield entered


def moments(shown: Any) -> list[str]:
    """Return what is said of each moment, the newest first."""
    lines = shown.content.splitlines()
    return [line.partition(">: ")[2] for line in lines if line.startswith("- <t:")]


async def test_before_anything_happened_a_sentence_says_so(w):
    assert told(await w.mira.slash(w.channel, "mood")) == NOTHING_FELT.format(name="Pixel")


async def test_a_talk_is_seen_in_words_and_as_a_picture_by_the_asker_alone(w):
    await agree(w.app.database, w.mira.id, at=w.env.now())
    await w.env.advance_time(12 * 3600)
    await w.mira.send(w.channel, "Pixel, thank you so much!")
    shown = panel_of(await w.mira.slash(w.channel, "mood"))
    assert shown.content.splitlines() == [
        "**How Pixel feels now**: calm (unhurried and gentle)",
        (
            "**Hormones, 0 to 1 (and where they rest)**: dopamine 0.59 (0.50), serotonin 0.58 (0.50), "
            "cortisol 0.38 (0.40), adrenaline 0.50 (0.50), melatonin 0.41 (0.40), estrogen 0.54 (0.50), "
            "testosterone 0.50 (0.50)"
        ),
        "**What moved it this week**",
        f"- <t:{int(w.env.now().timestamp())}:f>: thanks from you, in <#{w.channel.id}>",
        WHO_SEES,
    ]
    png, svg = shown.attachments
    assert (png.filename, svg.filename) == ("mood.png", "mood.svg")
    assert png.description == svg.description
    assert png.description.startswith("How Pixel felt from ")
    assert "thanks from you" in png.description
    assert len(png.description) <= 1024
    assert (await png.read()).startswith(b"\x89PNG")
    assert (await svg.read()).startswith(b"<svg ")
    assert w.pinged() == set()


async def test_the_day_is_told_beside_what_is_usual(w):
    await happened(w, (3, DAY, None, None))
    async with w.app.database.begin() as db:
        for mood, value in zip(DayMood, (9, 1, 2, 5), strict=True):
            await db.states.set(day_key("pixel", mood), str(value))
    said = panel_of(await w.mira.slash(w.channel, "mood")).content
    assert "**Today, 0 to 10 (and as usual)**: anger 9 (2), joy 1 (5), sadness 2 (2), energy 5 (5)\n" in said
    assert NOTHING_OF_NOTE in said


@pytest.mark.slow
async def test_nobody_is_told_who_it_was_but_who_it_was(w):
    await happened(w, (30, "praise", w.mira, w.channel), (20, "conflict", w.tom, w.channel))
    here = f", in <#{w.channel.id}>"
    mine = panel_of(await w.mira.slash(w.channel, "mood"))
    toms = panel_of(await w.tom.slash(w.channel, "mood"))
    assert moments(mine) == [f"a quarrel{here}", f"praise from you{here}"]
    assert moments(toms) == [f"a quarrel with you{here}", f"praise{here}"]
    for shown, other in ((mine, w.tom), (toms, w.mira)):
        drawn = (await shown.attachments[1].read()).decode()
        for name in (str(other.id), "Tom", "Mira"):
            assert name not in shown.content + drawn + (shown.attachments[0].description or "")


@pytest.mark.slow
@pytest.mark.parametrize("unseen", ["view_channel", "read_message_history"])
async def test_a_channel_that_the_viewer_can_not_look_into_is_not_named(w, unseen):
    shut = {w.guild.default_role: discord.PermissionOverwrite(**{unseen: False})}
    staff = w.guild.create_text_channel("staff", overwrites=shut)
    lounge = w.guild.create_text_channel("lounge")
    await happened(
        w, (30, "praise", w.mira, staff), (20, "conflict", w.tom, staff), (5, "praise", None, lounge)
    )
    shown = panel_of(await w.mira.slash(w.channel, "mood"))
    assert moments(shown) == [f"praise, in <#{lounge.id}>", "a quarrel", "praise from you"]
    assert str(staff.id) not in shown.content
    anna = admin(w, administrator=True)
    named = moments(panel_of(await anna.slash(w.channel, "mood")))
    assert named == [
        f"praise, in <#{lounge.id}>",
        f"a quarrel, in <#{staff.id}>",
        f"praise, in <#{staff.id}>",
    ]


async def test_a_voice_channel_is_named_to_those_who_may_connect(w):
    deaf = Overwrite(w.guild.id, OverwriteType.ROLE, deny=discord.Permissions(connect=True).value)
    booth = w.env.backend.create_channel(w.guild.id, "booth", type=ChannelType.VOICE, overwrites=[deaf])
    open_booth = w.env.backend.create_channel(w.guild.id, "open booth", type=ChannelType.VOICE)
    await w.env.settle()
    for one in (booth, open_booth):
        one.guild = w.guild
    await happened(w, (5, "praise", None, booth), (3, "praise", None, open_booth))
    shown = panel_of(await w.mira.slash(w.channel, "mood"))
    assert moments(shown) == [f"praise, in <#{open_booth.id}>", "praise"]


@pytest.mark.slow
async def test_other_servers_and_others_private_talk_are_not_named(w):
    elsewhere = w.env.create_guild("Elsewhere")
    far = elsewhere.create_text_channel("far")
    await w.tom.send_dm("hello")
    private = w.tom.user.dm_channel
    await wiped(w.app.database)
    await happened(w, (30, "praise", None, far), (20, "gratitude", w.tom, private))
    mine = panel_of(await w.mira.slash(w.channel, "mood"))
    assert moments(mine) == ["thanks", "praise"]
    assert moments(panel_of(await w.tom.slash(w.channel, "mood"))) == [
        "thanks from you, in private",
        "praise",
    ]
    there = panel_of(await w.tom.user.slash("mood"))
    assert moments(there) == ["thanks from you, in private", "praise"]


async def test_a_long_list_is_cut_to_the_weightiest_and_says_how_many_more(w):
    log = [(150 - 3 * n, "praise" if n % 3 else "conflict", w.mira, w.channel) for n in range(40)]
    await happened(w, *log)
    shown = panel_of(await w.mira.slash(w.channel, "mood"))
    assert len(moments(shown)) == MOST_MOMENTS
    assert "the most of it (33 more)" in shown.content  # and a silence at the end
    assert all(one.startswith("a quarrel with you") for one in moments(shown))
    assert len(shown.content) <= 2000
    assert len(shown.attachments[0].description or "") <= 1024


@pytest.mark.slow
async def test_each_character_has_its_own_week(w):
    await happened(w, (3, "conflict", w.mira, w.channel), slug="onyx")
    assert moments(panel_of(await w.mira.slash(w.channel, "mood", character="Onyx"))) == [
        f"a quarrel with you, in <#{w.channel.id}>"
    ]
    assert told(await w.mira.slash(w.channel, "mood", character="ruby")) == NOTHING_FELT.format(name="Ruby")
    assert "There is no character called 'Rubi'" in told(
        await w.mira.slash(w.channel, "mood", character="Rubi")
    )


async def test_without_the_extra_there_are_the_svg_and_a_line_that_says_what_is_missing(w, monkeypatch):
    await happened(w, (3, "conflict", w.mira, w.channel))
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    shown = panel_of(await w.mira.slash(w.channel, "mood"))
    assert [one.filename for one in shown.attachments] == ["mood.svg"]
    assert shown.content.endswith("-# Pictures stay SVG: resvg-py not installed (extra `pictures`).")


async def test_a_picture_that_takes_too_long_leaves_the_words(w, monkeypatch):
    await happened(w, (3, "conflict", w.mira, w.channel))
    monkeypatch.setattr(w.client.get_cog("InnerLifeCog"), "_drawings", Drawings(deadline=0))
    shown = panel_of(await w.mira.slash(w.channel, "mood"))
    assert shown.attachments == []
    assert shown.content.endswith(f"-# {TOO_LATE}")


async def test_pictures_are_drawn_one_at_a_time():
    drawing, most = 0, 0

    def draw() -> str:
        nonlocal drawing, most
        drawing += 1
        most = max(most, drawing)
        drawing -= 1
        return "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"

    drawings = Drawings()
    drawn = await asyncio.gather(*(drawings.of(draw, "a picture") for _ in range(8)))
    assert most == 1
    assert {one.about for one in drawn} == {"a picture"}
    assert all(one.svg for one in drawn)


async def test_a_name_full_of_markdown_stays_words_and_is_no_tag_in_the_picture(w):
    role = w.app.company.by_slug["ruby"]
    rude = role.character.model_copy(update={"name": "**<@1> </svg>"})
    object.__setattr__(role.playing, "character", rude)
    await happened(w, (3, "conflict", w.mira, w.channel), slug="ruby")
    shown = panel_of(await w.mira.slash(w.channel, "mood", character="ruby"))
    assert r"How \*\*<@1\>" in shown.content or r"How \*\*" in shown.content
    assert (await shown.attachments[1].read()).count(b"</svg>") == 1
    assert w.pinged() == set()


# Hostility and skin


@pytest.mark.slow
async def test_hostility_and_skin_are_told_while_anything_is_left_of_them(w):
    """F133."""
    await happened(w, (0.1, "conflict", w.mira, w.channel), (0.05, "threat", w.mira, w.channel))
    said = panel_of(await w.mira.slash(w.channel, "mood")).content
    assert "**Hostility, 0 to 1 (guarded from 0.30)**: 0.5" in said
    assert ", guarded\n" in said
    assert "(by nature)**: 0.3" in said
    assert "thicker after attacks that found it calm\n" in said
    assert moments(panel_of(await w.mira.slash(w.channel, "mood")))[0].startswith("a threat from you")
    await w.env.advance_time(9 * 24 * 3600)
    assert "Hostility" not in panel_of(await w.mira.slash(w.channel, "mood")).content


@pytest.mark.slow
async def test_a_private_quarrel_is_read_by_nobody_but_who_had_it(w):
    """Others see that there was one, as before: neither who it was, nor where, nor that it was private."""
    await w.tom.send_dm("hello")
    private = w.tom.user.dm_channel
    await wiped(w.app.database)
    await happened(w, (0.2, "threat", w.tom, private), (0.1, "conflict", w.tom, private))
    shown = panel_of(await w.mira.slash(w.channel, "mood"))
    assert moments(shown) == ["a quarrel", "a threat"]
    drawn = (await shown.attachments[1].read()).decode()
    about = shown.content.replace(WHO_SEES, "") + drawn + (shown.attachments[0].description or "")
    for word in (str(w.tom.id), str(private.id), "Tom", "private", "with you", "from you"):
        assert word not in about
    own = panel_of(await w.tom.slash(w.channel, "mood"))
    assert moments(own) == ["a quarrel with you, in private", "a threat from you, in private"]
