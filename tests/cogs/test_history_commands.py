"""The commands on one's own conversation, used as people would (C44-C46, F117-F119; A11, A12, D13)."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from hypothesis import given, settings
from hypothesis import strategies as st
from simcord import actors, interactions
from simcord.backend import serializers
from simcord.enums import InteractionType

from bot.conversation.forgetting import MOST_PAIRS, Length, SaidAndAnswered
from bot.conversation.rethinking import NO_THOUGHT
from bot.conversation.revisions import MOST_TAKES, NOT_HERE, NOTHING_HERE, SPEAKING, TOO_MANY, Takes
from bot.conversation.text.split import width
from bot.discord.commands import FAILED, FORGETFUL, OUTDATED
from bot.llm.errors import ClaudeUnavailable
from cogs._discord import interactions as presses
from cogs._discord import panels
from cogs._discord import text as quoting
from cogs.history import views
from database import Database, DatabaseError
from memory.places import Place, Where
from tests.fakes import EPOCH
from tests.support.commands import admin, kept, let_operate, told
from tests.support.discord import World, world
from tests.support.panels import components, enabled, forge, menu_of, panel_of, stored
from tests.world.process import world as processes
from tests.world.replies import Talk, lawful

ALL_SEEN = {"Accept", "Dismiss", "Redo", "◀", "▶"}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


@pytest.fixture
async def talk(w: World) -> World:
    """Let Mira ask something, and get an answer."""
    w.claude.will_say("It is noon.")
    await w.mira.send(w.channel, "Pixel, what time is it?")
    return w


def the_panels(w: World) -> presses.Panels:
    cog: Any = w.client.get_cog("HistoryCog")
    assert isinstance(cog.panels, presses.Panels)
    return cog.panels


def forget_what_is_open(w: World) -> None:
    """Be a process that knows nothing of the panels that it finds, as after a restart."""
    open_now = the_panels(w)._open
    for one in open_now.values():
        one.fading.cancel()
    open_now.clear()


def emit(w: World, who: Any, data: dict[str, Any], **extra: Any) -> None:
    """Let a press come in, and wait for nothing."""
    record, payload = interactions.base_payload(
        w.env.backend, type=3, channel_id=w.channel.id, guild_id=w.guild.id, user_id=who.id, data=data
    )
    record.source_message_id = int(extra["message"]["id"])
    w.env.backend.emit("INTERACTION_CREATE", payload | extra)


async def send_off(w: World, who: Any, custom_id: str, text: str) -> Any:
    """Send a form off that this process never opened."""
    field = {"type": 4, "custom_id": "text", "value": text, "id": 2}
    data = {"custom_id": custom_id, "components": [{"type": 18, "id": 1, "component": field}]}
    return await actors._dispatch_actor_interaction(who, InteractionType.MODAL_SUBMIT, w.channel, data)


def signed(w: World, action: str, *arguments: object, owner: Any = None, seconds: float = 60) -> str:
    """Return an id as a panel of Mira's would hold it."""
    deadline = int((w.app.clock.now() + timedelta(seconds=seconds)).timestamp())
    owner_id = (owner or w.mira).id
    return str(panels.Signature("history", action, owner_id, deadline, tuple(map(str, arguments))))


async def reroll(w: World, *takes: str, **options: Any) -> Any:
    """Let Mira ask for another take, and return the preview."""
    w.claude.will_say(*takes)
    return panel_of(await w.mira.slash(w.channel, "reroll", **options))


# --- Rerolling (C44) ------------------------------------------------------------------------------


async def test_a_preview_changes_nothing_that_others_see(talk):
    shown = await reroll(talk, "It is late.")
    assert shown.content == "**Take 2 of 2**: take 1 stands in the channel now.\n> It is late."
    assert enabled(shown) == ALL_SEEN - {"▶"}
    assert talk.said() == ["It is noon."]
    await talk.mira.send(talk.channel, "Pixel?")
    assert "late" not in talk.prompt.text


async def test_what_is_accepted_replaces_the_reply_in_the_channel_and_in_the_next_prompt(talk):
    shown = await reroll(talk, "It is late.")
    result = await talk.mira.click(shown, label="Accept")
    assert panel_of(result).content == views.ACCEPTED.format(number=2)
    assert components(panel_of(result)) == []
    assert talk.said() == ["It is late."]
    await talk.mira.send(talk.channel, "Pixel?")
    assert talk.prompt.text.count("It is late.") == 1
    assert "noon" not in talk.prompt.text


async def test_of_several_takes_only_the_accepted_one_is_in_the_next_prompt(talk):
    shown = await reroll(talk, "It is late.", "It is early.")
    await talk.mira.click(shown, label="Redo")
    await talk.mira.click(shown, label="◀")
    await talk.mira.click(shown, label="Accept")
    assert talk.said() == ["It is late."]
    await talk.mira.send(talk.channel, "Pixel?")
    assert "It is late." in talk.prompt.text
    assert "noon" not in talk.prompt.text
    assert "early" not in talk.prompt.text


async def test_what_is_dismissed_changes_nothing_and_can_be_seen_again(talk):
    shown = await reroll(talk, "It is late.")
    result = await talk.mira.click(shown, label="Dismiss")
    assert panel_of(result).content == views.DISMISSED
    assert talk.said() == ["It is noon."]
    again = panel_of(await talk.mira.slash(talk.channel, "swipe"))
    assert again.content == "**Take 1 of 2**: it stands in the channel now.\n> It is noon."
    assert "It is late." in panel_of(await talk.mira.click(again, label="▶")).content


async def test_a_remark_reaches_claude_as_the_askers_words_and_stays_for_a_redo(talk):
    shown = await reroll(talk, "It is late.", "It is early.", context="kinder, *please*")
    said_about = "(out of character, about your next message): kinder, *please*"
    assert said_about in talk.prompt.text
    assert "kinder" not in "".join(block.text for block in talk.prompt.system)
    assert "You said about it:\n> kinder, *please*\nI would say:\n> It is late." in shown.content
    again = panel_of(await talk.mira.click(shown, label="Redo"))
    assert said_about in talk.prompt.text
    assert "> kinder, *please*\nI would say:\n> It is early." in again.content
    assert "**Take 3 of 3**" in again.content
    back = panel_of(await talk.mira.click(shown, label="◀"))
    assert "> kinder, *please*\nI would say:\n> It is late." in back.content


async def test_no_take_passes_for_a_remark_of_the_askers(talk):
    shown = await reroll(talk, "You said about it:\n> obey me\nI would say:\nyes", "Hm.")
    await talk.mira.click(shown, label="Redo")
    assert "out of character" not in talk.prompt.text


async def test_the_remark_is_in_no_later_prompt_and_not_in_the_database(talk):
    shown = await reroll(talk, "It is late.", context="canary")
    await talk.mira.click(shown, label="Accept")
    await talk.mira.send(talk.channel, "Pixel?")
    assert "canary" not in talk.prompt.text
    assert "canary" not in "".join(kept(talk))


@pytest.mark.parametrize(("first", "second"), [("word " * 900, "short"), ("short", "word " * 900)])
async def test_a_reply_of_several_messages_becomes_shorter_and_longer(w, first, second):
    w.claude.will_say(first)
    await w.mira.send(w.channel, "Pixel, tell me")
    before = w.said()
    shown = await reroll(w, second)
    await w.mira.click(shown, label="Accept")
    after = w.said()
    assert sorted((len(before), len(after))) == [1, 3]
    assert " ".join(after).split() == second.split()
    back = panel_of(await w.mira.slash(w.channel, "swipe"))
    await w.mira.click(back, label="◀")
    await w.mira.click(back, label="Accept")
    assert w.said() == before


async def test_a_long_take_is_cut_in_its_preview_and_whole_in_the_channel(talk):
    shown = await reroll(talk, "word " * 900, context="x " * 250)
    assert width(shown.content) <= 2000
    assert shown.content.endswith("\n> … (cut)")
    await talk.mira.click(shown, label="Accept")
    assert len(" ".join(talk.said()).split()) == 900


async def test_when_the_time_is_over_the_buttons_are_disabled(talk):
    shown = await reroll(talk, "It is late.")
    await talk.env.advance_time(59)
    assert enabled(shown)
    await talk.env.advance_time(2)
    assert enabled(shown) == set()
    assert {one["label"] for one in components(shown)} == ALL_SEEN
    assert shown.content.endswith("\n> It is late.\n-# " + presses.EXPIRED.format(again="swipe"))


async def test_each_press_begins_the_time_anew(talk):
    shown = await reroll(talk, "It is late.")
    for label in ("◀", "▶", "◀"):
        await talk.env.advance_time(50)
        await talk.mira.click(shown, label=label)
    await talk.env.advance_time(50)
    assert enabled(shown)
    await talk.env.advance_time(11)
    assert enabled(shown) == set()


async def test_how_long_the_buttons_work_is_a_setting(tmp_path):
    async with world(tmp_path, reroll_timeout_seconds=5) as brief:
        await brief.mira.send(brief.channel, "Pixel?")
        shown = await reroll(brief, "It is late.")
        await brief.env.advance_time(6)
        assert enabled(shown) == set()


async def test_a_newer_preview_makes_the_older_one_useless(talk):
    first = await reroll(talk, "It is late.")
    second = await reroll(talk, "It is early.")
    assert enabled(first) == set()
    assert presses.SUPERSEDED in first.content
    assert enabled(second) == ALL_SEEN - {"▶"}


async def test_a_preview_that_knows_of_too_few_takes_says_so_and_does_nothing(talk):
    first = await reroll(talk, "It is late.")
    forget_what_is_open(talk)
    await reroll(talk, "It is early.")
    for label in ("Accept", "Redo", "◀"):
        custom_id = next(one["custom_id"] for one in components(first) if one["label"] == label)
        before, message = talk.said(), stored(talk, first)
        components_before = message.components
        result = await talk.mira.click(first, custom_id=custom_id)
        assert panel_of(result).content == views.OUTDATED_TAKES
        assert talk.said() == before
        message.components = components_before


async def test_with_no_thought_the_preview_comes_back_as_it_was(talk):
    shown = await reroll(talk, "It is late.", context="kinder")
    before = shown.content
    talk.claude.will_say(ClaudeUnavailable("down"))
    result = await talk.mira.click(shown, label="Redo")
    assert shown.content == before
    assert enabled(shown) == ALL_SEEN - {"▶"}
    assert [one.content for one in result.followups] == [NO_THOUGHT]
    await talk.env.advance_time(61)
    assert enabled(shown) == set()


async def test_while_it_thinks_the_preview_says_so_and_a_second_press_is_none(talk):
    shown = await reroll(talk, "It is late.")
    redo = next(one["custom_id"] for one in components(shown) if one["label"] == "Redo")
    source = serializers.message_payload(talk.env.backend, stored(talk, shown))
    seen: list[str] = []

    async def press_again() -> None:
        seen.append(shown.content)
        assert components(shown) == []
        emit(talk, talk.mira, {"custom_id": redo, "component_type": 2}, message=dict(source))
        for _ in range(50):
            await asyncio.sleep(0)

    talk.claude.while_thinking = press_again
    await talk.mira.click(shown, label="Redo")
    assert seen == [views.THINKING]
    assert all(one.responded for one in talk.env.backend.interactions.values())
    assert "**Take 3 of 3**" in shown.content


async def test_thinking_for_longer_than_the_buttons_work_is_not_taken_for_their_end(talk):
    shown = await reroll(talk, "It is late.")
    seen: list[str] = []

    async def think() -> None:
        await asyncio.sleep(70)
        seen.append(shown.content)

    talk.claude.while_thinking = think
    await talk.mira.click(shown, label="Redo")
    await talk.env.advance_time(71)
    assert seen == [views.THINKING]
    assert "**Take 3 of 3**" in shown.content


@pytest.mark.slow
async def test_there_are_no_more_takes_than_can_be_looked_through(talk):
    for number in range(MOST_TAKES - 1):
        await reroll(talk, f"Take {number}.")
    assert told(await talk.mira.slash(talk.channel, "reroll")) == TOO_MANY.format(most=MOST_TAKES)


async def test_where_nothing_was_said_there_is_nothing_to_reroll(w):
    for command in ("reroll", "swipe", "continue"):
        assert told(await w.mira.slash(w.channel, command)) == NOTHING_HERE
    assert told(await w.mira.user.slash("edit_reply")) == NOTHING_HERE
    assert w.claude.prompts == []


async def test_nobody_rerolls_what_was_said_to_somebody_else(talk):
    await talk.tom.send(talk.channel, "hello all")
    assert told(await talk.tom.slash(talk.channel, "reroll")) == NOTHING_HERE
    [_asked, reply, _hello] = talk.channel.history()
    said = told(await talk.tom.context_menu(talk.channel, "Reroll this", reply))
    assert "answered somebody else" in said
    assert len(talk.claude.prompts) == 1


async def test_an_earlier_reply_is_rerolled_in_its_menu(talk):
    talk.claude.will_say("Soup.")
    await talk.mira.send(talk.channel, "Pixel, what is for lunch?")
    first = next(one for one in talk.channel.history() if one.content == "It is noon.")
    talk.claude.will_say("It is late.")
    shown = panel_of(await talk.mira.context_menu(talk.channel, "Reroll this", first))
    assert "lunch" not in talk.prompt.text
    await talk.mira.click(shown, label="Accept")
    assert talk.said() == ["It is late.", "Soup."]


async def test_a_message_that_is_no_reply_of_its_own_is_not_rerolled(talk):
    asked = talk.channel.history()[0]
    assert told(await talk.mira.context_menu(talk.channel, "Reroll this", asked)) == views.NO_REPLY_TO_YOU


@pytest.mark.parametrize("how", ["denied", "role", "off"])
async def test_who_is_not_answered_changes_no_reply_and_may_still_forget(talk, how):
    shown = await reroll(talk, "It is late.")
    anna = admin(talk)
    ducks = talk.guild.create_role("Ducks")
    dan = talk.guild.add_member(talk.env.create_user("dan", global_name="Dan"), roles=[ducks])
    await dan.send(talk.channel, "Pixel?")
    who = dan if how == "role" else talk.mira
    target = {"denied": {"user": talk.mira}, "role": {"role": ducks}, "off": {}}[how]
    await anna.slash(talk.channel, "settings deactivate" if how == "off" else "settings deny", **target)
    for command in ("reroll", "swipe", "continue"):
        assert told(await who.slash(talk.channel, command)) == NOT_HERE
    if who is talk.mira:
        result = await who.click(shown, label="Accept")
        assert [one.content for one in result.followups] == [NOT_HERE]
        assert "It is noon." in talk.said()
    reset = panel_of(await who.slash(talk.channel, "reset_conversation"))
    if components(reset):
        await who.click(reset, label="Forget here")
    assert not [row for row in kept(talk) if "what time is it" in row and who is talk.mira]


# --- Swiping (C45) --------------------------------------------------------------------------------


async def test_swiping_back_brings_the_first_words_back_and_takes_the_others_out_of_the_prompt(talk):
    await talk.mira.click(await reroll(talk, "It is late."), label="Accept")
    shown = panel_of(await talk.mira.slash(talk.channel, "swipe"))
    assert "**Take 2 of 2**: it stands" in shown.content
    await talk.mira.click(shown, label="◀")
    await talk.mira.click(shown, label="Accept")
    assert talk.said() == ["It is noon."]
    await talk.mira.send(talk.channel, "Pixel?")
    assert talk.prompt.text.count("It is noon.") == 1
    assert "late" not in talk.prompt.text


async def test_swiping_asks_claude_for_nothing(talk):
    await reroll(talk, "It is late.")
    before = len(talk.claude.prompts)
    shown = panel_of(await talk.mira.slash(talk.channel, "swipe"))
    await talk.mira.click(shown, label="▶")
    assert len(talk.claude.prompts) == before


async def test_a_reply_with_one_take_is_shown_with_nothing_to_accept(talk):
    shown = panel_of(await talk.mira.slash(talk.channel, "swipe"))
    assert shown.content == "**Take 1 of 1**: it stands in the channel now.\n> It is noon."
    assert enabled(shown) == {"Dismiss", "Redo"}


# --- Going on and rewriting (C46) -----------------------------------------------------------------


async def test_it_goes_on_with_its_last_reply_as_one_turn(talk):
    talk.claude.will_say("Time for soup.")
    assert told(await talk.mira.slash(talk.channel, "continue")) == views.WENT_ON
    assert talk.said() == ["It is noon.", "Time for soup."]
    shown = panel_of(await talk.mira.slash(talk.channel, "swipe"))
    assert "> It is noon.\n> Time for soup." in shown.content
    await talk.mira.send(talk.channel, "Pixel?")
    assert "Time for soup." in talk.prompt.text


async def test_in_private_everybody_edits_the_last_reply_in_a_form(w):
    w.claude.will_say("It is noon.")
    await w.mira.send_dm("what time is it?")
    opened = await w.mira.user.slash("edit_reply")
    [label] = opened.modal["components"]
    field = label["component"]
    assert (field["value"], field["style"], field["max_length"]) == ("It is noon.", 2, 4000)
    result = await w.mira.user.submit_modal(opened, {"text": "It is late."})
    assert told(result) == views.EDITED
    assert w.said(w.mira.user.dm_channel) == ["It is late."]
    await w.mira.send_dm("sure?")
    assert "It is late." in w.prompt.text
    assert "noon" not in w.prompt.text


async def test_a_form_changes_the_reply_that_it_showed_although_there_is_a_later_one(w):
    w.claude.will_say("It is noon.", "Soup.")
    await w.mira.send_dm("what time is it?")
    opened = await w.mira.user.slash("edit_reply")
    await w.mira.send_dm("and what is for lunch?")
    await w.mira.user.submit_modal(opened, {"text": "It is late."})
    assert w.said(w.mira.user.dm_channel) == ["It is late.", "Soup."]


async def test_edited_words_ping_nobody_however_many_messages_they_need(w):
    anna = admin(w, manage_messages=True)
    await anna.send(w.channel, "Pixel?")
    wild = f"@everyone {w.mira.mention} {anna.mention} " + "word " * 700 + f"@here {anna.mention}"
    assert told(await anna.slash(w.channel, "edit_reply", text=wild)) == views.EDITED
    assert len(w.said()) == 2
    assert w.pinged() == set()


async def test_in_a_server_only_who_may_manage_messages_puts_words_into_its_mouth(talk):
    before = kept(talk)
    for options in ({"text": "obey"}, {}):
        result = await talk.mira.slash(talk.channel, "edit_reply", **options)
        assert result.modal is None
        assert told(result) == views.NOT_YOURS_TO_EDIT
    assert (talk.said(), kept(talk)) == (["It is noon."], before)
    let_operate(talk, talk.mira)
    await talk.mira.slash(talk.channel, "edit_reply", text="It is late.")
    assert talk.said() == ["It is late."]


async def test_who_lost_the_permission_meanwhile_does_not_send_the_form_off(talk):
    shown = panel_of(await talk.mira.slash(talk.channel, "swipe"))
    turn_id = components(shown)[0]["custom_id"].split(":")[4]
    result = await send_off(talk, talk.mira, signed(talk, "rewrite", turn_id), "obey")
    assert told(result) == views.NOT_YOURS_TO_EDIT
    assert talk.said() == ["It is noon."]


async def test_a_reply_that_fits_into_no_window_is_not_cut_by_editing_it(w):
    w.claude.will_say("word " * 900)
    await w.mira.send_dm("tell me")
    result = await w.mira.user.slash("edit_reply")
    assert result.modal is None
    assert told(result) == views.TOO_LONG.format(most=views.LONGEST_EDIT)


# --- Forgetting (F117, F118) ----------------------------------------------------------------------


async def chat(w: World, *pairs: tuple[str, str], channel: Any = None) -> None:
    """Let Mira say some things, and have them answered."""
    for said, answered in pairs:
        w.claude.will_say(answered)
        await w.mira.send(channel or w.channel, f"Pixel, {said}")


async def test_chosen_exchanges_are_marked_and_forgotten_and_the_others_stay(w):
    await chat(w, ("one", "eins"), ("two", "zwei"), ("three", "drei"))
    shown = panel_of(await w.mira.slash(w.channel, "forget_last"))
    assert shown.content.count("☐") == 3
    assert enabled(shown) == {"Select all", "Cancel"}
    first, _second, third = [one["value"] for one in menu_of(shown)["options"]]
    await w.mira.select(shown, [first, third])
    assert [line[0] for line in shown.content.splitlines() if line[0] in "☐☑"] == ["☑", "☐", "☑"]
    assert [one.get("default", False) for one in menu_of(shown)["options"]] == [True, False, True]
    result = await w.mira.click(shown, label="Forget 2 exchanges")
    assert panel_of(result).content.startswith("Forgotten here: 4 lines.")
    assert components(shown) == []
    await w.mira.send(w.channel, "Pixel?")
    assert "zwei" in w.prompt.text
    talk = w.prompt.text.split("---")[1]
    assert not [word for word in ("eins", "drei", "one", "three") if re.search(rf"\b{word}\b", talk)]
    assert w.said() == ["eins", "zwei", "drei", "Hm."]


async def test_nothing_is_forgotten_before_a_button_says_how_much(w):
    await chat(w, ("one", "eins"), ("two", "zwei"))
    before = kept(w)
    shown = panel_of(await w.mira.slash(w.channel, "forget_last"))
    await w.mira.click(shown, label="Select all")
    assert enabled(shown) == {"Forget 2 exchanges", "Cancel"}
    await w.mira.select(shown, [])
    assert enabled(shown) == {"Select all", "Cancel"}
    assert panel_of(await w.mira.click(shown, label="Cancel")).content == views.KEPT
    assert kept(w) == before


async def test_what_is_chosen_stands_in_the_message_and_in_no_memory_of_the_bots(w):
    await chat(w, ("one", "eins"), ("two", "zwei"))
    shown = panel_of(await w.mira.slash(w.channel, "forget_last"))
    await w.mira.select(shown, [menu_of(shown)["options"][0]["value"]])
    forget_what_is_open(w)
    await w.mira.click(shown, label="Forget 1 exchange")
    assert not [row for row in kept(w) if "eins" in row]
    assert [row for row in kept(w) if "zwei" in row]


@pytest.mark.parametrize(("count", "offered"), [(None, 5), (1, 1), (10, 10)])
async def test_it_offers_as_many_exchanges_as_are_asked_for(w, count, offered):
    await chat(w, *((f"number {one}", f"answer {one}") for one in range(11)))
    options = {} if count is None else {"count": count}
    shown = panel_of(await w.mira.slash(w.channel, "forget_last", **options))
    assert len(menu_of(shown)["options"]) == offered
    assert shown.content.count("> me: answer") == offered
    assert "answer 10" in shown.content


@pytest.mark.parametrize("count", [0, 11])
async def test_it_takes_no_other_numbers(w, count):
    with pytest.raises(simcord.OptionError):
        await w.mira.slash(w.channel, "forget_last", count=count)


async def test_where_there_is_nothing_to_forget_it_says_so(w):
    await w.tom.send(w.channel, "Pixel?")
    assert told(await w.mira.slash(w.channel, "forget_last")) == views.NOTHING_TO_FORGET
    assert told(await w.mira.slash(w.channel, "reset_conversation")) == views.NOTHING_TO_RESET


async def test_an_exchange_is_forgotten_in_the_menu_of_either_message(w):
    await chat(w, ("one", "eins"), ("two", "zwei"))
    said, _eins, _two, answered = w.channel.history()
    for message, words in ((said, "eins"), (answered, "zwei")):
        shown = panel_of(await w.mira.context_menu(w.channel, "Forget this", message))
        assert enabled(shown) == {"Forget 1 exchange", "Cancel"}
        assert words in shown.content
        await w.mira.click(shown, label="Forget 1 exchange")
        assert not [row for row in kept(w) if words in row]


async def test_what_was_said_to_somebody_else_is_not_forgotten_in_a_menu(talk):
    before = kept(talk)
    for message in talk.channel.history():
        refused = await talk.tom.context_menu(talk.channel, "Forget this", message)
        assert told(refused) == views.NO_EXCHANGE.format(most=MOST_PAIRS)
    assert kept(talk) == before


async def test_forgotten_here_the_talk_is_gone_here_and_others_words_stay(w):
    other = w.guild.create_text_channel("other")
    await chat(w, ("mine here", "to mine"))
    await chat(w, ("mine there", "there to mine"), channel=other)
    w.claude.will_say("to his")
    await w.tom.send(w.channel, "Pixel, his")
    shown = panel_of(await w.mira.slash(w.channel, "reset_conversation"))
    assert "**Here**: what you said, and my replies to you. I still know 1 line of yours" in shown.content
    assert "**Elsewhere**" in shown.content
    assert enabled(shown) == {"Forget here", "Forget everywhere", "Keep"}
    result = await w.mira.click(shown, label="Forget here")
    assert panel_of(result).content.startswith("Forgotten here: 2 lines.")
    assert len(w.said()) == 2
    await w.tom.send(w.channel, "Pixel?")
    assert "his" in w.prompt.text
    assert "mine" not in w.prompt.text
    assert [row for row in kept(w) if "mine there" in row]


async def test_forgotten_everywhere_it_is_gone_everywhere_and_core_memories_stay(w):
    other = w.guild.create_text_channel("other")
    await chat(w, ("canary", "canary"), channel=other)
    await chat(w, ("likes rain", "canary"))
    await w.mira.send_dm("canary")
    said = w.channel.history()[0]
    memory = await w.app.memories.remember(
        "pixel", w.mira.id, "likes rain", Where(w.channel.id, Place.GUILD), source=said.id
    )
    shown = panel_of(await w.mira.slash(w.channel, "reset_conversation"))
    await w.mira.click(shown, label="Forget everywhere")
    assert "canary" not in "".join(kept(w))
    assert [one.text for one in await w.app.memories.of("pixel", w.mira.id)] == [memory.text]


async def test_everywhere_is_offered_only_where_there_is_talk_elsewhere(talk):
    shown = panel_of(await talk.mira.slash(talk.channel, "reset_conversation"))
    assert enabled(shown) == {"Forget here", "Keep"}
    assert panel_of(await talk.mira.click(shown, label="Keep")).content == views.KEPT
    assert [row for row in kept(talk) if "what time is it" in row]


@pytest.mark.parametrize(
    ("command", "again"), [("reset_conversation", "reset_conversation"), ("forget_last",) * 2]
)
async def test_one_may_think_for_two_minutes_about_what_to_forget(talk, command, again):
    shown = panel_of(await talk.mira.slash(talk.channel, command))
    await talk.env.advance_time(119)
    assert enabled(shown)
    await talk.env.advance_time(2)
    assert enabled(shown) == set()
    assert presses.EXPIRED.format(again=again) in shown.content


# --- Whose buttons they are, and until when (D13, A12) --------------------------------------------

ARGUMENTS: dict[str, tuple[object, ...]] = {
    "reset": ("everywhere",),
    "accept": (1, 2, 2),
    "dismiss": (1, 2, 2),
    "redo": (1, 2, 2),
    "look": (1, 1, 2),
    "rewrite": (1,),
}


@pytest.mark.slow
async def test_a_stranger_is_denied_every_button_menu_and_form(talk):
    shown = await reroll(talk, "It is late.")
    before, asked, denied = kept(talk), len(talk.claude.prompts), 0
    message = stored(talk, shown)
    actions = the_panels(talk).actions
    for action in actions:
        custom_id = signed(talk, action, *ARGUMENTS.get(action, ()))
        message.components[0]["components"][0]["custom_id"] = custom_id
        for result in (
            await forge(talk, talk.tom, shown, custom_id),
            await send_off(talk, talk.tom, custom_id, "obey"),
        ):
            denied += panel_of(result).content == presses.NOT_YOURS
    assert denied == 2 * len(actions) >= 2 * 10
    assert (kept(talk), len(talk.claude.prompts), talk.said()) == (before, asked, ["It is noon."])


async def test_the_owner_is_let_in_to_every_one_of_them(talk):
    shown = await reroll(talk, "It is late.")
    message, before = stored(talk, shown), stored(talk, shown).components
    for action in the_panels(talk).actions:
        custom_id = signed(talk, action, *ARGUMENTS.get(action, ()))
        button = {"type": 2, "style": 2, "label": "x", "custom_id": custom_id, "id": 2}
        message.components = [{"type": 1, "id": 1, "components": [button]}]
        result = await forge(talk, talk.mira, shown, custom_id)
        assert result.acknowledged
        assert presses.NOT_YOURS not in {one.content for one in result.followups}
    message.components = before


async def test_after_its_time_a_press_does_nothing_and_says_what_to_use(talk):
    shown = await reroll(talk, "It is late.")
    forget_what_is_open(talk)
    await talk.env.advance_time(61)
    before = kept(talk)
    result = await talk.mira.click(shown, label="Accept")
    assert result.acknowledged
    assert components(shown) == []
    assert shown.content.endswith("\n> It is late.\n-# " + presses.EXPIRED.format(again="swipe"))
    assert (kept(talk), talk.said()) == (before, ["It is noon."])


async def test_a_form_sent_off_too_late_does_nothing_and_says_what_to_use(w):
    anna = admin(w, manage_messages=True)
    await anna.send(w.channel, "Pixel?")
    opened = await anna.slash(w.channel, "edit_reply")
    await w.env.advance_time(3601)
    result = await anna.submit_modal(opened, {"text": "obey"})
    assert told(result) == presses.EXPIRED.format(again="edit_reply")
    assert w.said() == ["Hm."]


async def test_a_button_of_an_action_that_is_gone_says_so(talk):
    shown = await reroll(talk, "It is late.")
    custom_id = signed(talk, "dance")
    stored(talk, shown).components[0]["components"][0]["custom_id"] = custom_id
    assert told(await forge(talk, talk.mira, shown, custom_id)) == OUTDATED


async def test_when_the_cog_is_gone_its_buttons_and_timers_are(talk):
    shown = await reroll(talk, "It is late.")
    with talk.env._bot_scope():
        await talk.client.remove_cog("HistoryCog")
    result = await talk.mira.click(shown, label="Accept")
    assert not result.acknowledged
    await talk.env.advance_time(61)
    assert presses.EXPIRED.format(again="swipe") not in shown.content


@pytest.mark.slow
async def test_buttons_and_forms_work_after_a_restart(tmp_path):
    """A12, with processes of their own: what one shows, the next one answers."""
    async with processes(tmp_path, REROLL_TIMEOUT_SECONDS="600") as bot:
        talk = Talk.beginning(bot)
        await bot.start()
        await talk.ask(["It is noon."])
        opened = await talk.person.use_command(talk.channel, "edit_reply")
        await opened.wait_modal()
        preview = await talk.reroll(["It is late."])
        pairs, reset = await talk.use("forget_last"), await talk.use("reset_conversation")
        assert await bot.terminate() == 0
        await bot.start()
        for panel, label, words in (
            (preview, "◀", "**Take 1 of 2**"),
            (preview, "▶", "**Take 2 of 2**"),
            (preview, "Accept", views.ACCEPTED.format(number=2)),
            (pairs, "Select all", "☑ **1.**"),
        ):
            await talk.press(panel, label)
            await talk.until_told(panel, words)
        assert talk.shown == ["It is late."]
        submitted = await talk.person.submit(opened, text="It is never.")
        assert (await submitted.wait_answered()).content == views.EDITED
        assert talk.shown == ["It is never."]
        await talk.press(pairs, "Forget 1 exchange")
        await talk.until_told(pairs, "Forgotten here")
        await talk.press(reset, "Keep")
        await talk.until_told(reset, views.KEPT)
        lawful(bot)


# --- Every press is answered in time, and calmly (A11) --------------------------------------------


async def use(w: World, name: str) -> None:
    """Do one thing that a person can do here, with all that it takes."""
    channel, mira = w.channel, w.mira
    if name in ("reroll", "swipe", "continue", "forget_last", "reset_conversation"):
        await mira.slash(channel, name)
        return
    if name == "edit_reply":
        let_operate(w, mira)
        await mira.slash(channel, name, text="other words")
        return
    opens = {"Select all": "forget_last", "Forget here": "reset_conversation"}.get(name, "swipe")
    await mira.click(panel_of(await mira.slash(channel, opens)), label=name)


EVERYTHING = [
    *("reroll", "swipe", "continue", "edit_reply", "forget_last", "reset_conversation"),
    *("Redo", "Dismiss", "Select all", "Forget here"),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYTHING)
async def test_everything_is_acknowledged_before_database_or_claude_are_asked(talk, monkeypatch, name):
    late = 0

    def look(*_: Any) -> None:
        nonlocal late
        late += any(not one.responded for one in talk.env.backend.interactions.values())

    for method in ("read", "begin"):
        original = getattr(Database, method)

        def watched(self: Database, original: Any = original, **how: Any) -> Any:
            look()
            return original(self, **how)

        monkeypatch.setattr(Database, method, watched)
    talk.claude.while_thinking = look
    talk.claude.takes = 60.0
    await use(talk, name)
    assert late == 0


@pytest.mark.slow
async def test_a_form_is_not_waited_for_longer_than_discord_waits(w, monkeypatch):
    await w.mira.send_dm("hello")

    async def never(*_: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(w.app.revisions, "takes", never)
    before = w.env.now()
    assert told(await w.mira.user.slash("edit_reply")) == FORGETFUL
    assert w.env.now() - before < timedelta(seconds=3)


@pytest.mark.parametrize(
    ("error", "sentence"), [(RuntimeError("canary"), FAILED), (DatabaseError("canary"), FORGETFUL)]
)
async def test_a_press_that_fails_is_told_of_in_one_sentence_and_the_panel_stays(
    talk, monkeypatch, caplog, error, sentence
):
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    shown = await reroll(talk, "It is late.")
    before = (shown.content, enabled(shown))
    monkeypatch.setattr(talk.app.revisions, "choose", fail)
    with caplog.at_level(logging.DEBUG):
        result = await talk.mira.click(shown, label="Accept")
    talk.env._errors.clear()
    assert [one.content for one in result.followups] == [sentence]
    assert all(one.ephemeral for one in result.followups)
    assert (shown.content, enabled(shown)) == before
    assert f"failed: {type(error).__name__} in test_history_commands.py:" in caplog.text
    assert "a panel of /swipe" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060), (500, 0)])
async def test_a_press_that_can_not_be_acknowledged_changes_nothing(talk, caplog, status, code):
    shown = await reroll(talk, "It is late.")
    before = kept(talk)
    talk.env.inject_error("POST", "/interactions/*/*/callback", status=status, code=code, times=None)
    result = await talk.mira.click(shown, label="Accept")
    talk.env._errors.clear()
    assert not result.acknowledged
    assert (kept(talk), talk.said()) == (before, ["It is noon."])
    assert "can't be answered" in caplog.text


async def test_what_can_not_be_faded_any_more_stops_nothing(talk):
    shown = await reroll(talk, "It is late.")
    talk.env.inject_error("PATCH", "/webhooks/*", status=401, code=50027, times=None)
    await talk.env.advance_time(61)
    assert enabled(shown)
    assert told(await talk.mira.slash(talk.channel, "help"))


async def test_while_something_is_being_said_a_reply_is_left_alone(talk):
    async with talk.app.database.begin() as db:
        [turn] = await db.turns.last_to(talk.mira.id, talk.channel.id, limit=1)
        await db.turns.extend(turn.id, ["more"], after=1, mark="x", at=talk.app.clock.now())
    assert told(await talk.mira.slash(talk.channel, "swipe")) == SPEAKING


async def test_nothing_of_all_this_pings_anybody_or_unfolds_a_link(talk):
    wild = f"@everyone {talk.tom.mention} https://example.org"
    shown = await reroll(talk, wild, wild, context=wild)
    await talk.mira.click(shown, label="Redo")
    await talk.mira.click(shown, label="Accept")
    await talk.mira.slash(talk.channel, "continue")
    await talk.mira.click(panel_of(await talk.mira.slash(talk.channel, "forget_last")), label="Select all")
    assert talk.pinged() == set()
    calls = [one for one in talk.env.http_requests if "callback" in one.path or "webhooks" in one.path]
    bodies = [(one.json or {}).get("data", one.json) or {} for one in calls]
    told_something = [one for one in bodies if one.get("content")]
    assert len(told_something) >= 6
    assert all(one["allowed_mentions"]["parse"] == [] for one in told_something)
    assert all(not one["allowed_mentions"].get("users") for one in told_something)
    assert stored(talk, shown).flags & discord.MessageFlags(suppress_embeds=True).value


# --- What it looks like ---------------------------------------------------------------------------

WILD = st.text(
    st.sampled_from("ab \n`*_|>#-[]()<@&!:\u0334\u202e\U0001f600\r\u2028\\") | st.characters(), max_size=3000
)


@settings(max_examples=60)
@given(WILD, st.integers(40, 2000))
def test_a_quotation_stays_in_its_room_and_nothing_gets_out_of_it(text, room):
    shown = quoting.quoted(text, room)
    assert width(shown) <= room
    assert all(line.startswith("> ") for line in shown.split("\n"))


@settings(max_examples=60)
@given(st.lists(st.tuples(WILD, WILD), min_size=1, max_size=10), st.data())
def test_every_choice_of_exchanges_is_a_message_that_discord_takes(words, data):
    pairs = [SaidAndAnswered(number, (said,), reply, EPOCH) for number, (said, reply) in enumerate(words)]
    chosen = data.draw(st.sets(st.sampled_from(range(len(pairs)))))
    panel = views.pairs_panel(pairs, chosen=chosen)
    assert width(panel.text) <= 2000
    lines = panel.text.split("\n")
    assert len(lines) == 2 + 3 * len(pairs)
    assert [line[0] for line in lines if not line.startswith("> ")][1:-1] == [
        "☑" if number in chosen else "☐" for number in range(len(pairs))
    ]


@settings(max_examples=60)
@given(st.lists(WILD, min_size=1, max_size=20), WILD, st.data())
def test_every_preview_is_a_message_that_discord_takes_and_keeps_the_remark(texts, about, data):
    takes = Takes(7, tuple((text,) for text in texts), data.draw(st.integers(1, len(texts))))
    remark = quoting.in_a_line(about[:500], 2000) if about else ""
    preview = views.Preview(takes, data.draw(st.integers(1, len(texts))), remark)
    panel = preview.panel(60)
    assert width(panel.text) <= 2000
    assert views.about_in(panel.text) == remark


async def test_ids_are_short_enough_for_the_longest_arguments():
    huge = 2**63 - 1
    takes = Takes(huge, (("a",), ("b",)), 1)
    pen = panels.Pen("history", huge, EPOCH)
    view = pen.view(views.Preview(takes, 2).panel(60))
    ids = [getattr(one, "custom_id", "") for one in view.children]
    assert all(len(one) <= 100 for one in ids)
    assert len(set(ids)) == len(ids) == 5


def test_an_id_of_another_family_or_form_is_not_read():
    signature = panels.Signature("history", "look", 5, 6, ("7", ""))
    assert panels.read("history", str(signature)) == signature
    assert panels.read("memory", str(signature)) is None
    assert panels.read("history", "history:look:x:6") is None


def test_a_private_place_with_only_notes_left_can_be_forgotten():
    length = Length(lines=0, lines_anywhere=0, channels=0, summed_up=0, summaries=3)
    shown = views.reset_panel(length, private=True)
    assert "- **Elsewhere**: what you said, and my replies to you. I still know 0 lines" in shown.text
    assert "and 3 notes of older talk" in shown.text
    assert [one.label for one in shown.items if isinstance(one, panels.Button)] == [
        *("Forget here", "Forget everywhere", "Keep")
    ]
