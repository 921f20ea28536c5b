"""Commands on one's own talk and on what is known, with several characters (C44-C46, C60-C62, F117-F119)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cogs._discord.options import NOT_HERE_ANY_MORE, OF_ONE, mark_of
from cogs._discord.panels import LONGEST_ID, Button, Pen
from cogs.history import views
from cogs.memory.fact_views import FactSearch
from memory.places import Place, Where
from tests.staged import card, company, shown_in
from tests.support.commands import admin, let_operate, told
from tests.support.discord import World
from tests.support.panels import components, panel_of
from tests.support.personas import NIMA


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


@pytest.fixture
async def talk(w: World) -> World:
    """Let Mira ask Onyx something, and get an answer under its own name."""
    w.claude.will_say("It is noon.")
    await w.mira.send(w.channel, "Onyx, what time is it?")
    assert shown_in(w.channel)[-1] == ("Onyx", "It is noon.")
    return w


# --- Takes on a reply of another character --------------------------------------------------------


@pytest.mark.slow
async def test_another_take_on_a_characters_reply_is_its_own_and_changes_its_own_message(talk):
    talk.claude.will_say("Past noon.")
    preview = panel_of(await talk.mira.slash(talk.channel, "reroll"))
    assert "Past noon." in preview.content
    assert "Onyx is a smith." in talk.prompt.system[0].text
    await talk.mira.click(preview, label="Accept")
    assert shown_in(talk.channel)[-1] == ("Onyx", "Past noon.")
    takes = panel_of(await talk.mira.slash(talk.channel, "swipe"))
    assert "**Take 2 of 2**" in takes.content
    await talk.mira.send(talk.channel, "Onyx?")
    assert "Past noon." in talk.prompt.text
    assert "It is noon." not in talk.prompt.text


async def test_redo_and_look_stay_with_the_character_of_the_reply(talk):
    talk.claude.will_say("Past noon.", "Long past noon.")
    preview = panel_of(await talk.mira.slash(talk.channel, "reroll"))
    preview = panel_of(await talk.mira.click(preview, label="Redo"))
    assert "Onyx is a smith." in talk.prompt.system[0].text
    assert "Long past noon." in preview.content
    preview = panel_of(await talk.mira.click(preview, label="◀"))
    assert "Past noon." in preview.content


async def test_a_reply_of_a_webhook_of_ours_can_be_chosen_in_its_menu_and_others_can_not(talk):
    answer = talk.channel.history()[-1]
    await talk.mira.send(talk.channel, "Pixel, and you?")
    talk.claude.will_say("Past noon.")
    preview = panel_of(await talk.mira.context_menu(talk.channel, "Reroll this", answer))
    assert "Past noon." in preview.content
    hook = talk.guild.create_webhook(talk.channel)
    strange = await hook.send("It is noon.", username="Onyx")
    said = told(await talk.mira.context_menu(talk.channel, "Reroll this", strange))
    assert said == views.NO_REPLY_TO_YOU


@pytest.mark.slow
async def test_the_last_reply_to_the_asker_decides_who_goes_on(talk):
    await talk.mira.send(talk.channel, "Pixel, and you?")
    talk.claude.will_say("And so on.")
    assert told(await talk.mira.slash(talk.channel, "continue")) == views.WENT_ON
    assert shown_in(talk.channel)[-1] == ("TestBot", "And so on.")
    await talk.mira.send(talk.channel, "Onyx, go on")
    talk.claude.will_say("As I said.")
    await talk.mira.slash(talk.channel, "continue")
    assert shown_in(talk.channel)[-1] == ("Onyx", "As I said.")


async def test_a_characters_reply_gets_other_words_under_its_name(talk):
    let_operate(talk, talk.mira)
    await talk.mira.slash(talk.channel, "edit_reply", text="It is midnight.")
    assert shown_in(talk.channel)[-1] == ("Onyx", "It is midnight.")
    await talk.mira.send(talk.channel, "Onyx?")
    assert "It is midnight." in talk.prompt.text


def here(w: World) -> Where:
    return Where(w.channel.id, Place.GUILD, guild_id=w.guild.id)


# --- What one character knows ---------------------------------------------------------------------


async def known(w: World, slug: str) -> list[str]:
    return [one.text for one in await w.app.memories.of(slug, w.mira.id)]


async def test_each_character_keeps_what_it_was_told_and_is_asked_by_name(w):
    said = told(await w.mira.slash(w.channel, "remember", memory="I like tea", character="Onyx"))
    assert said.startswith("**Onyx** keeps it. I keep that in mind as number **1**.")
    await w.mira.slash(w.channel, "remember", memory="I like snow")
    assert (await known(w, "onyx"), await known(w, "pixel")) == (["I like tea"], ["I like snow"])
    shown = panel_of(await w.mira.slash(w.channel, "memory list", character="onyx"))
    assert "I like tea" in shown.content
    assert OF_ONE.format(name="Onyx") in shown.content
    assert "snow" not in shown.content
    assert "I like snow" in panel_of(await w.mira.slash(w.channel, "memory list")).content


async def test_alone_with_a_character_it_is_that_ones_memory(w):
    await w.mira.user.slash("persona choose", name="ruby")
    await w.mira.user.slash("remember", memory="I like tea")
    assert (await known(w, "ruby"), await known(w, "pixel")) == (["I like tea"], [])
    assert "I like tea" in panel_of(await w.mira.user.slash("memory facts")).content
    assert "I like tea" not in told(await w.mira.slash(w.channel, "memory facts"))


async def test_memories_of_a_character_are_changed_by_its_name_and_nobody_elses_are(w):
    for one in ("onyx", "pixel"):
        await w.mira.slash(w.channel, "remember", memory="I like tea", character=one)
    await w.mira.slash(w.channel, "memory edit", number=1, text="I like ale", character="onyx")
    await w.mira.slash(w.channel, "memory pin", number=1, character="onyx")
    await w.mira.slash(w.channel, "memory share", number=1, where="everywhere", character="onyx")
    [fact] = await w.app.memories.of("onyx", w.mira.id)
    assert (fact.text, fact.pinned, fact.scope) == ("I like ale", True, "everywhere")
    [other] = await w.app.memories.of("pixel", w.mira.id)
    assert (other.text, other.pinned, other.scope) == ("I like tea", False, "channel")


async def test_buttons_know_whose_memory_they_are_about(w):
    for one in ("onyx", "pixel"):
        await w.mira.slash(w.channel, "remember", memory=f"I like tea, {one}", character=one)
    asked = panel_of(await w.mira.slash(w.channel, "memory delete", number=1, character="onyx"))
    await w.mira.click(asked, label="Forget it")
    assert (await known(w, "onyx"), await known(w, "pixel")) == ([], ["I like tea, pixel"])
    await w.mira.slash(w.channel, "remember", memory="I like ale", character="onyx")
    asked = panel_of(await w.mira.slash(w.channel, "memory delete_all", character="onyx"))
    await w.mira.click(asked, label="Forget all 1")
    assert (await known(w, "onyx"), await known(w, "pixel")) == ([], ["I like tea, pixel"])


async def test_an_earlier_state_of_one_characters_memory_comes_back(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea", character="onyx")
    await w.mira.slash(w.channel, "memory edit", number=1, text="I like ale", character="onyx")
    shown = panel_of(await w.mira.slash(w.channel, "memory history", character="onyx"))
    menu = next(one for one in components(shown) if one["type"] == 3)
    shown = panel_of(await w.mira.select(shown, [menu["options"][0]["value"]], custom_id=menu["custom_id"]))
    assert "I like tea" in shown.content
    await w.mira.click(shown, label="Bring it back")
    assert await known(w, "onyx") == ["I like tea"]


async def test_pages_of_one_characters_memory_turn(w):
    for number in range(12):
        await w.app.memories.remember("onyx", w.mira.id, f"fact {number}", here(w))
    shown = panel_of(await w.mira.slash(w.channel, "memory list", character="onyx"))
    assert "fact 11" not in shown.content
    shown = panel_of(await w.mira.click(shown, label="Next"))
    assert "fact 11" in shown.content
    shown = panel_of(await w.mira.slash(w.channel, "memory facts", character="onyx", search="fact"))
    shown = panel_of(await w.mira.click(shown, label="Next"))
    assert OF_ONE.format(name="Onyx") in shown.content


async def test_what_a_character_knew_on_a_day_and_its_map_are_its_own(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea", character="onyx")
    day = f"{w.app.clock.now():%Y-%m-%d}"
    assert (
        "I like tea"
        in panel_of(await w.mira.slash(w.channel, "memory at", day=day, character="onyx")).content
    )
    assert "I like tea" not in told(await w.mira.slash(w.channel, "memory at", day=day))
    shown = panel_of(await w.mira.slash(w.channel, "memory map", character="onyx"))
    assert shown.attachments
    assert not panel_of(await w.mira.slash(w.channel, "memory map")).attachments


async def test_numbers_days_and_tags_are_those_of_the_named_character(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea", character="onyx")
    for character, count in (("onyx", 1), ("pixel", 0), ("nobody at all", 0)):
        offered = await w.mira.autocomplete(w.channel, "memory delete", "number", "", character=character)
        assert len(offered) == count
        offered = await w.mira.autocomplete(w.channel, "memory at", "day", "", character=character)
        assert len(offered) == count
        assert await w.mira.autocomplete(w.channel, "memory facts", "tag", "", character=character) == []
    offered = await w.mira.autocomplete(w.channel, "memory list", "character", "on")
    assert [one["value"] for one in offered] == ["onyx"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("remember", {"memory": "x"}),
        ("memory list", {}),
        ("memory facts", {}),
        ("memory at", {"day": "2026-01-01"}),
        ("memory map", {}),
        ("memory edit", {"number": 1, "text": "x"}),
        ("memory share", {"number": 1, "where": "everywhere"}),
        ("memory pin", {"number": 1}),
        ("memory delete", {"number": 1}),
        ("memory delete_all", {}),
        ("memory history", {}),
    ],
)
async def test_a_name_that_is_nobodys_gets_a_sentence(w, name, options):
    said = told(await w.mira.slash(w.channel, name, character="Nobody", **options))
    assert said == "There is no character called 'Nobody' here. There are: Pixel, Onyx, Ruby."


@pytest.mark.slow
async def test_a_button_about_a_character_that_left_says_so(w):
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    await anna.slash(w.channel, "persona import", file=("nima.json", card(NIMA)))
    await w.mira.slash(w.channel, "remember", memory="I like tea", character="nima")
    asking = panel_of(await w.mira.slash(w.channel, "memory delete", number=1, character="nima"))
    await anna.slash(w.channel, "persona remove", name="nima")
    assert told(await w.mira.click(asking, label="Forget it")).endswith(NOT_HERE_ANY_MORE)


async def test_ids_of_buttons_about_another_character_are_short_enough(w):
    """Discord takes 100 characters: the longest search, on page 999, by the highest id there can be."""
    role = w.app.company.by_slug["onyx"]
    search = FactSearch.of("y" * 60, "z" * 60)
    button = Button("Next", "page", (999, *search.arguments, *mark_of(role)))
    drawn = Pen("facts", 2**63 - 1, w.app.clock.now())._button(button)
    assert drawn.custom_id is not None
    assert len(drawn.custom_id) <= LONGEST_ID
