"""Lore laid over files, rows of the global state, and Discord's own limits (D12, F087, C85)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from personas.lorebooks import read_lorebook
from personas.lorebooks.overlay import BOOK, LaidDown, overlaid
from tests.staged import company
from tests.support.commands import admin, kept, let_operate
from tests.support.discord import World
from tests.support.edits import changes, prompt, remove, use

ONE = {"character": "onyx"}
FILE = {**ONE, "entry": "card.json: 0"}
MOST_LETTERS = 8_000
"""What names, descriptions and choices of a command and all that is in it may have together."""


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


# --- Lorebooks -------------------------------------------------------------------------------------


async def test_an_entry_of_a_file_is_changed_and_let_be_as_its_file_has_it(w):
    anna = operator(w)
    assert "It is old." in await prompt(w)
    await use(w, anna, "admin lore edit", **FILE, content="It is new.")
    now = await prompt(w)
    assert "It is new." in now
    assert "It is old." not in now
    said = await use(w, anna, "admin lore reset", **FILE)
    assert said.startswith("**card.json: 0** of **Onyx** is as its file has it")
    assert "It is old." in await prompt(w)
    assert [(one.before is None, one.after is None) for one in await changes(w)] == [
        (False, True),
        (True, False),
    ]


async def test_an_entry_of_a_file_that_is_removed_is_off_and_the_file_stays(w):
    anna = operator(w)
    said = await remove(w, anna, "admin lore remove", **FILE)
    assert said.startswith("That entry of **Onyx** is off")
    assert "It is old." not in await prompt(w)
    assert "off · when it is said: anvil · changed" in await use(w, anna, "admin lore list", **ONE)
    await use(w, anna, "admin lore edit", **FILE, on=True)
    assert "It is old." in await prompt(w)


async def test_other_keys_call_an_entry_of_a_file_up(w):
    anna = operator(w)
    await use(w, anna, "admin lore edit", **FILE, keys="hammer, Tongs")
    assert "It is old." not in await prompt(w)
    await w.mira.send(w.channel, "Onyx, your tongs?")
    assert "It is old." in w.prompt.text


async def test_an_entry_that_is_always_there_needs_no_key(w):
    anna = operator(w)
    await use(w, anna, "admin lore add", **ONE, content="The forge is blue.", always=True)
    await w.mira.send(w.channel, "Onyx?")
    assert "The forge is blue." in w.prompt.text
    await w.mira.send(w.channel, "Ruby?")
    assert "The forge is blue." not in w.prompt.text


async def test_what_is_laid_down_of_an_entry_that_went_has_no_effect_and_a_notice():
    book, _ = read_lorebook({"entries": [{"keys": ["anvil"], "content": "It is old.", "id": 3}]})
    books = {"b.json": book}
    found, notices = overlaid(books, [LaidDown("b.json", "9", {"content": "x"}), LaidDown("c", "1", {})])
    assert found["b.json"].entries == book.entries
    assert [one.partition(" has no effect")[0] for one in notices] == [
        "what is laid down about b.json: 9",
        "what is laid down about c: 1",
    ]


@pytest.mark.parametrize("key", ["keys", "key"])
def test_an_entry_keeps_what_is_not_laid_down(key):
    raw = {"uid": 3, key: ["anvil"], "content": "It is old.", "order": 7, "sticky": 2, "disable": False}
    book, _ = read_lorebook({"entries": [raw]})
    found, notices = overlaid({"b": book}, [LaidDown("b", "3", {"keys": ["ale"], "enabled": False})])
    (entry,) = found["b"].entries
    assert notices == ()
    assert (entry.keys, entry.enabled, entry.content) == (("ale",), False, "It is old.")
    assert (entry.uid, entry.insertion_order, entry.sticky) == ("3", 7, 2)


def test_books_of_which_nothing_is_laid_down_stay_the_same_object():
    book, _ = read_lorebook({"entries": [{"keys": ["anvil"], "content": "It is old."}]})
    found, _ = overlaid({"b": book}, [LaidDown(BOOK, "1", {"keys": ["ale"], "content": "Brown."})])
    assert found["b"] is book
    assert [entry.content for entry in found[BOOK].entries] == ["Brown."]


# --- The global state ------------------------------------------------------------------------------


async def test_what_the_program_keeps_for_itself_is_counted_and_never_shown(w):
    anna = operator(w)
    await w.app.privacy.export(w.mira.id)
    async with w.app.database.read() as db:
        seal = await db.states.get("seal of exports")
    assert seal is not None
    said = await use(w, anna, "admin state list")
    assert seal not in said
    assert "seal of exports" not in said
    assert "more rows are kept by the program for itself" in said
    before = kept(w)
    said = await use(w, anna, "admin state set", key="seal of exports", value="0" * 64)
    assert "is neither shown nor set" in said or "neither shown nor set" in said
    assert kept(w) == before


async def test_a_status_is_set_cleaned_and_removed(w):
    anna = operator(w)
    said = await use(w, anna, "admin state set", key="status onyx", value="**counting** coals for @everyone")
    assert said.startswith("`status onyx` is **counting coals for everyone** from now on.")
    assert await w.app.statuses.of("onyx") == "counting coals for everyone"
    assert not await w.app.statuses.renew_of("onyx"), "it holds until the next morning"
    await remove(w, anna, "admin state remove", key="status onyx")
    assert await w.app.statuses.of("onyx") == ""
    await use(w, anna, "admin changes undo")
    assert await w.app.statuses.of("onyx") == "counting coals for everyone"


async def test_verbose_holds_at_once(w):
    anna = operator(w)
    await use(w, anna, "admin state set", key="verbose", value="on")
    assert w.app.administration.is_verbose
    await use(w, anna, "admin changes undo")
    assert not w.app.administration.is_verbose


# --- Who answers, taken back by operators ----------------------------------------------------------


async def test_who_answers_in_a_channel_is_taken_back_by_operators(w):
    boss, anna = admin(w, manage_channels=True), None
    await use(w, boss, "persona choose", name="ruby")
    anna = w.guild.add_member(w.env.create_user("olga"), roles=[w.guild.create_role("O")])
    let_operate(w, anna)
    (change,) = await changes(w)
    back = await w.app.edits.undo(_actor(anna), change.id)
    assert back.after is None
    async with w.app.database.read() as db:
        channel = await db.channels.get(w.channel.id)
    assert channel is not None
    assert channel.chosen is None


def _actor(who: Any) -> Any:
    from bot.audit import Actor

    return Actor(who.id, 1)


# --- Discord's limits ------------------------------------------------------------------------------


def test_every_command_tree_entry_fits_what_discord_takes(w):
    for command in w.client.tree.get_commands():
        payload = command.to_dict(w.client.tree)
        assert _letters(payload) <= MOST_LETTERS, command.name
        assert _widest(payload) <= 25, command.name


def _letters(payload: dict[str, Any]) -> int:
    own = sum(len(str(payload.get(name, ""))) for name in ("name", "description"))
    own += sum(len(one["name"]) + len(str(one["value"])) for one in payload.get("choices") or ())
    return own + sum(_letters(one) for one in payload.get("options") or ())


def _widest(payload: dict[str, Any]) -> int:
    options = payload.get("options") or []
    return max([len(options), *map(_widest, options)])
