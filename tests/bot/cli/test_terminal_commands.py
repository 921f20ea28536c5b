"""What one can do with a conversation in the terminal: the same services as on Discord."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.cli.terminal.session import PERSON
from database.models import Fact
from tests.terminals import opened, talked
from tests.world.claude_server import ScriptedClaude


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


async def test_a_reroll_is_said_and_the_next_prompt_holds_it_and_no_other_take(tmp_path, claude):
    claude.will_say("Soup again.", "Noodles, tonight.", "Yes.")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "what do we eat?\n/reroll be kinder\nreally?\n")
    assert result.out == (
        "Pixel: Soup again.\nPixel: Noodles, tonight.\n(take 2 of 2; /swipe goes to another)\nPixel: Yes.\n"
    )
    assert "be kinder" in claude.requests[1].text
    assert "Noodles, tonight." in claude.requests[2].text
    assert "Soup again." not in claude.requests[2].text
    assert "be kinder" not in claude.requests[2].text


async def test_a_swipe_goes_back_to_the_first_take(tmp_path, claude):
    claude.will_say("Soup again.", "Noodles, tonight.", "Yes.")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "what do we eat?\n/reroll\n/swipe\n/swipe 7\nreally?\n")
    assert "(take 1 of 2; /swipe goes to another)\nThere are takes 1 to 2.\n" in result.out
    assert "Soup again." in claude.requests[2].text
    assert "Noodles" not in claude.requests[2].text


async def test_a_reroll_that_finds_the_same_words_says_so(tmp_path, claude):
    claude.will_say("Soup again.", "Soup again.")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "what do we eat?\n/reroll\n")
    assert result.out == (
        "Pixel: Soup again.\nI came up with the same words again. Say what to change: /reroll WORDS\n"
    )


async def test_without_a_reply_there_is_nothing_to_reroll(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "/reroll\n/swipe\n/continue\n/edit no\n/forget\n")
    assert result.out.count("There is no reply of mine to you here that I still know word for word") == 4
    assert result.out.endswith("There is no exchange to forget.\n")
    assert claude.requests == []


async def test_continue_makes_the_reply_longer_and_edit_rewrites_all_of_it(tmp_path, claude):
    claude.will_say("Once upon a time", "there was a cat.", "The end.")
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "a story!\n/continue\n/edit Twice upon a time.\nand then?\n")
    assert result.out.startswith("Pixel: Once upon a time\nthere was a cat.\nPixel: Twice upon a time.\n")
    assert "Twice upon a time." in claude.requests[2].text
    assert "there was a cat" not in claude.requests[2].text


async def test_the_last_exchange_is_forgotten_and_the_one_before_is_not(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "my cat is Ada\nmy dog is Bo\n/forget\n/forget 11\nwho is who?\n")
    assert "Pixel has forgotten 2 lines.\nWrite a number from 1 to 10 behind it" in result.out
    assert "Ada" in claude.requests[2].text
    assert "Bo" not in claude.requests[2].text


@pytest.mark.slow
async def test_what_is_remembered_stays_after_a_reset_and_can_be_listed_edited_pinned_and_forgotten(
    tmp_path, claude
):
    script = (
        "/remember my cat is Ada\nhello\n/reset\n/memory\n/memory edit 1 my cat is Eda\n/memory pin 1\n"
        "/memory list\nwho am I?\n/memory delete 1\n/memory\nwho am I now?\n/memory delete 9\n/memory frob\n"
    )
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, script)
    assert "1. my cat is Ada\nNumber 1 is changed.\nNumber 1 is pinned: it stays as it is.\n" in result.out
    assert "1. my cat is Eda (pinned)\n" in result.out
    assert "Nothing is remembered for good. /remember words changes that.\n" in result.out
    assert result.out.endswith(
        "There is no memory number 9. /memory list shows them all.\n"
        "Write /memory alone, or behind it: list, edit N words, pin N, delete N, learning on, learning off.\n"
    )
    hello, before, after = claude.requests
    assert "my cat is Ada" in hello.text
    assert "my cat is Eda" in before.text
    assert "Ada" not in before.text
    assert "cat is" not in after.text


async def test_learning_is_off_until_the_person_says_on(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "/status\n/memory learning on\n/status\n/memory learning off\n")
    assert "learning by itself is off (turn it on with /memory learning on)" in result.out
    assert "Learning by itself is on now.\n" in result.out
    assert "learning by itself is on\n" in result.out
    assert result.out.endswith("Learning by itself is off now.\n")


async def test_status_tells_what_is_on_the_characters_mind_if_anything(tmp_path, claude):
    """F114: thought of while the bot ran; nobody thinks for a talk in the terminal."""
    async with opened(tmp_path, claude) as (session, _):
        assert "mind" not in (await talked(session, "/status\n")).out
        async with session.app.database.begin() as db:
            await db.states.set("status pixel", "Pondering the existence of sharks.")
        told = (await talked(session, "/status\n")).out
    assert told.endswith("\nOn Pixel's mind: Pondering the existence of sharks.\n")
    assert claude.requests == []


async def test_a_reply_that_was_being_replaced_when_the_terminal_closed_can_be_rerolled_again(
    tmp_path, claude
):
    claude.will_say("one", "two", "three")
    async with opened(tmp_path, claude) as (session, _):
        await talked(session, "count!\n/reroll\n")
        takes = await session.takes()
        async with session.app.database.begin() as db:
            await db.turns.revise(takes.turn_id, ["one"], variant=1, at=session.app.clock.now())
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, "/reroll\n")
    assert result.out.startswith("Pixel: three\n")


async def test_memory_shows_what_was_noted_besides_what_is_kept_for_good(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        async with session.app.database.begin() as db:
            noted: list[tuple[str, dict[str, Any]]] = [
                ("has a cat", {"mentions": 3}),
                ("likes nuts", {"subject": "Bob"}),
            ]
            for text, more in noted:
                at = session.app.clock.now()
                values: dict[str, Any] = {
                    "scope": "dm",
                    "channel_id": 1,
                    "guild_id": None,
                    "origin": "learnt",
                }
                row = Fact(PERSON, "pixel", 0, text, made_at=at, changed_at=at, kept=False, **values, **more)
                await db.memories.add(row, batch=await db.memories.new_batch(), cause="learnt")
        result = await talked(session, "/remember my cat is Ada\n/memory\n/memory pin 2\n/memory\n")
    assert result.out.endswith(
        "3. my cat is Ada\n"
        "Noted besides, for as long as you are around (/memory pin N keeps it):\n"
        "1. has a cat (3 times)\n2. likes nuts (you said of Bob)\n"
        "Number 2 is pinned: it stays as it is.\n"
        "2. likes nuts (pinned, you said of Bob)\n3. my cat is Ada\n"
        "Noted besides, for as long as you are around (/memory pin N keeps it):\n"
        "1. has a cat (3 times)\n"
    )
