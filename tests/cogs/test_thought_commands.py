"""What people and operators see of a character's thoughts, and what operators change of them (F133, C85)."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import discord
import pytest

from benchmarks.bench_budget import counted
from bot.discord.commands import is_public
from database import UnitOfWork
from database.models import MusingChange
from tests.builders import PIXEL
from tests.support.commands import admin, kept, let_operate, told
from tests.support.discord import World, world
from tests.support.panels import panel_of

BELIEF = "Lighthouses are lonelier than they look"
DREAM = "A lighthouse walks into the sea."
THREAD = "Why would anybody still build a lighthouse?"
TALK = (
    "the keeper hated fog",
    "they paint the tower each spring",
    "ships use satellites",
    "my uncle sailed it",
)


@pytest.fixture
async def w(tmp_path: Path):
    async with world(tmp_path) as entered:
        role = entered.app.company.by_slug["pixel"]
        inner = {"inner_life": ("beliefs", "dreams", "threads")}
        role.playing = replace(role.playing, character=PIXEL.model_copy(update=inner))
        await entered.app.privacy.answer(entered.mira.id, agreed=True)
        yield entered


async def night(w: World, channel: Any = None, *, alone: bool = False, **answer: Any) -> list[Any]:
    """Let Mira talk in a channel, or in private, and a night pass; return her messages."""
    said = []
    say = w.mira.send_dm if alone else partial(w.mira.send, channel or w.channel)
    for text in TALK:
        w.claude.will_say("I see.")
        said.append(await say(f"{w.me} {text}"))
        await w.env.advance_time(60)
    w.claude.finds = lambda _prompt, _question: '{"facts": []}'
    await w.app.consolidation.run("pixel")
    w.claude.queue.clear()
    beliefs = [{"belief": 0, "text": BELIEF, "stronger": True, "evidence": "experience", "lines": [1, 4]}]
    threads = [{"thread": 0, "text": THREAD, "done": False, "lines": [2]}]
    plain = {"beliefs": beliefs, "dream": {"text": DREAM, "lines": [3]}, "threads": threads}
    w.claude.will_say(json.dumps(plain | answer))
    await w.app.night_thoughts.run("pixel")
    w.claude.queue.clear()
    return said


async def number_of(w: World, text: str) -> int:
    async with w.app.database.read() as db:
        return next(one.id for one in await db.musings.of_guild("pixel", w.guild.id) if one.text == text)


@pytest.mark.slow
async def test_the_nightly_job_thinks_the_day_over_once(w):
    for text in TALK:
        w.claude.will_say("I see.")
        await w.mira.send(w.channel, f"{w.me} {text}")
    w.claude.finds = lambda _prompt, _question: '{"facts": []}'
    await w.env.advance_time(24 * 3600)
    w.claude.queue.clear()
    w.claude.will_say(json.dumps({"beliefs": [], "dream": {"text": DREAM, "lines": [3]}, "threads": []}))
    for _ in range(2):
        await w.app.schedule.run("draw facts from talk")
    assert DREAM in told(await w.tom.slash(w.channel, "thoughts"))
    assert [one.purpose for one in w.claude.questions].count("musings") == 1


# --- /thoughts -----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_anybody_sees_what_a_character_thinks_of_talk_that_all_may_read(w):
    await night(w)
    shown = told(await w.tom.slash(w.channel, "thoughts"))
    for text in (BELIEF, DREAM, THREAD):
        assert text in shown
    assert "50 %, would not swear to it" in shown
    assert f"came up by what somebody lived through, in <#{w.channel.id}>" in shown
    assert not any(text in shown for text in TALK), "causes hold nobody's words"
    assert str(w.mira.id) not in shown
    other = w.guild.create_text_channel("random")
    assert BELIEF in told(await w.tom.slash(other, "thoughts"))


@pytest.mark.slow
async def test_what_was_thought_of_a_private_channel_is_shown_there_alone(w):
    hidden = discord.PermissionOverwrite(view_channel=False)
    seen = discord.PermissionOverwrite(view_channel=True, read_message_history=True, send_messages=True)
    bot = w.client.user
    assert bot is not None
    private = w.guild.create_text_channel(
        "staff", overwrites={w.guild.default_role: hidden, w.mira: seen, bot: seen}
    )
    await night(w, private)
    assert BELIEF in told(await w.mira.slash(private, "thoughts"))
    shown = told(await w.tom.slash(w.channel, "thoughts"))
    assert "Nothing goes on in **Pixel** that everybody here may know" in shown
    assert DREAM not in told(await w.mira.slash(private, "thoughts")), "dreams are of what all may know"


@pytest.mark.slow
async def test_a_channel_from_which_somebody_is_shut_out_is_not_for_all(w):
    unseen = discord.PermissionOverwrite(view_channel=False)
    lounge = w.guild.create_text_channel("lounge", overwrites={w.tom: unseen})
    await night(w, lounge)
    assert BELIEF in told(await w.mira.slash(lounge, "thoughts"))
    other = w.guild.create_text_channel("random")
    assert BELIEF not in told(await w.tom.slash(other, "thoughts"))


async def test_a_character_whose_file_does_not_say_so_thinks_nothing(w):
    w.app.company.by_slug["pixel"].playing = replace(w.app.company.by_slug["pixel"].playing, character=PIXEL)
    assert "thinks nothing by itself" in told(await w.tom.slash(w.channel, "thoughts"))


@pytest.mark.slow
async def test_long_lists_have_pages_that_turn(w):
    plain = {"belief": 0, "stronger": True, "evidence": "example", "lines": [1]}
    for colour in ("Old", "Red", "Wet"):
        many = [plain | {"text": f"{colour} {lamp} hum"} for lamp in ("lamps", "lights", "sparks")]
        await night(w, beliefs=many)
    first = panel_of(await w.tom.slash(w.channel, "thoughts"))
    shown = first.content
    assert "Old lamps hum" in shown
    second = panel_of(await w.tom.click(first, label="Next")).content
    assert "Dreamt" in second
    assert second != shown


async def test_why_names_the_thoughts_that_stood_in_the_prompt(w):
    await night(w)
    w.claude.will_say("Hm.")
    asked = await w.tom.send(w.channel, f"{w.me} do you like lighthouses?")
    await w.env.settle()
    shown = told(await w.tom.slash(w.channel, "why", message=str(asked.id)))
    assert f"**What it believes**: {BELIEF}" in shown
    assert f"**What it dreamt**: {DREAM}" in shown
    assert f"**What it keeps wondering**: {THREAD}" in shown


# --- /admin thoughts -----------------------------------------------------------------------------------


@pytest.fixture
async def anna(w: World):
    operator = admin(w, administrator=True)
    let_operate(w, operator)
    return operator


async def test_operators_see_and_search_all_of_their_server(w, anna):
    await night(w)
    shown = told(await anna.slash(w.channel, "admin thoughts list", character="pixel"))
    assert all(text in shown for text in (BELIEF, DREAM, THREAD))
    found = told(await anna.slash(w.channel, "admin thoughts list", character="pixel", search="walks"))
    assert (DREAM in found, BELIEF in found) == (True, False)


async def test_an_edit_holds_from_the_next_prompt_on_and_is_taken_back_without_words_in_the_audit(w, anna):
    await night(w)
    number = await number_of(w, BELIEF)
    options = {"character": "pixel", "number": number, "text": "Lighthouses like company", "sure": 90}
    shown = told(await anna.slash(w.channel, "admin thoughts edit", **options))
    assert "Lighthouses like company (90 %, quite sure)" in shown
    w.claude.will_say("Hm.")
    await w.tom.send(w.channel, f"{w.me} do you like lighthouses?")
    await w.env.settle()
    assert "believes, and is quite sure: Lighthouses like company" in w.prompt.text
    assert not [row for row in kept(w) if row.startswith('INSERT INTO "audit"') and "ighthouse" in row]
    told(await anna.slash(w.channel, "admin changes undo"))
    listed = told(await w.tom.slash(w.channel, "thoughts"))
    assert f"{BELIEF} (50 %" in listed


async def test_what_is_removed_is_gone_and_can_be_put_back(w, anna):
    await night(w)
    number = await number_of(w, DREAM)
    asked = panel_of(await anna.slash(w.channel, "admin thoughts remove", character="pixel", number=number))
    assert DREAM in asked.content
    await anna.click(asked, label="Remove it")
    assert DREAM not in told(await w.tom.slash(w.channel, "thoughts"))
    told(await anna.slash(w.channel, "admin changes undo"))
    assert DREAM in told(await w.tom.slash(w.channel, "thoughts"))


async def test_what_was_forgotten_meanwhile_is_not_put_back(w, anna):
    said = await night(w)
    number = await number_of(w, DREAM)
    asked = panel_of(await anna.slash(w.channel, "admin thoughts remove", character="pixel", number=number))
    await anna.click(asked, label="Remove it")
    await w.app.message_log.deleted(w.channel.id, {said[2].id})
    assert "can't be taken back" in told(await anna.slash(w.channel, "admin changes undo"))
    assert not [row for row in kept(w) if DREAM in row]


async def test_operators_see_nothing_of_what_was_thought_in_private(w, anna):
    await night(w, alone=True)
    assert BELIEF in told(await w.mira.user.slash("thoughts"))
    assert "Nothing goes on" in told(await anna.slash(w.channel, "admin thoughts list", character="pixel"))
    assert "Nothing goes on" in told(await w.mira.slash(w.channel, "thoughts"))


async def test_only_operators_may(w):
    other = admin(w, administrator=True)
    shown = told(await other.slash(w.channel, "admin thoughts list", character="pixel"))
    assert "operators alone" in shown


def test_a_channel_that_is_not_known_is_not_public():
    assert not is_public(None)
    assert not is_public(discord.Object(1))


async def test_a_reply_of_a_character_that_thinks_takes_one_statement_more_at_most(w):
    await night(w)
    role = w.app.company.by_slug["pixel"]
    thinks, counts = role.playing, []
    for playing in (replace(role.playing, character=PIXEL), thinks):
        role.playing = playing
        await w.mira.send(w.channel, f"{w.me} hello again")  # so that all statements are prepared
        async with w.app.database.begin() as db:
            await db.musings.take_back(await _any_change(w, db))
        with counted(w) as counted_now:
            await w.mira.send(w.channel, f"{w.me} do you like lighthouses?")
        counts.append(counted_now["statements"])
    without, within = counts
    assert within <= without + 1


async def _any_change(w: World, db: UnitOfWork) -> MusingChange:
    """Return a new change: whoever wrote to the table last lets it be read anew."""
    change = MusingChange(await number_of(w, BELIEF), w.app.clock.now(), "operator")
    await db.musings.note(change)
    return change
