"""/admin growth and relations, and what the log channel hears of it (C72, C73, C75)."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from discord import app_commands

from bot.audit import Actor, AuditLog
from bot.conversation.config import Growing
from bot.conversation.effects import News
from bot.features.admin.edit_relations import THEMSELVES
from cogs._discord.admin import NAME, OPERATORS_ONLY
from cogs.admin import growth
from database import DatabaseError
from tests.builders import AT_ONCE
from tests.staged import ONYX, RUBY, company, folders, library_in, shown_in
from tests.support.commands import admin, kept, let_operate, told
from tests.support.discord import World
from tests.support.growth import meet, operator

GROWS = {
    **ONYX,
    "extensions": {
        "masquerade": {
            "stages": [{"milestone": 2, "changes": {"personality": {"new_quirks": ["hums a canary song"]}}}]
        }
    },
}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


@pytest.fixture
async def grown(tmp_path: Path) -> AsyncIterator[World]:
    """Let Onyx reach a stage of its growth after two answers."""
    root = folders(tmp_path / "characters", onyx=GROWS, ruby=RUBY)
    direction = replace(AT_ONCE.direction, banter=0.0)
    manner = replace(AT_ONCE, growing=Growing(milestones=(2,)), direction=direction)
    library = library_in(root, tmp_path / "data")
    async with company(tmp_path, manner=manner, library=library) as entered:
        yield entered


async def audited(w: World, action: str) -> list[str]:
    return [one.detail for one in await w.app.audit.latest() if one.action == action]


async def use(w: World, who: Any, name: str, **options: Any) -> str:
    return told(await who.slash(w.channel, f"admin {name}", **options))


# --- Growth (C75) ---------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_stage_is_shown_taken_back_and_let_hold_again(grown):
    w, anna = grown, operator(grown)
    assert "has answered 0 times" in await use(w, anna, "growth show", character="onyx")
    for _ in range(2):
        await w.mira.send(w.channel, "Onyx?")
    said = await use(w, anna, "growth show", character="onyx")
    assert "**Onyx** has answered 2 times: new." in said
    assert "- **2**, <t:" in said
    assert "hums a canary song" in said
    await w.mira.send(w.channel, "Onyx?")
    assert "canary" in w.prompt.system[0].text
    said = await use(w, anna, "growth revert", character="onyx", milestone=2)
    assert said == growth.REVERTED.format(name="Onyx", milestone=2)
    await w.mira.send(w.channel, "Onyx?")
    assert "canary" not in w.prompt.system[0].text
    assert "taken back <t:" in await use(w, anna, "growth show", character="onyx")
    said = await use(w, anna, "growth restore", character="onyx", milestone=2)
    assert said == growth.RESTORED.format(name="Onyx", milestone=2)
    await w.mira.send(w.channel, "Onyx?")
    assert "canary" in w.prompt.system[0].text
    assert await audited(w, "identity") == ["onyx let stand stage 2", "onyx took back stage 2"]


@pytest.mark.parametrize("name", ["revert", "restore"])
async def test_a_stage_that_was_not_reached_is_said_not_to_be(w, name):
    said = await use(w, operator(w), f"growth {name}", character="onyx", milestone=50)
    assert said.startswith("Onyx has not reached the stage 50")


async def test_what_shifted_a_trait_is_shown_with_its_cause_and_taken_back(w):
    """F104: each shift has its cause and its undo; nothing that was said stands in it."""
    await meet(w, "Good evening.", "I love your work, Onyx, you are brilliant!")
    anna = operator(w)
    said = await use(w, anna, "growth show", character="ruby")
    assert "warmth +0.03, playfulness +0.00" in said
    assert said.endswith("warmth +0.03: its compliment to onyx")
    said = await use(w, anna, "growth show", character="onyx")
    assert said.endswith("confidence +0.03: compliment from ruby")
    said = await use(w, anna, "growth undo", shift=2)
    assert said == "Shift **2** of onyx no longer counts: it was confidence +0.03."
    said = await use(w, anna, "growth show", character="onyx")
    assert "confidence +0.00" in said
    assert said.endswith("(taken back)")
    assert await audited(w, "identity") == ["onyx took back shift 2"]
    assert (await use(w, anna, "growth undo", shift=2)).startswith("There is no shift 2")


async def test_a_shift_is_taken_back_together_with_its_row_in_the_audit_or_not_at_all(w, monkeypatch):
    await meet(w, "Good evening.", "I love your work, Onyx, you are brilliant!")

    async def broken(*_args: Any, **_more: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(AuditLog, "add", broken)
    with pytest.raises(DatabaseError):
        await w.app.growth.undo_shift(Actor(1, 2), 1)
    async with w.app.database.read() as db:
        shift = await db.characters.trait_shift(1)
    assert shift is not None
    assert shift.reverted_at is None


# --- Relations (C72, C73) -------------------------------------------------------------------------


async def test_how_two_get_on_is_shown_and_an_encounter_taken_back(w):
    await meet(w, "Good evening.", "I love your work, Onyx, you are brilliant!")
    boss = admin(w, administrator=True)
    let_operate(w, boss)
    said = await use(w, boss, "relations show", character="ruby", other="onyx")
    assert "**Ruby and Onyx**: likes them +3.60, is liked +3.46, friends" in said
    assert "ruby to onyx: compliment, +3.6 and +3.456 (x 1.2: among themselves x 1.2), first words" in said
    assert f"<t:1767225602:d> in <#{w.channel.id}>: friends\n" in said
    said = await use(w, boss, "relations show", character="ruby")
    assert "- **Onyx**: likes them +3.60, is liked +3.46, friends" in said
    said = await use(w, boss, "relations undo", encounter=1)
    assert said.startswith(
        "Encounter **1** of ruby and onyx no longer counts. It was: compliment, +3.6 and +3.456 (x 1.2"
    )
    assert "likes them +0.00, is liked +0.00" in await use(
        w, boss, "relations show", character="ruby", other="onyx"
    )
    assert await audited(w, "relations") == ["took back encounter 1"]
    said = await use(w, boss, "relations undo", encounter=1)
    assert said.startswith("There is no encounter 1 that still counts")


async def test_an_encounter_that_changed_nothing_is_said_to_have_done_so(w):
    await meet(w, "Good evening.", "The lamp is lit.")
    boss = admin(w, administrator=True)
    let_operate(w, boss)
    said = await use(w, boss, "relations show", character="ruby", other="onyx")
    assert "likes them +0.00, is liked +0.00, acquaintances" in said
    assert "ruby to onyx: something else, which changed nothing" in said
    said = await use(w, boss, "relations undo", encounter=1)
    assert said == (
        "Encounter **1** of ruby and onyx no longer counts. It was: something else, which changed nothing."
    )


async def test_two_make_up(w):
    anna = operator(w)
    async with w.app.database.begin() as db:
        await db.affinities.fell_out("onyx", "ruby", "ale", severity=0.8, at=w.app.clock.now(), message_id=1)
    assert "conflicts: ale (0.80)" in await use(w, anna, "relations show", character="onyx")
    assert await use(w, anna, "relations make_up", one="Onyx", other="onyx") == THEMSELVES
    said = await use(w, anna, "relations make_up", one="ruby", other="onyx")
    assert said == "**Ruby** and **Onyx** made up: 1 conflict ended."
    assert "conflicts" not in await use(w, anna, "relations show", character="onyx")
    assert await audited(w, "relations") == ["ruby and onyx made up: 1"]


# --- Who may (D12, D13) ---------------------------------------------------------------------------


def every_command(w: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each command of /admin with options that would do something."""
    fill: dict[str, Any] = {
        "character": "onyx",
        "other": "ruby",
        "one": "onyx",
        "kind": "trait",
        "text": "x",
        "day": "2026-01-01",
        "person": w.mira,
        "key": "verbose",
        "value": "on",
        "entry": "card.json: 0",
        "content": "x",
    }
    for command in w.client.tree.walk_commands():
        if isinstance(command, app_commands.Command) and command.qualified_name.startswith(f"{NAME} "):
            needed = [one.name for one in command.parameters if one.required]
            options = {name: fill.get(name, 1) for name in needed}
            if command.qualified_name == f"{NAME} relations set":
                options["value"] = 1.0
            yield command.qualified_name, options


@pytest.mark.slow
async def test_administrators_who_are_no_operators_are_refused_every_one(w):
    boss, before, refused = admin(w, administrator=True), kept(w), 0
    for name, options in every_command(w):
        refused += told(await boss.slash(w.channel, name, **options)) == OPERATORS_ONLY
    assert refused == len([*every_command(w)]) >= 11
    assert kept(w) == before


@pytest.mark.parametrize("group", ["identity", "growth", "relations", "lore"])
async def test_a_name_that_is_nobodys_gets_a_sentence(w, group):
    show = "list" if group in ("identity", "lore") else "show"
    said = await use(w, operator(w), f"{group} {show}", character="Nobody")
    assert said == "There is no character called 'Nobody' here. There are: Pixel, Onyx, Ruby."


async def test_admin_goes_with_the_last_cog_that_shares_it_and_comes_back(w):
    tree = w.client.tree
    sharing = ("admin", "health", "initiative")
    for name in sharing:
        assert tree.get_command(NAME) is not None
        await w.client.unload_extension(f"cogs.{name}")
    assert tree.get_command(NAME) is None
    for name in reversed(sharing):
        await w.client.load_extension(f"cogs.{name}")
    admin_group = tree.get_command(NAME)
    assert isinstance(admin_group, app_commands.Group)
    laid_down = {"identity", "growth", "relations", "mood", "initiative", "lore", "state", "changes"}
    laid_down |= {"thoughts"}
    assert {one.name for one in admin_group.commands} == {*laid_down, "memory", "facts", "bond", "jobs"}


# --- The log channel hears of it ------------------------------------------------------------------


async def test_what_becomes_of_characters_is_told_in_the_log_channel_in_a_line(grown):
    w = grown
    office = w.guild.create_text_channel("office")
    changed = w.app.settings.model_copy(update={"log_channel": office.id})
    object.__setattr__(w.app, "settings", changed)
    for _ in range(2):
        await w.mira.send(w.channel, "Onyx?")
    await w.settle(w.app.outbox._tell, [News("onyx", "**Onyx** said\n@everyone hi")])
    await w.env.advance_time(60)
    said = "\n".join(text for _, text in shown_in(office))
    assert "Onyx has answered 2 times: it changes by its stage 2." in said
    assert r"\*\*Onyx\*\* said @everyone hi" in said
    assert w.pinged() == set()


async def test_without_a_log_channel_nothing_is_told_anywhere(grown):
    w = grown
    for _ in range(2):
        await w.mira.send(w.channel, "Onyx?")
    await w.env.advance_time(60)
    assert [name for name, _ in shown_in(w.channel)] == ["mira", "Onyx"] * 2
