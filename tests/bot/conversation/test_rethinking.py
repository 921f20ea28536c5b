"""Thinking of a reply once more: nothing that was taken back meanwhile, and not without end."""

import pytest

from bot.conversation import rethinking
from bot.conversation.rethinking import CHANGED, ENOUGH, NO_THOUGHT, THINKING, CannotRemake, Requester
from bot.llm.errors import ClaudeTimeout
from tests.builders import CHANNEL, DM, table

MIRA = Requester(42, "Mira")


@pytest.fixture
async def at(tmp_path):
    async with table(tmp_path) as at:
        yield at


async def spending(at):
    async with at.database.read() as db:
        return (await db.calls.spending(since=at.clock.now().replace(year=2000))).calls


@pytest.mark.parametrize("wanted", ["another", "go_on"])
async def test_what_is_deleted_while_it_thinks_again_is_in_nothing_that_it_says(at, wanted):
    secret = await at.hear("my secret is XYZZY")
    await at.hear("do you remember it?")

    async def delete() -> None:
        at.claude.while_thinking = None
        await at.app.message_log.deleted(DM.channel_id, {secret.message_id})

    at.claude.while_thinking = delete
    at.claude.will_say("it is XYZZY")
    before = len(at.mouth.said)
    with pytest.raises(CannotRemake, match="has changed") as refused:
        if wanted == "another":
            await at.app.revisions.another("pixel", MIRA, DM)
        else:
            await at.app.revisions.go_on("pixel", MIRA, DM, mouth=at.mouth)
    assert str(refused.value) == CHANGED
    assert len(at.mouth.said) == before
    assert (await at.app.revisions.takes("pixel", MIRA, DM)).newest == 1
    assert await spending(at) == 3  # it was thought, so it is on the books


async def test_what_is_edited_while_it_thinks_again_is_not_answered_in_its_old_form(at):
    heard = await at.hear("I like tea")

    async def edit() -> None:
        at.claude.while_thinking = None
        await at.app.message_log.edited(DM.channel_id, heard.message_id, "I like coffee")

    at.claude.while_thinking = edit
    with pytest.raises(CannotRemake, match="has changed"):
        await at.app.revisions.another("pixel", MIRA, DM)
    takes = await at.app.revisions.another("pixel", MIRA, DM)
    assert takes.newest == 2 or "coffee" in at.claude.prompts[-1].text


async def test_what_is_said_by_others_meanwhile_is_no_reason_to_let_it_be(at):
    await at.hear("Pixel, tea or coffee?", where=CHANNEL)

    async def talk() -> None:
        at.claude.while_thinking = None
        await at.hear("I don't know", where=CHANNEL, author_id=7, author_name="Tom")

    at.claude.while_thinking = talk
    at.claude.will_say("coffee, then")
    assert (await at.app.revisions.another("pixel", MIRA, CHANNEL)).texts[-1] == "coffee, then"


async def test_a_memory_that_is_forgotten_meanwhile_is_in_no_take(at):
    await at.app.memories.remember("pixel", 42, "my cat is XYZZY", DM)
    await at.hear("who is my cat?")

    async def forget() -> None:
        at.claude.while_thinking = None
        await at.app.memories.forget("pixel", 42, 1)

    at.claude.while_thinking = forget
    at.claude.will_say("it is XYZZY")
    with pytest.raises(CannotRemake, match="has changed"):
        await at.app.revisions.another("pixel", MIRA, DM)


async def test_somebody_has_one_thing_thought_about_at_a_time(at):
    await at.hear("hello")
    refused = []

    async def again() -> None:
        at.claude.while_thinking = None
        with pytest.raises(CannotRemake) as one:
            await at.app.revisions.another("pixel", MIRA, DM)
        refused.append(str(one.value))

    at.claude.while_thinking = again
    at.claude.will_say("hi!")
    await at.app.revisions.another("pixel", MIRA, DM)
    assert refused == [THINKING]


async def test_thinking_again_and_again_has_an_end_until_some_minutes_later(at, monkeypatch):
    monkeypatch.setattr(rethinking, "MOST_THOUGHTS", 3)
    await at.hear("hello")
    for _ in range(3):
        await at.app.revisions.another("pixel", MIRA, DM)  # the same words each time: no new take
    with pytest.raises(CannotRemake) as refused:
        await at.app.revisions.another("pixel", MIRA, DM)
    assert str(refused.value) == ENOUGH.format(count=10)
    asked = len(at.claude.prompts)
    at.clock.pass_time(600)
    await at.app.revisions.another("pixel", MIRA, DM)
    assert len(at.claude.prompts) == asked + 1


async def test_a_thought_that_failed_leaves_the_reply_as_it_is_and_is_on_the_books(at):
    await at.hear("hello")
    at.claude.will_say(ClaudeTimeout("no answer"))
    with pytest.raises(CannotRemake) as refused:
        await at.app.revisions.another("pixel", MIRA, DM)
    assert str(refused.value) == NO_THOUGHT
    assert (await at.app.revisions.takes("pixel", MIRA, DM)).newest == 1
    assert await spending(at) == 2
