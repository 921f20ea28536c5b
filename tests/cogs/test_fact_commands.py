"""/memory facts, at and map, and !memsvg, used as people would (C62, C66, C68; A12, D13, D21)."""

import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simcord import actors

from bot.conversation.text.split import width
from bot.features.memory import map as mapping
from bot.features.memory.map import TOO_LATE, MapRefused, chosen_tags
from bot.features.memory.wording import matching
from cogs._discord import interactions, panels
from cogs._discord.facts import link_of
from cogs._discord.options import NO_DAY, day_in
from cogs.memory import cog as memory
from cogs.memory import fact_views
from cogs.memory import map as map_sending
from cogs.memory.fact_views import NOTHING, FactSearch, facts_panel
from cogs.memory.facts import NOT_YET
from cogs.memory.map import IN_PRIVATE, NO_PRIVATE
from memory.browsing import MOST_LINKS, Browsing, FactEntry, Spot
from memory.map.rasterise import PictureMissing
from memory.map.svg import memory_map
from memory.meaning import packed
from tests.builders import CHANNEL, table
from tests.knowing import again, archived, noted, overtaken
from tests.learning import MIRA
from tests.support.commands import admin, kept, told
from tests.support.discord import World, world
from tests.support.memories import WILD, remember, row
from tests.support.panels import components, enabled, menu_of, panel_of, stored

DAY = timedelta(days=1)
PAGES = st.integers(1, 9)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


async def shown(w: World, name: str, who: Any = None, **options: Any) -> Any:
    return panel_of(await (who or w.mira).slash(w.channel, f"memory {name}", **options))


def words(panel: Any) -> str:
    """Return what a page shows, without its first and last line."""
    return "\n".join(panel.content.split("\n")[1:-1])


def stamp(at: Any) -> str:
    return f"<t:{int(at.timestamp())}:d>"


# --- Pages ---------------------------------------------------------------------------------------------


async def test_who_is_not_known_is_told_how_to_change_that(w):
    assert told(await w.mira.slash(w.channel, "memory facts")) == NOTHING


async def test_a_fact_is_shown_with_all_there_is_to_say_of_it(w):
    now = w.app.clock.now()
    cat = await noted(w, "Has a *cat*", tags=["pets", "home"], sources=[7], at=now - 20 * DAY)
    await again(w, cat, 9)
    page = await shown(w, "facts")
    place, link = w.channel.mention, f"https://discord.com/channels/{w.guild.id}/{w.channel.id}"
    assert page.content.split("\n")[:-1] == [
        "**What I know about you**: 1 fact, 0 kept for good",
        "**1.** Has a \\*cat\\*",
        f"-# pets · home · 2 times from {stamp(now - 20 * DAY)} to {stamp(now)} · I noticed it myself",
        f"-# only in {place} and when we are alone · said [here]({link}/9), [2]({link}/7)",
    ]


async def test_what_holds_no_more_says_until_when_and_what_took_its_place(w):
    old, new = await noted(w, "Lives in Oslo"), await noted(w, "Lives in Bergen")
    await overtaken(w, old, new)
    lines = words(await shown(w, "facts")).split("\n")
    assert lines[0] == "**2.** Lives in Bergen"
    assert "until" not in lines[1]
    assert f"until {stamp(new.first_at)}, now number 2" in lines[4]


async def test_a_claim_about_somebody_else_is_marked_as_one(w):
    await noted(w, "Is allergic to nuts", subject="Bob_")
    assert "**1.** (you said of Bob\\_) Is allergic to nuts" in words(await shown(w, "facts"))


async def test_what_was_told_and_what_was_noted_are_both_there_and_the_list_has_what_is_kept(w):
    await remember(w, "I like tea")
    await noted(w, "Has a cat")
    page = words(await shown(w, "facts"))
    assert "I like tea\n-# kept for good · " in page
    assert "you told me" in page
    assert "Has a cat" in page
    listed = await shown(w, "list")
    assert "I like tea" in listed.content
    assert "Has a cat" not in listed.content
    assert "1 memory" in listed.content
    assert "**Known about you for good**: 1 " in told(await w.mira.slash(w.channel, "status"))


async def test_a_message_is_linked_where_it_stands_although_the_fact_was_shared_from_elsewhere(w):
    other = w.guild.create_text_channel("other")
    await noted(w, "Has a cat", sources=[5, 6])
    await archived(w, 6, channel=other)
    await w.mira.user.slash("memory share", number=1, where="everywhere")
    page = words(await shown(w, "facts"))
    assert f"({link_of(Spot(w.guild.id, other.id, 6))})" in page
    assert f"({link_of(Spot(w.guild.id, w.channel.id, 5))})" in page


async def test_only_the_newest_messages_are_linked_and_in_private_by_a_private_address(w):
    await noted(w, "Has a cat", sources=[1, 2, 3, 4, 5], scope="dm", channel_id=8, guild_id=None)
    page = words(await shown(w, "facts"))
    assert re.findall(r"channels/(\S+?)\)", page) == ["@me/8/5", "@me/8/4", "@me/8/3"][:MOST_LINKS]


async def test_words_numbers_and_tags_are_searched_for(w):
    await noted(w, "Lives in Oslo", tags=["home"])
    await noted(w, "Has a cat in Oslo", tags=["pets"], category="pets")
    await noted(w, "Is allergic to nuts", subject="Bob", category="health")

    async def found(**options: str) -> list[int]:
        page = (await shown(w, "facts", **options)).content
        return sorted(map(int, re.findall(r"^\*\*(\d+)\.\*\*", page, re.MULTILINE)))

    assert await found(search="OSLO") == [1, 2]
    assert await found(search="oslo cat") == [2]
    assert await found(search="2") == await found(search="#2") == [2]
    assert await found(search="bob") == [3]
    assert await found(tag="Home") == [1]
    assert await found(tag="health") == [3]
    assert await found(search="oslo", tag="pets") == [2]
    assert await found(search="oslo", tag="health") == []
    assert (
        "none with “nothing: of it”".replace(":", "")
        in (await shown(w, "facts", search="nothing: of it")).content
    )
    offered = await w.mira.autocomplete(w.channel, "memory facts", "tag", "pe")
    assert [one["value"] for one in offered] == ["pets"]
    assert await w.tom.autocomplete(w.channel, "memory facts", "tag", "") == []


async def test_pages_keep_what_was_searched_for_and_turn_after_a_restart(w):
    for number in range(14):
        await noted(w, f"cat number {number}", tags=["a tag"])
        await noted(w, f"dog number {number}")
    page = await shown(w, "facts", search="cat", tag="a tag")
    assert "28 facts" in page.content
    assert "14 with “cat” and tag a tag · page 1 of 3" in page.content
    assert enabled(page) == {"Next"}
    cog: Any = w.client.get_cog("MemoryCog")
    for one in cog.pages.panels:
        one._open.clear()  # as a process knows that has just begun
    await w.mira.click(page, label="Next")
    assert "page 2 of 3" in page.content
    assert page.content.count("cat number") == fact_views.ON_A_PAGE
    assert "dog" not in page.content
    assert enabled(page) == {"Back", "Next"}


@settings(max_examples=60)
@given(
    texts=st.lists(WILD, min_size=1, max_size=20), label=WILD, page=st.integers(1, 9), pinned=st.booleans()
)
def test_every_page_fits_a_message_and_no_fact_passes_for_ours(texts, label, page, pinned):
    more = {"tags": [label[:24]] * 3, "subject": label[:80], "mentions": 10**4, "for_all": True}
    more |= {"first_at": row(1, "x").made_at, "last_at": row(1, "x").made_at, "pinned": pinned}
    spots = tuple(Spot(10**18, 10**18, 10**18 + one) for one in range(MOST_LINKS))
    entries = [FactEntry(row(number, text, **more), spots, 12345) for number, text in enumerate(texts, 1)]
    panel = facts_panel(entries, FactSearch.of(label[:28], None), page, 5)
    assert width(panel.text) <= 2000
    for line in panel.text.split("\n")[1:-1]:
        assert re.match(r"-# |\*\*\d+\.\*\* ", line)


@given(words=st.text(max_size=28), tag=st.text(max_size=24))
def test_whatever_is_searched_for_fits_the_id_of_a_button(words, tag):
    search = FactSearch.of(words, tag)
    custom_id = str(panels.Signature("facts", "page", 2**64, 10**10, ("334", *search.arguments)))
    assert width(custom_id) <= 100
    read = panels.read("facts", custom_id)
    assert read is not None
    assert read.arguments == ("334", *search.arguments)


def test_a_search_finds_whatever_holds_all_of_its_words():
    entries = [FactEntry(row(1, "Lives in ÅLESUND")), FactEntry(row(21, "Has 2 cats"))]
    assert matching(entries, "ålesund lives") == entries[:1]
    assert matching(entries, "2") == entries[1:]
    assert matching(entries, "1") == entries[:1]
    assert matching(entries) == entries


# --- Keeping and sharing -------------------------------------------------------------------------------


async def test_a_pin_keeps_what_was_only_noted_and_its_words_are_the_same(w):
    await noted(w, "Has a cat")
    assert told(await w.mira.slash(w.channel, "memory pin", number=1)) == memory.PINNED.format(number=1)
    [one] = await w.app.memories.core("pixel", w.mira.id)
    assert (one.text, one.kept, one.pinned) == ("Has a cat", True, True)
    await w.mira.slash(w.channel, "memory pin", number=1)
    [one] = await w.app.memories.core("pixel", w.mira.id)
    assert (one.kept, one.pinned) == (True, False)


async def test_a_pin_is_taken_back_as_a_whole_with_the_history(w):
    await noted(w, "Has a cat")
    await w.mira.slash(w.channel, "memory pin", number=1)
    memories = w.app.memories
    await memories.restore("pixel", w.mira.id, (await memories.history("pixel", w.mira.id))[0].id)
    [one] = await memories.of("pixel", w.mira.id)
    assert (one.kept, one.pinned) == (False, False)


async def test_what_is_given_other_words_is_kept_for_good(w):
    await noted(w, "Has a cat")
    await w.mira.slash(w.channel, "memory edit", number=1, text="I have two cats")
    [one] = await w.app.memories.core("pixel", w.mira.id)
    assert (one.text, one.origin) == ("I have two cats", "told")


async def test_what_was_noted_and_is_told_again_is_the_persons_own(w):
    await noted(w, "I like tea", sources=[5])
    await remember(w, "i like TEA")
    [one] = await w.app.memories.of("pixel", w.mira.id)
    assert (one.text, one.origin, one.kept) == ("i like TEA", "told", True)


async def test_what_is_noted_takes_no_room_of_what_is_told(w, monkeypatch):
    monkeypatch.setattr("memory.store.MOST", 2)
    for number in range(5):
        await noted(w, f"fact {number}")
    await remember(w, "one", "two")
    assert len(await w.app.memories.core("pixel", w.mira.id)) == 2
    assert "all I can keep" in told(await w.mira.slash(w.channel, "remember", memory="three"))
    assert "all I can keep" in told(await w.mira.slash(w.channel, "memory pin", number=1))


async def test_a_memory_is_let_to_every_character_and_taken_back_and_keeps_its_reach(w):
    await remember(w, "I like tea")
    said = told(await w.mira.slash(w.channel, "memory share", number=1, where="every character"))
    assert "every character of mine may know number **1**" in said
    [one] = await w.app.memories.of("pixel", w.mira.id)
    assert (one.for_all, one.scope) == (True, "channel")
    assert "and every character knows it" in words(await shown(w, "facts"))
    await w.mira.slash(w.channel, "memory share", number=1, where="one character")
    [one] = await w.app.memories.of("pixel", w.mira.id)
    assert (one.for_all, one.scope) == (False, "channel")


async def test_who_may_know_a_memory_and_what_holds_no_more_come_back_with_the_history(w):
    await remember(w, "I like tea")
    await w.mira.slash(w.channel, "memory share", number=1, where="every character")
    memories = w.app.memories
    panel = await shown(w, "history")
    await w.mira.select(panel, [menu_of(panel)["options"][0]["value"]])
    assert "known to this character alone" in panel.content
    await w.mira.click(panel, label="Bring it back")
    [tea] = await memories.of("pixel", w.mira.id)
    assert not tea.for_all
    await overtaken(w, tea, await noted(w, "Likes coffee"))
    panel = await shown(w, "history")
    await w.mira.select(panel, [menu_of(panel)["options"][0]["value"]])
    assert "holds again" in panel.content
    await w.mira.click(panel, label="Bring it back")
    [tea, _] = await memories.of("pixel", w.mira.id)
    assert (tea.ended_at, tea.superseded_by) == (None, None)


async def test_numbers_of_what_was_only_noted_are_offered_too(w):
    await noted(w, "Has a cat")
    offered = await w.mira.autocomplete(w.channel, "memory pin", "number", "cat")
    assert [one["value"] for one in offered] == [1]


# --- As it was -----------------------------------------------------------------------------------------


async def test_a_day_of_the_past_is_shown_as_it_was_known_then(w):
    now = w.app.clock.now()
    old = await noted(w, "Lives in Oslo", at=now - 9 * DAY)
    new = await noted(w, "Lives in Bergen", at=now - 2 * DAY)
    await overtaken(w, old, new)
    then = await shown(w, "at", day=(now - 5 * DAY).date().isoformat())
    assert "1 fact" in then.content
    assert "Lives in Oslo" in then.content
    assert "until" not in then.content
    today = await shown(w, "at", day=now.date().isoformat())
    assert "2 facts" in today.content
    assert "until" in today.content
    before = told(await w.mira.slash(w.channel, "memory at", day=(now - 99 * DAY).date().isoformat()))
    assert before.startswith("I knew nothing about you on ")
    offered = await w.mira.autocomplete(w.channel, "memory at", "day", "")
    assert [one["value"] for one in offered] == [str((now - days * DAY).date()) for days in (0, 2, 9)]


async def test_the_past_has_pages_too(w):
    for number in range(8):
        await noted(w, f"fact {number}")
    page = await shown(w, "at", day=w.app.clock.now().date().isoformat())
    await w.mira.click(page, label="Next")
    assert "page 2 of 2" in page.content
    assert "fact 7" in page.content


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "1", "2026-5", "٢٠٢٦-٠١-٠١ x", ""])
def test_what_is_no_day_is_none(day):
    assert day_in(day) is None


async def test_a_day_that_is_none_or_to_come_is_told_so(w):
    assert told(await w.mira.slash(w.channel, "memory at", day="soon")) == NO_DAY
    tomorrow = (w.app.clock.now() + DAY).date().isoformat()
    assert told(await w.mira.slash(w.channel, "memory at", day=tomorrow)) == NOT_YET


# --- The map (C66) -------------------------------------------------------------------------------------


def attached(message: Any) -> dict[str, Any]:
    return {one.filename: one for one in message.attachments}


async def test_the_map_is_a_png_with_its_svg_and_says_in_words_what_is_in_it(w):
    await noted(w, "Has a <cat>", tags=["pets"])
    await noted(w, "Has a dog", tags=["pets"])
    await noted(w, "canary of Tom", who=w.tom)
    old = await noted(w, "canary that holds no more")
    await overtaken(w, old, old)
    said = await shown(w, "map")
    assert said.ephemeral
    assert "2 memories" in said.content
    files = attached(said)
    assert set(files) == {"memory-map.png", "memory-map.svg"}
    assert {one.description for one in files.values()} == {"A map of 2 memories about you, by tag: pets (2)."}
    picture = await w.app.maps.of("pixel", w.mira.id)
    assert picture is not None
    svg = picture.svg.decode()
    ET.fromstring(svg)
    assert "Has a &lt;cat&gt;" in svg
    assert "canary" not in svg
    assert (picture.png or b"").startswith(b"\x89PNG")


async def test_without_the_pictures_the_svg_comes_alone_with_the_reason(w, monkeypatch):
    def missing(_svg: str) -> bytes:
        raise PictureMissing("resvg-py")

    monkeypatch.setattr(mapping, "as_png", missing)
    await noted(w, "Has a cat")
    said = await shown(w, "map")
    assert set(attached(said)) == {"memory-map.svg"}
    assert said.content.endswith("\n-# Pictures stay SVG: resvg-py not installed (extra `pictures`).")


async def test_of_nothing_there_is_no_picture(w):
    assert told(await w.mira.slash(w.channel, "memory map")) == NOTHING
    await w.mira.send_dm("!memsvg")
    assert w.said(w.mira.user.dm_channel) == [NOTHING]


async def test_a_map_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(mapping, "DEADLINE", 0.05)
    monkeypatch.setattr(mapping, "_drawn", lambda *_: release.wait(20))
    async with table(tmp_path) as at:
        await at.app.memories.remember("pixel", MIRA, "I like tea", CHANNEL)
        browsing = Browsing(at.database)
        maps = mapping.Maps(at.database, at.app.company, at.app.meaning, at.clock, browsing)
        try:
            with pytest.raises(MapRefused, match=re.escape(TOO_LATE)):
                await maps.of("pixel", MIRA)
        finally:
            release.set()


async def test_that_there_is_no_picture_now_is_told(w, monkeypatch):
    async def refuse(_self: Any, _character: str, _person_id: int) -> None:
        raise MapRefused(TOO_LATE)

    monkeypatch.setattr(mapping.Maps, "of", refuse)
    assert told(await w.mira.slash(w.channel, "memory map")) == TOO_LATE
    await w.mira.send_dm("!memsvg")
    assert w.said(w.mira.user.dm_channel) == [TOO_LATE]
    w.env._errors.clear()


async def test_vectors_place_the_dots_where_there_are_any(w, monkeypatch):
    seen: list[Any] = []

    def draw(dots: Any, **named: Any) -> str:
        seen.extend(dots)
        return memory_map(dots, **named)

    monkeypatch.setattr(mapping, "memory_map", draw)
    one, two = await noted(w, "Has a cat"), await noted(w, "Has a dog")
    monkeypatch.setattr(type(w.app.meaning), "model", "test-model")
    async with w.app.database.begin() as db:
        rows = packed(np.array([[1.0, 0.0, 0.0, 0.0]], dtype=np.float32))
        await db.embeddings.put("fact", w.mira.id, "test-model", {one.id: rows[0]}, character="pixel")
    await w.mira.slash(w.channel, "memory map")
    vectors = {dot.text: dot.vector for dot in seen}
    assert list(vectors["Has a cat"]) == [1.0, 0.0, 0.0, 0.0]
    assert vectors[two.text] is None


def test_of_several_tags_the_one_that_most_others_share_is_shown():
    tags = [["ada", "pets"], ["pets"], ["home", "pets"], []]
    entries = [FactEntry(row(number, "x", tags=one)) for number, one in enumerate(tags, 1)]
    assert chosen_tags(entries) == ["pets", "pets", "pets", ""]


async def test_in_a_server_the_text_command_shows_nothing_in_public(w):
    await noted(w, "Has a canary")
    await w.mira.send(w.channel, " !MemSVG ")
    assert w.said() == [IN_PRIVATE]
    assert not any(one.attachments for one in w.channel.history())
    [picture] = w.mira.user.dm_channel.history()
    assert set(attached(picture)) == {"memory-map.png", "memory-map.svg"}
    assert w.tom.user.dm_channel is None or not w.tom.user.dm_channel.history()


async def test_in_private_it_is_answered_there_and_the_character_says_nothing(w):
    await noted(w, "Has a canary")
    await w.mira.send_dm("!memsvg")
    [picture] = [one for one in w.mira.user.dm_channel.history() if one.author.id != w.mira.id]
    assert set(attached(picture)) == {"memory-map.png", "memory-map.svg"}
    assert w.claude.prompts == []


async def test_the_text_command_is_no_talk_and_not_in_the_log(w):
    await w.mira.send(w.channel, "!memsvg")
    await w.mira.send_dm("!memsvg")
    assert "memsvg" not in "".join(kept(w))
    await w.mira.send(w.channel, "Pixel, what does !memsvg do?")
    assert "!memsvg" in w.prompt.text


async def test_who_takes_no_private_messages_is_told_of_the_slash_command(w, monkeypatch):
    await noted(w, "Has a canary")

    async def closed(*_: Any) -> bool:
        return False

    monkeypatch.setattr(map_sending.MapSending, "_send_in_private", closed)
    await w.mira.send(w.channel, "!memsvg")
    assert w.said() == [NO_PRIVATE]


async def test_where_the_character_is_switched_off_it_says_nothing_and_sends_the_map(w):
    await noted(w, "Has a canary")
    await admin(w).slash(w.channel, "settings deactivate")
    await w.mira.send(w.channel, "!memsvg")
    assert w.said() == []
    assert len(w.mira.user.dm_channel.history()) == 1


async def test_a_bot_gets_no_map(w):
    other = w.guild.add_member(w.env.create_user("other", bot=True))
    await other.send(w.channel, "!memsvg")
    assert w.said() == []


async def test_who_asks_again_meanwhile_gets_one_picture(w, monkeypatch):
    await noted(w, "Has a canary")
    sending: Any = w.client.get_cog("MemoryCog")
    sending._maps._drawing.add(w.mira.id)
    await w.mira.send_dm("!memsvg")
    assert w.said(w.mira.user.dm_channel) == []
    sending._maps._drawing.clear()
    await w.mira.send_dm("!memsvg")
    assert len(w.said(w.mira.user.dm_channel)) == 1
    assert sending._maps._drawing == set()


# --- Whose it is ---------------------------------------------------------------------------------------


async def test_everything_here_is_for_the_eyes_of_who_asks(w):
    await noted(w, "canary", tags=["canarytag"])
    today = w.app.clock.now().date().isoformat()
    for name, options in (("facts", {}), ("map", {}), ("at", {"day": today})):
        assert "canary" not in told(await w.tom.slash(w.channel, f"memory {name}", **options))


async def test_the_pages_of_somebody_else_are_not_turned(w):
    for number in range(9):
        await noted(w, f"canary {number}")
    today = w.app.clock.now().date().isoformat()
    for page in (await shown(w, "facts"), await shown(w, "at", day=today)):
        before = page.content
        for button in components(page):
            data = {"custom_id": button["custom_id"], "component_type": button["type"], "values": []}
            result = await actors._component_interaction(w.tom, stored(w, page), data)
            assert told(result) == interactions.NOT_YOURS
        assert page.content == before
