"""/remember and /memory, used as people would (C56, C60, C62; A11, A12, D13)."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from hypothesis import given, settings
from hypothesis import strategies as st
from simcord import actors

from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.text.names import speaker_label
from bot.conversation.text.split import width
from bot.discord.commands import FAILED
from bot.features.memory.wording import NO_SERVER, NO_STATE, UNKNOWN
from cogs._discord import facts, interactions, panels
from cogs._discord.facts import FOR_GOOD
from cogs.memory import cog as memory
from cogs.memory import past_states
from cogs.memory import views as memory_views
from cogs.memory.views import NO_HISTORY, NOTHING, list_panel, reversal_panel
from database.models import Fact
from memory.core import LONGEST, MemoryChange
from memory.dumps import Dumps
from memory.places import Place, Where
from memory.reversal import Reversal
from memory.store import MOST
from tests.builders import AT_ONCE
from tests.fakes import EPOCH
from tests.support.commands import admin, is_for_admins, kept, leaves, told, use
from tests.support.discord import World, world
from tests.support.memories import WILD, everything, known, remember, row, words
from tests.support.panels import components, enabled, forge, menu_of, panel_of, stored
from tests.world.process import world as processes
from tests.world.replies import Talk, lawful


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    manner = replace(AT_ONCE, dumps=Dumps(tmp_path / "data" / "dumps"))
    async with world(tmp_path, manner=manner) as entered:
        yield entered


def here(w: World, channel: Any = None) -> Where:
    return Where((channel or w.channel).id, Place.GUILD, guild_id=w.guild.id)


async def shown(w: World, name: str, **options: Any) -> Any:
    """Let Mira use a subcommand; return what is shown for her eyes only."""
    return panel_of(await w.mira.slash(w.channel, f"memory {name}", **options))


async def learn(w: World, text: str, *, memory_id: int | None = None, source: int = 7) -> None:
    """Let the character note something about Mira by itself, from a message of hers."""
    change = MemoryChange(w.mira.id, memory_id, text, text, (source,))
    async with w.app.database.begin() as db:
        learnt = await w.app.memories.learn(db, "pixel", here(w), [change], at=w.app.clock.now())
    await w.app.memories.dump("pixel", learnt)


# --- Telling (C56) --------------------------------------------------------------------------------


async def test_what_is_told_is_kept_and_the_answer_says_as_what_and_where_it_comes_up(w):
    said = told(await w.mira.slash(w.channel, "remember", memory="I am allergic to nuts"))
    reach = f"only in {w.channel.mention} and when we are alone"
    assert said == memory.REMEMBERED.format(number=1, reach=reach)
    assert all(f"/memory {name}" in said for name in ("edit", "share", "delete"))
    assert await words(w) == ["I am allergic to nuts"]
    assert await words(w, w.tom) == []


@pytest.mark.parametrize(
    ("where", "scope", "reach"),
    [
        ("channel", "channel", "only in <#"),
        ("guild", "guild", "everywhere in this server and when we are alone"),
        ("everywhere", "everywhere", "everywhere you meet me"),
    ],
)
async def test_the_person_says_where_it_may_come_up(w, where, scope, reach):
    said = told(await w.mira.slash(w.channel, "remember", memory="I like tea", where=where))
    [memory_] = await known(w)
    assert memory_.scope == scope
    assert reach in said


async def test_in_a_direct_message_there_is_no_server_to_tell_it_to(w):
    said = told(await w.mira.user.slash("remember", memory="I like tea", where="guild"))
    assert said == NO_SERVER
    assert await words(w) == []
    said = told(await w.mira.user.slash("remember", memory="I like tea"))
    assert "only when we are alone" in said
    assert [one.scope for one in await known(w)] == ["dm"]


async def test_in_another_server_a_memory_of_this_one_is_said_to_be_elsewhere(w):
    await remember(w, "I like tea", where="guild")
    other = w.env.create_guild("Another")
    guest = other.add_member(w.mira.user)
    said = told(await guest.slash(other.create_text_channel("elsewhere"), "memory list"))
    assert "everywhere in another server" in said
    assert "everywhere in this server" in told(await w.mira.slash(w.channel, "memory list"))


async def test_too_many_words_are_refused_by_discord_and_no_words_by_us(w):
    with pytest.raises(simcord.OptionError):
        await w.mira.slash(w.channel, "remember", memory="x" * (LONGEST + 1))
    said = told(await w.mira.slash(w.channel, "remember", memory="\u200b \u200b"))
    assert "nothing in that to remember" in said
    assert await words(w) == []


@pytest.mark.slow
async def test_who_has_told_too_much_is_told_what_to_do(w):
    async with w.app.database.begin() as db:
        for number in range(MOST):
            row = Fact(
                w.mira.id, "pixel", 0, f"fact {number}", "dm", 1, None, "told", EPOCH, EPOCH
            )  # fmt: skip
            await db.memories.add(row, batch=1, cause="told")
    said = told(await w.mira.slash(w.channel, "remember", memory="one more"))
    assert f"I know {MOST} things about you" in said
    assert "/memory delete" in said
    assert len(await words(w)) == MOST


@pytest.mark.parametrize("what", ["deactivate", "deny"])
async def test_where_it_must_not_listen_it_keeps_nothing_and_can_still_be_made_to_forget(w, what):
    await remember(w, "I like tea")
    anna = admin(w)
    await anna.slash(w.channel, f"settings {what}", **({"user": w.mira} if what == "deny" else {}))
    assert told(await w.mira.slash(w.channel, "remember", memory="canary")) == memory.NOT_HERE
    assert "canary" not in "".join(kept(w))
    await w.mira.click(await shown(w, "delete", number=1), label="Forget it")
    assert await words(w) == []


async def test_somebody_with_a_denied_role_is_not_listened_to_either(w):
    ducks = w.guild.create_role("Ducks")
    dan = w.guild.add_member(w.env.create_user("dan"), roles=[ducks])
    async with w.app.database.begin() as db:
        await db.channels.lay_down_rule(w.guild.id, RuleKind.DENIED_ROLE, ducks.id)
    assert told(await dan.slash(w.channel, "remember", memory="canary")) == memory.NOT_HERE


# --- Looking (C62) --------------------------------------------------------------------------------


async def test_who_told_nothing_is_told_how(w):
    assert told(await w.mira.slash(w.channel, "memory list")) == NOTHING


async def test_the_list_says_of_each_memory_what_where_since_when_and_how_it_is_known(w):
    await remember(w, "I like tea", "I live in Oslo")
    await learn(w, "has a cat")
    await w.mira.slash(w.channel, "memory pin", number=2)
    stamp = discord.utils.format_dt(w.app.clock.now(), "d")
    place = f"only in {w.channel.mention} and when we are alone"
    assert (await shown(w, "list")).content.split("\n")[:-1] == [
        "**What I know about you for good**: 3 memories",
        "**1.** I like tea",
        f"-# {place} · you told me · {stamp}",
        "**2.** I live in Oslo",
        f"-# pinned · {place} · you told me · {stamp}",
        "**3.** has a cat",
        f"-# {place} · I noticed it myself · {stamp}",
    ]


async def test_long_lists_have_pages_and_buttons_between_them(w):
    await remember(w, *(f"fact number {number}" for number in range(1, 24)))
    page = await shown(w, "list")
    assert "page 1 of 3" in page.content
    assert page.content.count("fact number") == 10
    assert enabled(page) == {"Next"}
    await w.mira.click(page, label="Next")
    assert enabled(page) == {"Back", "Next"}
    assert "**11.** fact number 11" in page.content
    await w.mira.click(page, label="Next")
    assert "page 3 of 3" in page.content
    assert enabled(page) == {"Back"}
    await w.mira.click(page, label="Back")
    assert "page 2 of 3" in page.content
    assert "page 3 of 3" in (await shown(w, "list", page=99)).content


async def test_a_page_that_is_gone_shows_the_last_one(w):
    await remember(w, *(f"fact number {number}" for number in range(1, 12)))
    page = await shown(w, "list")
    await w.app.memories.forget("pixel", w.mira.id, 3)
    await w.mira.click(page, label="Next")
    assert "10 memories" in page.content
    assert "**11.** fact number 11" in page.content
    assert enabled(page) == set()


@settings(max_examples=60)
@given(texts=st.lists(WILD, min_size=1, max_size=25), page=st.integers(1, 30))
def test_every_page_is_a_message_that_discord_takes_and_no_memory_passes_for_ours(texts, page):
    memories = [row(number, text, pinned=True) for number, text in enumerate(texts, 1)]
    text = list_panel(memories, page, 5).text
    assert width(text) <= 2000
    head, *entries, foot = text.split("\n")
    assert head.startswith("**What I know")
    assert foot.startswith("-# /memory")
    assert 2 <= len(entries) <= 20
    for number, line in enumerate(entries):
        assert re.match(r"-# pinned · only in <#" if number % 2 else r"\*\*\d+\.\*\* ", line)


@pytest.mark.slow
def test_all_pages_together_show_each_memory_whole_and_once():
    texts = [f"{number:03} " + "*word* " * 70 for number in range(MOST)]
    memories = [row(number, text.strip()) for number, text in enumerate(texts, 1)]
    first = list_panel(memories, 1, 5).text
    pages = int(first.split(" of ")[1].split("\n")[0])
    shown_pages = [list_panel(memories, page, 5).text for page in range(1, pages + 1)]
    assert all(width(text) <= 2000 for text in shown_pages)
    told_ = "\n".join(shown_pages)
    assert [int(one) for one in re.findall(r"^\*\*(\d+)\.\*\*", told_, re.MULTILINE)] == [*range(1, MOST + 1)]
    assert told_.count("\\*word\\*") == 70 * MOST
    assert "…" not in told_


# --- Changing -------------------------------------------------------------------------------------


async def test_new_words_are_the_persons_own(w):
    await learn(w, "has a cat")
    said = told(await w.mira.slash(w.channel, "memory edit", number=1, text="I have two cats"))
    assert "**1.** I have two cats\n" in said
    assert "you told me" in said
    [memory_] = await known(w)
    assert (memory_.text, memory_.sources) == ("I have two cats", [7])


async def test_a_memory_is_pinned_and_the_pin_taken_away(w):
    await remember(w, "I like tea")
    assert told(await w.mira.slash(w.channel, "memory pin", number=1)) == memory.PINNED.format(number=1)
    assert [one.pinned for one in await known(w)] == [True]
    assert told(await w.mira.slash(w.channel, "memory pin", number=1)) == memory.UNPINNED.format(number=1)
    assert [one.pinned for one in await known(w)] == [False]


@pytest.mark.parametrize(
    ("where", "scope", "reach"),
    [
        ("guild", "guild", "everywhere in this server and when we are alone"),
        ("everywhere", "everywhere", "everywhere you meet me"),
        ("dm", "dm", "only when we are alone"),
    ],
)
async def test_the_person_lifts_and_narrows_the_reach_of_one_memory(w, where, scope, reach):
    await remember(w, "I like tea", "I like milk")
    said = told(await w.mira.slash(w.channel, "memory share", number=1, where=where))
    assert said == memory.SHARED.format(number=1, reach=reach)
    assert [one.scope for one in await known(w)] == [scope, "channel"]


async def test_in_private_a_memory_can_not_be_shared_with_a_server(w):
    await remember(w, "I like tea")
    assert told(await w.mira.user.slash("memory share", number=1, where="guild")) == NO_SERVER
    said = told(await w.mira.user.slash("memory share", number=1, where="channel"))
    assert said == memory.SHARED.format(number=1, reach="only when we are alone")


@pytest.mark.parametrize("name", ["edit", "share", "pin", "delete"])
async def test_a_number_that_is_not_there_is_said_not_to_be(w, name):
    options = {"edit": {"text": "x"}, "share": {"where": "everywhere"}}.get(name, {})
    assert told(await w.mira.slash(w.channel, f"memory {name}", number=4, **options)) == UNKNOWN.format(
        number=4
    )


@pytest.mark.slow
async def test_numbers_are_offered_with_the_askers_own_words(w):
    await remember(w, "I like tea", "I live in Oslo", *(f"fact {number}" for number in range(30)))
    await remember(w, "Tom likes tea", who=w.tom)

    async def offered(typed: str, who: Any = w.mira) -> list[dict[str, Any]]:
        return await who.autocomplete(w.channel, "memory delete", "number", typed)

    assert await offered("TEA") == [{"name": "1. I like tea", "value": 1}]
    assert [one["value"] for one in await offered("32")] == [32]
    assert {one["value"] for one in await offered("7")} == {7, 10, 20, 30}  # 7, and facts 7, 17 and 27
    assert len(await offered("")) == 25
    assert await offered("nothing of that") == []
    assert await offered("tea", w.tom) == [{"name": "1. Tom likes tea", "value": 1}]
    await remember(w, "x" * LONGEST)
    [long] = await offered("xxx")
    assert len(long["name"]) == 100
    for name in ("edit", "share", "pin"):
        more = {"edit": {"text": "x"}, "share": {"where": "dm"}}.get(name, {})
        assert len(await w.mira.autocomplete(w.channel, f"memory {name}", "number", "oslo", **more)) == 1


# --- Deleting (C62) -------------------------------------------------------------------------------


async def test_what_is_deleted_leaves_the_row_its_past_the_dumps_and_every_byte(w):
    await remember(w, "canary-one", "bystander")
    await w.mira.slash(w.channel, "memory edit", number=1, text="canary-two")
    await w.mira.slash(w.channel, "memory pin", number=1)
    question = await shown(w, "delete", number=1)
    assert "canary-two" in question.content
    assert FOR_GOOD in question.content
    assert b"canary" in everything(w)
    await w.mira.click(question, label="Forget it")
    assert question.content == facts.DELETED
    assert components(question) == []
    assert b"canary" not in everything(w)
    assert await words(w) == ["bystander"]


async def test_nothing_is_deleted_before_the_button_is_pressed_nor_when_it_is_the_other(w):
    await remember(w, "I like tea")
    question = await shown(w, "delete", number=1)
    assert await words(w) == ["I like tea"]
    await w.mira.click(question, label="Keep it")
    assert question.content == facts.KEPT
    assert await words(w) == ["I like tea"]


async def test_a_number_that_has_become_another_memorys_is_not_deleted(w):
    await remember(w, "I like tea")
    question = await shown(w, "delete", number=1)
    await w.app.memories.forget("pixel", w.mira.id, 1)
    await remember(w, "I like milk")
    assert [one.number for one in await known(w)] == [1]
    await w.mira.click(question, label="Forget it")
    assert question.content == facts.GONE_ALREADY
    assert await words(w) == ["I like milk"]


async def test_all_of_it_goes_with_its_past(w):
    await remember(w, "canary-one", "canary-two", "canary-three")
    await remember(w, "bystander", who=w.tom)
    await w.mira.slash(w.channel, "memory edit", number=2, text="canary-four")
    question = await shown(w, "delete_all")
    assert "3 memories" in question.content
    assert FOR_GOOD in question.content
    await w.mira.click(question, label="Forget all 3")
    assert question.content == memory.ALL_DELETED.format(count="3 memories")
    assert b"canary" not in everything(w)
    assert await words(w, w.tom) == ["bystander"]
    assert told(await w.mira.slash(w.channel, "memory delete_all")) == NOTHING
    assert told(await w.mira.slash(w.channel, "memory history")) == NO_HISTORY


async def test_a_past_without_a_present_can_be_deleted_too(w):
    await remember(w, "canary")
    await w.mira.select(await shown(w, "history"), ["1"])
    panel = await shown(w, "history")
    await w.mira.select(panel, [menu_of(panel)["options"][0]["value"]])
    await w.mira.click(panel, label="Bring it back")
    assert await words(w) == []
    await w.mira.click(await shown(w, "delete_all"), label="Forget all 0")
    assert b"canary" not in everything(w)


# --- Earlier states -------------------------------------------------------------------------------


async def look_back(w: World, change: int) -> Any:
    """Choose the state before the change with that number in the list, 1 for the last."""
    panel = await shown(w, "history")
    await w.mira.select(panel, [menu_of(panel)["options"][change - 1]["value"]])
    return panel


async def test_an_earlier_state_is_shown_brought_back_and_taken_back(w):
    await remember(w, "I like tea")
    await w.mira.slash(w.channel, "memory edit", number=1, text="I like coffee")
    await remember(w, "I like milk")
    lines = (await shown(w, "history")).content.split("\n")
    assert [line.partition("> ")[2] for line in lines[1:-1]] == [
        "you told me something (1 memory)",
        "you gave it other words (1 memory)",
        "you told me something (1 memory)",
    ]
    panel = await look_back(w, 2)
    assert "- **1** is now: I like coffee\n  and is then: I like tea\n" in panel.content
    assert "- **2** goes: I like milk\n" in panel.content
    assert await words(w) == ["I like coffee", "I like milk"]
    await w.mira.click(panel, label="Bring it back")
    assert panel.content == past_states.RESTORED.format(count="2 memories")
    assert await words(w) == ["I like tea"]
    panel = await look_back(w, 1)
    assert "- **2** comes back: I like milk\n" in panel.content
    await w.mira.click(panel, label="Bring it back")
    assert await words(w) == ["I like coffee", "I like milk"]


async def test_a_reach_and_a_pin_come_back_too(w):
    await remember(w, "I like tea")
    await w.mira.slash(w.channel, "memory pin", number=1)
    await w.mira.slash(w.channel, "memory share", number=1, where="everywhere")
    panel = await look_back(w, 2)
    place = f"comes up only in {w.channel.mention} and when we are alone"
    assert f"- **1** stays: I like tea; {place}; not pinned any more" in panel.content
    await w.mira.click(panel, label="Leave it")
    assert panel.content == past_states.LEFT
    assert [one.pinned for one in await known(w)] == [True]


async def test_where_something_changed_meanwhile_it_is_asked_anew(w):
    await remember(w, "I like tea")
    await w.mira.slash(w.channel, "memory edit", number=1, text="I like coffee")
    panel = await look_back(w, 1)
    await remember(w, "I like milk")
    await w.mira.click(panel, label="Bring it back")
    assert "- **2** goes: I like milk" in panel.content
    assert await words(w) == ["I like coffee", "I like milk"]
    await w.mira.click(panel, label="Bring it back")
    assert await words(w) == ["I like tea"]


async def test_a_state_that_is_as_now_needs_no_button(w):
    await remember(w, "I like tea")
    await w.mira.slash(w.channel, "memory pin", number=1)
    await w.mira.slash(w.channel, "memory pin", number=1)
    panel = await look_back(w, 2)
    assert panel.content == memory_views.ALL_AS_IT_WAS
    assert components(panel) == []


async def test_a_state_that_is_gone_says_so(w):
    await remember(w, "I like tea")
    panel = await shown(w, "history")
    await w.app.memories.forget_all("pixel", w.mira.id)
    result = await w.mira.select(panel, [menu_of(panel)["options"][0]["value"]])
    assert [one.content for one in result.followups] == [NO_STATE]


@pytest.mark.slow
async def test_the_longest_history_and_the_largest_reversal_fit_a_message(w):
    await remember(w, *("*" * 400 + str(number) for number in range(12)))
    for _ in range(20):
        await w.mira.slash(w.channel, "memory pin", number=1)
    panel = await shown(w, "history")
    assert len(menu_of(panel)["options"]) == 25
    assert panel.content.split("\n")[25].startswith("25. ")
    assert panel.content.endswith("until you say so.")


@settings(max_examples=60)
@given(st.lists(st.tuples(WILD | st.none(), WILD | st.none()).filter(any), min_size=1, max_size=30))
def test_every_reversal_is_a_message_that_discord_takes(pairs):
    def values(text: str | None) -> dict[str, Any] | None:
        place = {"scope": "channel", "channel_id": 10**18, "guild_id": 10**18, "pinned": True}
        return None if text is None else {"text": text, **place}

    reversals = [Reversal(200, values(now), values(then)) for now, then in pairs]
    text = reversal_panel(10**9, 10**9, reversals, 5).text
    assert width(text) <= 2000
    assert text.endswith("can be undone, too.")
    ours = [line for line in text.split("\n")[1:-1] if not line.startswith("  and is then: ")]
    assert all(line.startswith("- ") for line in ours)
    assert len(ours) == min(len(pairs), memory_views.SHOWN_REVERSALS) + (
        len(pairs) > memory_views.SHOWN_REVERSALS
    )


# --- Noting by itself (D03) -----------------------------------------------------------------------


async def test_it_notes_nothing_by_itself_until_the_person_says_so(w):
    memories = w.app.memories
    assert not await memories.learns(w.mira.id)
    assert "I note nothing by myself" in told(await w.mira.slash(w.channel, "status"))
    assert told(await w.mira.slash(w.channel, "memory learning", switch="on")) == memory.LEARNING
    assert await memories.learns(w.mira.id)
    assert not await memories.learns(w.tom.id)
    assert "I may note more by myself" in told(await w.mira.slash(w.channel, "status"))


@pytest.mark.parametrize(("noted", "told_so"), [(1, "1 memory"), (2, "2 memories"), (0, "0 memories")])
async def test_switched_off_it_forgets_what_it_noted_and_says_how_much(w, noted, told_so):
    await w.mira.slash(w.channel, "memory learning", switch="on")
    await remember(w, "I like tea")
    for number in range(noted):
        await learn(w, f"canary {number}")
    said = told(await w.mira.slash(w.channel, "memory learning", switch="off"))
    assert f" {told_so} that I had noted" in said
    assert await words(w) == ["I like tea"]
    assert b"canary" not in everything(w)
    assert not await w.app.memories.learns(w.mira.id)


# --- What comes up where (C60) --------------------------------------------------------------------


async def prompt_of(w: World, who: Any, place: Any = None) -> str:
    """Return the prompt that somebody's next words there become; without a place, in private."""
    if place is None:
        await who.send_dm("hello")
    else:
        await who.send(place, "Pixel?")
    return w.prompt.text


async def test_what_is_told_in_private_is_in_no_prompt_that_others_read(w):
    other = w.guild.create_text_channel("other")
    await w.mira.user.slash("remember", memory="secretly canary")
    assert "canary" in await prompt_of(w, w.mira)
    assert "canary" not in await prompt_of(w, w.mira, w.channel)
    assert "canary" not in await prompt_of(w, w.mira, other)
    assert "canary" not in await prompt_of(w, w.tom, w.channel)
    assert "canary" not in await prompt_of(w, w.tom)
    await w.mira.slash(w.channel, "memory share", number=1, where="channel")
    assert "canary" in await prompt_of(w, w.mira, w.channel)
    assert "canary" not in await prompt_of(w, w.mira, other)
    await w.mira.slash(w.channel, "memory share", number=1, where="guild")
    assert "canary" in await prompt_of(w, w.mira, other)
    elsewhere = w.env.create_guild("Another")
    guest, lobby = elsewhere.add_member(w.mira.user), elsewhere.create_text_channel("lobby")
    assert "canary" not in await prompt_of(w, guest, lobby)
    await w.mira.slash(w.channel, "memory share", number=1, where="everywhere")
    assert "canary" in await prompt_of(w, guest, lobby)
    await w.mira.slash(w.channel, "memory share", number=1, where="dm")
    for who, place in ((guest, lobby), (w.mira, other), (w.mira, w.channel)):
        assert "canary" not in await prompt_of(w, who, place)
    assert "canary" in await prompt_of(w, w.mira)


async def test_what_is_told_in_one_channel_stays_there_and_with_its_person(w):
    other = w.guild.create_text_channel("other")
    await remember(w, "openly canary")
    assert "canary" in await prompt_of(w, w.mira, w.channel)
    assert "canary" not in await prompt_of(w, w.mira, other)
    assert "canary" in await prompt_of(w, w.mira)
    assert "canary" not in await prompt_of(w, w.tom)
    assert "canary" not in await prompt_of(w, w.tom, other)
    # Mira has spoken there: Tom reads along, and what she told before him may come up before him.
    text = await prompt_of(w, w.tom, w.channel)
    assert f"about {speaker_label('Mira', w.mira.id)}\n  1. openly canary" in text
    assert text.count("canary") == 1


async def test_the_very_next_prompt_knows_the_new_and_no_more_the_old(w):
    await prompt_of(w, w.mira, w.channel)
    await remember(w, "I like canary-tea")
    assert "canary-tea" in await prompt_of(w, w.mira, w.channel)
    await w.mira.slash(w.channel, "memory edit", number=1, text="I like canary-milk")
    text = await prompt_of(w, w.mira, w.channel)
    assert "canary-tea" not in text
    assert "canary-milk" in text
    await w.mira.click(await shown(w, "delete", number=1), label="Forget it")
    assert "canary" not in await prompt_of(w, w.mira, w.channel)
    await remember(w, "I like canary-juice")
    await w.mira.click(await shown(w, "delete_all"), label="Forget all 1")
    assert "canary" not in await prompt_of(w, w.mira, w.channel)


# --- Whose it is (D13) ----------------------------------------------------------------------------


def of_mira(w: World) -> list[str]:
    """Return every row that is about what is known of Mira."""
    tables = ("facts", "fact_changes", "consents")
    return [line for line in kept(w) if any(f'"{one}"' in line for one in tables) and str(w.mira.id) in line]


async def mine_to_touch(w: World) -> list[str]:
    """Let Mira have something of everything; return it."""
    await remember(w, *(f"canary {number}" for number in range(12)))
    await learn(w, "canary by itself")
    await w.mira.slash(w.channel, "memory learning", switch="on")
    await w.mira.slash(w.channel, "memory pin", number=2)
    return of_mira(w)


async def test_every_command_of_a_stranger_leaves_what_is_anothers_alone(w):
    before = await mine_to_touch(w)
    of_this_cog = [one for one in leaves(w) if one.qualified_name.split()[0] in ("memory", "remember")]
    assert len(of_this_cog) == 12
    for command in of_this_cog:
        assert not is_for_admins(command)
        said = told(await use(w, w.tom, command))
        assert "canary" not in said
        assert FAILED not in said
    assert of_mira(w) == before
    assert await w.tom.autocomplete(w.channel, "memory delete", "number", "canary") == []


async def panels_of_mira(w: World) -> list[Any]:
    """Show Mira each panel there is."""
    back = await shown(w, "history")
    await w.mira.select(back, [menu_of(back)["options"][0]["value"]])
    return [
        await shown(w, "list"),
        await shown(w, "delete", number=1),
        await shown(w, "delete_all"),
        back,
        await shown(w, "history"),
    ]


@pytest.mark.slow
async def test_every_button_and_menu_of_somebody_else_is_refused(w):
    before = await mine_to_touch(w)
    cog: Any = w.client.get_cog("MemoryCog")
    pressed = set()
    for panel in await panels_of_mira(w):
        for one in components(panel):
            text, chosen = panel.content, [each["value"] for each in one.get("options", [])[:1]]
            data = {"custom_id": one["custom_id"], "component_type": one["type"], "values": chosen}
            result = await actors._component_interaction(w.tom, stored(w, panel), data)
            assert [each.content for each in result.followups] == []
            assert told(result) == interactions.NOT_YOURS
            assert panel.content == text
            signature = panels.read("memory", one["custom_id"])
            pressed.add(signature and signature.action)
    assert pressed == set(cog.panels.actions)
    assert of_mira(w) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "arguments"),
    [("delete", (1,)), ("restore", (1, 14)), ("restore", (1, 0)), ("page", (1,)), ("delete_all", ())],
)
async def test_a_forged_id_of_ones_own_reaches_nothing_of_anothers(w, action, arguments):
    before = await mine_to_touch(w)
    await remember(w, "mine", who=w.tom)
    panel = panel_of(await w.tom.slash(w.channel, "memory delete", number=1))
    deadline = int((w.app.clock.now() + timedelta(seconds=60)).timestamp())
    custom_id = str(panels.Signature("memory", action, w.tom.id, deadline, tuple(map(str, arguments))))
    stored(w, panel).components[0]["components"][0]["custom_id"] = custom_id
    await forge(w, w.tom, panel, custom_id)
    w.env._errors.clear()
    assert of_mira(w) == before
    assert "canary" not in panel.content


async def test_nothing_of_all_this_pings_anybody(w):
    wild = f"@everyone @here {w.tom.mention} **bold** https://example.org"
    await remember(w, wild, wild + "!")
    await w.mira.slash(w.channel, "memory edit", number=1, text=wild + "?")
    for panel in await panels_of_mira(w):
        assert panel.ephemeral
    calls = [one for one in w.env.http_requests if "callback" in one.path or "webhooks" in one.path]
    bodies = [(one.json or {}).get("data", one.json) or {} for one in calls]
    said = [one for one in bodies if one.get("content")]
    assert len(said) >= 8
    assert all(one["allowed_mentions"]["parse"] == [] for one in said)
    assert w.pinged() == set()


# --- Across a restart (A12) -----------------------------------------------------------------------


@pytest.mark.slow
async def test_buttons_and_menus_work_after_a_restart(tmp_path):
    """With processes of their own: what one shows, the next one answers."""
    async with processes(tmp_path) as bot:
        talk = Talk.beginning(bot, in_private=False)
        await bot.start()
        for number in range(11):
            await talk.use("remember", memory=f"canary {number}x")
        page, back = await talk.use("memory list"), await talk.use("memory history")
        one, every = await talk.use("memory delete", number=1), await talk.use("memory delete_all")
        assert await bot.terminate() == 0
        await bot.start()
        await talk.press(page, "Next")
        await talk.until_told(page, "**11.** canary 10x")
        menu = back.components[0]["components"][0]
        pressed = await talk.person.press(back, menu["custom_id"], [menu["options"][0]["value"]])
        await pressed.wait_acknowledged()
        await talk.until_told(back, "- **11** goes: canary 10x")
        await talk.press(back, "Bring it back")
        await talk.until_told(back, past_states.RESTORED.format(count="1 memory"))
        await talk.press(one, "Forget it")
        await talk.until_told(one, facts.DELETED)
        assert talk.leftovers("canary 0x") == []
        await talk.press(every, "Forget all 11")
        await talk.until_told(every, memory.ALL_DELETED.format(count="9 memories"))
        assert talk.leftovers("canary") == []
        lawful(bot)


# --- /status (F121) -------------------------------------------------------------------------------


async def test_status_tells_the_length_of_the_conversation_and_what_is_known(w):
    await remember(w, "I like tea", "I like milk")
    await w.mira.send(w.channel, "Pixel?")
    said = told(await w.mira.slash(w.channel, "status"))
    assert "know word for word**: 1 of this channel, 1 in all; 0 lines of this channel are summed up" in said
    assert "**Known about you for good**: 2 (/memory); I note nothing by myself" in said
    assert "**Known about you for good**: 0 (/memory)" in told(await w.tom.slash(w.channel, "status"))
