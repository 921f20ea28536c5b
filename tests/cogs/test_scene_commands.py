"""/scene, used as people would: what characters play among themselves, the note of a channel (C26, C35)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.conversation import effects
from bot.discord.commands import ONLY_IN_SERVERS
from bot.features.characters.presence import MOST_SCENE_TURNS, NO_SCENE
from bot.features.characters.presence_words import CLEARED, NO_NOTE, NOTED
from cogs import scenes
from memory.places import Place, Where
from tests.staged import company, shown_in
from tests.support.commands import admin, kept, let_operate, told
from tests.support.discord import SETTLED_WITHIN, World

TOPIC = "who stole the ale"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


async def start(w: World, who: Any, characters: str = "Onyx, Ruby", **options: Any) -> Any:
    options.setdefault("topic", TOPIC)
    result = await who.slash(w.channel, "scene start", characters=characters, **options)
    await w.env.settle()
    return result


def played(w: World) -> list[str]:
    """Return who of the characters said something, in order."""
    return [name for name, _ in shown_in(w.channel) if name in ("Onyx", "Ruby")]


# --- Scenes (C26) ---------------------------------------------------------------------------------


async def test_a_scene_has_exactly_its_lines_and_its_members_take_turns(w):
    anna = admin(w)
    await start(w, anna)
    await w.env.advance_time(600)
    assert played(w) == ["Onyx", "Ruby"] * 3
    assert "who stole the ale" in w.prompt.text
    await w.mira.send(w.channel, "Ruby?")
    assert played(w) == [*["Onyx", "Ruby"] * 3, "Ruby"]


async def test_the_channel_is_told_who_plays_and_about_what_and_nobody_is_pinged(w):
    rude = f"@everyone **bold** {w.mira.mention}\n# big"
    result = await start(w, admin(w), topic=rude, turns=1)
    opening = result.followups[-1]
    assert not opening.ephemeral
    assert opening.content.startswith("**A scene of 1 line** by **Onyx**, **Ruby**, about:\n> @everyone")
    assert all(line.startswith(("**A scene", "> ", "-# ")) for line in opening.content.split("\n"))
    async with w.app.database.read() as db:
        scene = await db.cues.scene_of(1)
    assert scene is not None
    assert scene.opened_by < opening.id
    assert shown_in(w.channel)[-2:] == [("TestBot", opening.content), ("Onyx", "Hm.")]
    assert w.pinged() == set()


async def test_stopped_it_ends_within_one_line(w, monkeypatch):
    monkeypatch.setattr(effects, "SCENE_PAUSE", 2 * SETTLED_WITHIN)  # time does not run on by itself
    anna = admin(w)
    await start(w, anna, turns=20)
    await w.env.advance_time(5 * SETTLED_WITHIN)
    assert len(played(w)) == 3
    said = told(await anna.slash(w.channel, "scene stop"))
    assert said.startswith("The scene ends: of 20 lines ")
    await w.env.advance_time(600)
    assert 3 <= len(played(w)) <= 4
    assert told(await anna.slash(w.channel, "scene stop")) == "No scene is being played here."


async def test_a_second_scene_at_the_same_time_is_refused_and_leaves_no_line_in_the_channel(w):
    anna = admin(w)
    stage = w.app.presence
    where = here(w)
    members = [stage.role("onyx"), stage.role("ruby")]
    await stage.begin_scene(where, members, TOPIC, turns=5, by=1, opened_by=1)
    said = told(await start(w, anna))
    assert said == "A scene is being played here already: end it with /scene stop."
    assert shown_in(w.channel) == []


def here(w: World) -> Where:
    return Where(w.channel.id, Place.GUILD, name="general", guild_id=w.guild.id)


@pytest.mark.parametrize(
    ("characters", "why"),
    [
        ("Onyx", "A scene takes at least two characters"),
        ("Onyx, onyx", "A scene takes at least two characters"),
        ("Onyx, Nobody", "There is no character called 'Nobody' here. There are: Pixel, Onyx, Ruby."),
        (" , ", "A scene takes at least two characters"),
    ],
)
async def test_who_can_not_play_is_named_in_a_sentence(w, characters, why):
    assert why in told(await start(w, admin(w), characters))
    assert shown_in(w.channel) == []


async def test_a_stranger_starts_stops_and_notes_nothing(w):
    before = kept(w)
    for name, options in (
        ("start", {"characters": "Onyx, Ruby", "topic": TOPIC}),
        ("stop", {}),
        ("note", {"text": "be grim"}),
        ("note_clear", {}),
    ):
        assert told(await w.mira.slash(w.channel, f"scene {name}", **options)) == scenes.NOT_YOURS
    assert kept(w) == before
    assert shown_in(w.channel) == []


@pytest.mark.parametrize("permissions", [{"manage_guild": True}, {"manage_channels": True}])
async def test_who_manages_the_server_or_its_channels_may(w, permissions):
    await start(w, admin(w, **permissions), turns=1)
    await w.env.advance_time(60)
    assert played(w) == ["Onyx"]


async def test_an_operator_may_everywhere(w):
    let_operate(w, w.mira)
    await start(w, w.mira, turns=1)
    await w.env.advance_time(60)
    assert played(w) == ["Onyx"]


@pytest.mark.parametrize("name", ["start", "stop"])
async def test_in_private_there_are_no_scenes(w, name):
    options = {"characters": "Onyx, Ruby", "topic": TOPIC} if name == "start" else {}
    assert told(await w.mira.user.slash(f"scene {name}", **options)) == ONLY_IN_SERVERS


async def test_members_are_offered_one_by_one(w):
    offered = await admin(w).autocomplete(w.channel, "scene start", "characters", "onyx, r", topic="x")
    assert [one["value"] for one in offered] == ["onyx, ruby"]
    assert MOST_SCENE_TURNS == 30


# --- The note of a channel (C35) ------------------------------------------------------------------


def notes(w: World) -> list[int]:
    """Return how many lines before the end the note stands in the last prompt, for each time it does."""
    texts = [block.text for message in w.prompt.messages for block in message.blocks]
    lines = "\n".join(texts).split("\n")
    talk = [number for number, line in enumerate(lines) if line.startswith("Mira#") or line == "Hm."]
    found = [number for number, line in enumerate(lines) if "be grim" in line]
    return [sum(one > number for one in talk) for number in found]


@pytest.mark.slow
async def test_a_note_stands_at_its_depth_in_the_next_prompt_of_this_channel_alone(w):
    anna = admin(w)
    other = w.guild.create_text_channel("other")
    for text in ("Pixel, one", "Pixel, two"):
        await w.mira.send(w.channel, text)
    said = told(await anna.slash(w.channel, "scene note", text="be grim", depth=2))
    assert said == NOTED.format(depth="2 lines before the end of what I read")
    await w.mira.send(w.channel, "Pixel, three")
    assert notes(w) == [2]
    await w.mira.send(other, "Pixel, over here")
    assert notes(w) == []
    await anna.slash(w.channel, "scene note", text="be grim")
    await w.mira.send(w.channel, "Pixel, four")
    assert notes(w) == [0]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "options"), [("note_clear", {}), ("note", {"text": " Clear"})])
async def test_a_note_is_taken_away(w, command, options):
    """Both ways to write it, /scene note_clear and /scene note clear."""
    anna = admin(w)
    await anna.slash(w.channel, "scene note", text="be grim")
    assert told(await anna.slash(w.channel, f"scene {command}", **options)) == CLEARED
    assert told(await anna.slash(w.channel, f"scene {command}", **options)) == NO_NOTE
    await w.mira.send(w.channel, "Pixel?")
    assert "be grim" not in w.prompt.text


@pytest.mark.slow
async def test_in_private_everybody_may_write_a_note(w):
    assert told(await w.mira.user.slash("scene note", text="be grim")).startswith("I keep that in mind")
    await w.mira.send_dm("hello")
    assert "be grim" in w.prompt.text


async def test_show_tells_the_scene_and_the_note_harmlessly(w):
    anna = admin(w)
    assert told(await w.mira.slash(w.channel, "scene show")) == f"{NO_SCENE}\n{NO_NOTE}"
    stage = w.app.presence
    where = here(w)
    members = [stage.role("onyx"), stage.role("ruby")]
    await stage.begin_scene(where, members, "# big @everyone", turns=5, by=1, opened_by=1)
    await anna.slash(w.channel, "scene note", text="be grim\n# not a head", depth=3)
    said = told(await w.mira.slash(w.channel, "scene show"))
    assert (
        "**A scene** by **Onyx**, **Ruby**: 0 of 5 lines were said. It is about:\n> # big @everyone" in said
    )
    assert "**The note of this channel**, 3 lines before" in said
    assert "\n> be grim\n> # not a head" in said
    assert w.pinged() == set()
