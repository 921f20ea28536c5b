"""What /why tells of a reply: facts, earlier messages, model and cost, and how to forget one (C67; D13)."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simcord import actors

from bot.conversation.decision import Trace, trace_json
from bot.conversation.text.split import width
from bot.features.memory.provenance import Origins, ReplyCost
from bot.features.memory.reply_origin import SHOWN_FACTS
from bot.llm.errors import ClaudeTimeout
from cogs._discord import interactions
from cogs._discord.facts import DELETED, FOR_GOOD, GONE_ALREADY, KEPT
from cogs._discord.panels import Menu
from cogs.why import why_panel
from memory.browsing import Spot
from tests.knowing import archived, noted
from tests.support.commands import told
from tests.support.discord import World, world
from tests.support.memories import WILD, everything, remember, row
from tests.support.panels import components, menu_of, panel_of, stored

ASKED = "what do you know about my cat and where she likes to sleep?"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


async def replied(w: World, who: Any = None, text: str = ASKED) -> Any:
    """Let somebody ask, and be answered; return their message."""
    said = await (who or w.mira).send(w.channel, f"{w.me} {text}")
    assert w.said()
    return said


async def why(w: World, who: Any = None, **options: Any) -> Any:
    return panel_of(await (who or w.mira).slash(w.channel, "why", **options))


async def trace(w: World, message_id: int, **values: Any) -> None:
    """Change what is kept of how a decision came about."""
    async with w.app.database.begin() as db:
        found = await db.turns.decided(message_id)
        assert found is not None
        found[0].trace = {**trace_json(Trace()), **(found[0].trace or {}), **values}


async def test_facts_about_the_asker_are_named_with_how_they_came_up(w):
    await noted(w, "Has a cat that sleeps on the radiator")
    await remember(w, "My name is *Mira*")
    await replied(w)
    text = (await why(w)).content
    assert "- **1.** Has a cat that sleeps on the radiator (found for this, said <t:" in text
    assert "- **2.** My name is \\*Mira\\* (always at hand, said <t:" in text
    assert "**Pixel** said it, with claude-sonnet-5-5: " in text
    assert text.endswith(")")


async def test_the_menu_offers_them_and_forgets_one_as_delete_does(w):
    await noted(w, "Has a canary cat that sleeps on the radiator")
    await remember(w, "My name is Mira")
    await replied(w)
    panel = await why(w)
    [choice] = [one for one in menu_of(panel)["options"] if "canary" in one["label"]]
    await w.mira.select(panel, [choice["value"]])
    assert FOR_GOOD in panel.content
    await w.mira.click(panel, label="Keep it")
    assert panel.content == KEPT
    panel = await why(w)
    await w.mira.select(panel, [choice["value"]])
    assert b"canary" in everything(w)
    await w.mira.click(panel, label="Forget it")
    assert panel.content == DELETED
    assert b"canary" not in everything(w)
    assert [one.text for one in await w.app.memories.of("pixel", w.mira.id)] == ["My name is Mira"]
    text = (await why(w)).content
    assert "1 fact that was forgotten since; of those I only tell how many." in text


async def test_a_reply_is_explained_by_its_own_message_too(w):
    await noted(w, "Has a cat that sleeps on the radiator")
    asked = await replied(w)
    [reply] = [one for one in w.channel.history() if one.author.id == w.client.user.id]
    by_question = (await why(w, message=str(asked.id))).content
    assert "Has a cat" in by_question
    assert (await why(w, message=str(reply.id))).content == by_question
    assert panel_of(await w.mira.context_menu(w.channel, "Why?", reply)).content == by_question


async def test_of_others_only_how_many_is_told(w):
    await noted(w, "Has a cat that sleeps on the canary radiator")
    await noted(w, "Tom's canary", who=w.tom, kept=True)
    await replied(w)
    panel = await why(w, w.tom)
    assert "It could also draw on 1 fact about others;" in panel.content
    assert "canary" not in panel.content
    assert components(panel) == []


async def test_earlier_messages_are_linked_where_the_asker_may_see_them(w):
    other = w.guild.create_text_channel("other")
    await archived(w, 71, who=w.tom)
    await archived(w, 72, channel=other)
    await archived(w, 73, channel=other, who=w.tom)
    asked = await replied(w)
    await trace(w, asked.id, lines=[71, 72, 73, 99])
    text = (await why(w)).content
    place = f"https://discord.com/channels/{w.guild.id}"
    assert f"[1]({place}/{w.channel.id}/71), [2]({place}/{other.id}/72)" in text
    assert "/73" not in text
    assert "It could also draw on 1 message from elsewhere;" in text


async def test_the_cost_is_that_of_this_reply_and_of_no_other(w):
    await replied(w, text="hello")
    await w.env.advance_time(60)
    asked = await replied(w, text="hello again")
    async with w.app.database.read() as db:
        found = await db.turns.decided(asked.id)
        assert found is not None
        _, turn = found
        assert turn is not None
        [call] = await db.calls.of_turn(turn.id)
    assert (call.purpose, call.channel_id) == ("reply", w.channel.id)
    assert " cost: $0.0010." in (await why(w, message=str(asked.id))).content


async def test_a_fallback_line_draws_on_nothing(w):
    await noted(w, "Has a cat that sleeps on the radiator")
    w.claude.will_say(ClaudeTimeout("too slow"))
    await replied(w)
    text = told(await w.mira.slash(w.channel, "why"))
    assert "Answered with a fallback line" in text
    assert "cat" not in text
    assert "said it" not in text


async def test_what_was_not_answered_draws_on_nothing(w):
    await noted(w, "Has a cat that sleeps on the radiator")
    await w.mira.send(w.channel, "nice weather in here today")
    assert "said it" not in told(await w.mira.slash(w.channel, "why"))


async def test_a_fact_that_went_meanwhile_is_said_to_be_gone(w):
    await noted(w, "Has a cat that sleeps on the radiator")
    await replied(w)
    panel = await why(w)
    value = menu_of(panel)["options"][0]["value"]
    await w.app.memories.forget("pixel", w.mira.id, 1)
    await w.mira.select(panel, [value])
    assert panel.content == GONE_ALREADY


async def test_a_stranger_presses_nothing_and_a_forged_id_reaches_nobody_elses_fact(w):
    one = await noted(w, "Has a canary cat that sleeps on the radiator")
    await noted(w, "Has a dog", who=w.tom)
    await replied(w)
    panel = await why(w)
    [menu] = components(panel)
    data = {"custom_id": menu["custom_id"], "component_type": menu["type"], "values": [str(one.id)]}
    assert told(await actors._component_interaction(w.tom, stored(w, panel), data)) == interactions.NOT_YOURS
    assert not await w.app.memories.forget_one("pixel", w.tom.id, one.id)
    await replied(w, w.tom, "what do you know about my dog, and about anything else?")
    theirs = await why(w, w.tom)
    await w.tom.select(theirs, [menu_of(theirs)["options"][0]["value"]])
    mine = next(each for each in components(theirs) if each["label"] == "Forget it")["custom_id"]
    forged = re.sub(r":\d+$", f":{one.id}", mine)
    stored(w, theirs).components[0]["components"][0]["custom_id"] = forged
    await actors._component_interaction(
        w.tom, stored(w, theirs), {"custom_id": forged, "component_type": 2, "values": []}
    )
    assert theirs.content == GONE_ALREADY
    assert [each.text for each in await w.app.memories.of("pixel", w.mira.id)] == [one.text]


@settings(max_examples=60)
@given(
    texts=st.lists(WILD, max_size=60),
    decision=st.text(max_size=3000),
    counts=st.integers(0, 9),
    cost=st.none() | st.floats(0, 1),
)
def test_whatever_a_reply_drew_on_fits_a_message(texts, decision, counts, cost):
    facts = tuple(row(number, text) for number, text in enumerate(texts, 1))
    for fact in facts:
        fact.id = fact.number
    spots = tuple(Spot(10**18, 10**18, 10**18 + one) for one in range(counts * 2))
    spent = ReplyCost(("claude-sonnet-5-5", "x" * 200), 2, 10**9, 10**9, cost)
    origins = Origins("Pixel" * 50, facts[::2], facts[1::2], counts, counts, spots, counts, spent)
    panel = why_panel(decision, origins)
    assert width(panel.text) <= 2000
    assert panel.text.count("\n- **") == min(len(texts), SHOWN_FACTS)
    offered = [choice for item in panel.items if isinstance(item, Menu) for choice in item.choices]
    assert len(offered) == min(len(texts), 25)


def test_the_longest_there_is_fits_and_leaves_room_for_the_decision():
    facts = tuple(row(10**5 + number, "_" * 500) for number in range(60))
    for fact in facts:
        fact.id = fact.number
    spots = tuple(Spot(10**19, 10**19, 10**19 + one) for one in range(60))
    spent = ReplyCost(("_" * 200, "x" * 200), 2, 10**9, 10**9, 1.0)
    text = why_panel("d" * 3000, Origins("_" * 300, facts[::2], facts[1::2], 99, 99, spots, 99, spent)).text
    assert width(text) == 2000
    assert text.count("d") > 300


def test_without_a_price_the_sum_is_unknown():
    text = why_panel("why", Origins("Pixel", spent=ReplyCost(("m",), 1, 5, 6, None))).text
    assert text == "why\n**Pixel** said it, with m: 5 tokens read, 6 written; cost: an unknown sum."
    assert why_panel("why", Origins("Pixel")).text == "why\n**Pixel** said it."
