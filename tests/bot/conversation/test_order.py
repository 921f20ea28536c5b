"""Messages, edits and deletions of a channel, in whatever order they come: what is kept is what is there."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations, product

import pytest

from bot.conversation.context.reader import ContextReader
from bot.conversation.types import Arrival, Backlog, Utterance, arrived
from bot.llm.types import Prompt
from tests.builders import CHANNEL, Table, table, utterance

HEAR, EDIT, DELETE = "hear", "edit", "delete"
LIVES = ((HEAR,), (HEAR, EDIT), (HEAR, DELETE), (HEAR, EDIT, DELETE))
Event = tuple[int, str]


def interleavings(most: int) -> Iterator[tuple[Event, ...]]:
    """Yield every order of what may happen to two messages, with so many events at most."""
    for first, second in product(LIVES, LIVES):
        events = [(0, one) for one in first] + [(1, one) for one in second]
        if len(events) <= most:
            yield from permutations(events)


async def happen(at: Table, events: tuple[Event, ...], messages: list[Utterance]) -> None:
    """Let everything happen at once, in this order."""
    tasks = []
    for number, event in events:
        message = messages[number]
        where = message.where.channel_id
        if event == HEAR:
            tasks.append(asyncio.create_task(at.app.conversation.take_turn(message, at.mouth)))
        elif event == EDIT:
            tasks.append(
                asyncio.create_task(
                    at.app.message_log.edited(where, message.message_id, f"edited {message.message_id}")
                )
            )
        else:
            tasks.append(asyncio.create_task(at.app.message_log.deleted(where, {message.message_id})))
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("authors", [(1, 1), (1, 2)], ids=["one person", "two people"])
@pytest.mark.parametrize("most", [4, pytest.param(6, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
async def test_whatever_the_order_what_is_kept_is_what_is_there_in_its_newest_form(tmp_path, authors, most):
    async with table(tmp_path) as at:
        for number, events in enumerate(interleavings(most)):
            where = replace(CHANNEL, channel_id=50_000 + number)
            messages = [
                utterance(f"said {author}", where=where, author_id=author, sent_at=at.clock.now())
                for author in authors
            ]
            await happen(at, events, messages)
            async with at.database.read() as db:
                rows = await db.messages.transcript(
                    where.channel_id, "pixel", since=at.clock.now() - timedelta(days=1)
                )
                claims = [await db.turns.decided(message.message_id) for message in messages]
            expected = []
            for index, message in enumerate(messages):
                if (index, DELETE) not in events:
                    edited = (index, EDIT) in events
                    expected.append(f"edited {message.message_id}" if edited else message.text)
            assert sorted(row.text for row in rows) == sorted(expected), events
            assert not any(found[0].open for found in claims if found), events
            assert at.app.rooms.busy(where.channel_id) is None, events


async def test_what_takes_long_to_be_looked_at_is_noted_before_what_came_in_behind_it(at_table):
    first, second = (utterance(text, where=CHANNEL, sent_at=at_table.clock.now()) for text in ("one", "two"))
    asked, told = asyncio.Event(), asyncio.Event()

    async def look() -> Utterance:
        asked.set()
        await told.wait()  # as when Discord is asked for the roles of who wrote it
        return first

    async def hear_second() -> None:
        await asked.wait()
        asyncio.get_running_loop().call_later(0.2, told.set)
        await at_table.app.conversation.take_turn(second, at_table.mouth)

    arrival = replace(arrived(first, at_table.mouth), look=look)
    await asyncio.gather(at_table.app.conversation.hear(arrival), hear_second())
    since = at_table.clock.now() - timedelta(days=1)
    async with at_table.database.read() as db:
        lines = await db.messages.transcript(CHANNEL.channel_id, "pixel", since=since)
    assert [line.text for line in lines] == ["one", "two"]


async def is_noted(at: Table, heard: Utterance) -> bool:
    async with at.database.read() as db:
        return await db.turns.decided(heard.message_id) is not None


def texts_of(prompt: Prompt) -> str:
    return "\n".join(block.text for message in prompt.messages for block in message.blocks)


async def test_an_older_message_that_comes_in_while_a_reply_is_thought_of_is_answered_by_the_next(at_table):
    """Discord sends events in any order: a reply has read what was there when it was begun, and no more."""
    older, newer = (utterance(text, sent_at=at_table.clock.now()) for text in ("older words", "newer words"))
    late: list[asyncio.Task[None]] = []

    async def comes_in() -> None:
        at_table.claude.while_thinking = None
        late.append(asyncio.create_task(at_table.app.conversation.take_turn(older, at_table.mouth)))
        while not await is_noted(at_table, older):
            await asyncio.sleep(0.001)

    at_table.claude.while_thinking = comes_in
    await at_table.app.conversation.take_turn(newer, at_table.mouth)
    await late[0]
    first, second = (texts_of(prompt) for prompt in at_table.claude.prompts)
    assert "older words" not in first
    assert "older words" in second
    assert len(at_table.mouth.said) == 2


async def test_what_is_noted_while_a_reply_begins_is_left_to_the_next_which_is_asked_once(
    at_table, monkeypatch
):
    """A prompt that shows what another answer is still to come for would be answered twice."""
    one, other = (
        utterance(text, where=CHANNEL, author_id=author, mentions_me=True, sent_at=at_table.clock.now())
        for author, text in ((1, "first words"), (2, "second words"))
    )
    reading = ContextReader.read
    read: list[bool] = []
    late: list[asyncio.Task[None]] = []

    async def read_when_another_came_in(reader, role, heard, **how):
        if not read:
            read.append(True)
            late.append(asyncio.create_task(at_table.app.conversation.take_turn(other, at_table.mouth)))
            while not await is_noted(at_table, other):
                await asyncio.sleep(0.001)
        return await reading(reader, role, heard, **how)

    monkeypatch.setattr(ContextReader, "read", read_when_another_came_in)
    await at_table.app.conversation.take_turn(one, at_table.mouth)
    await late[0]
    first, second = (texts_of(prompt) for prompt in at_table.claude.prompts)
    assert "second words" not in first
    assert second.index("first words") < second.index("Hm.") < second.index("second words")


async def test_what_was_left_behind_is_answered_with_what_was_missed_in_one_reply(at_table):
    """Killed when the first was noted, and away when the second was said (faults A8)."""
    left, missed = (
        utterance(text, where=CHANNEL, author_id=author, mentions_me=True, sent_at=at_table.clock.now())
        for author, text in ((1, "left behind"), (2, "said meanwhile"))
    )
    await at_table.app.intake.note(left)

    async def left_ones() -> list[Utterance]:
        return [left]

    async def missed_ones() -> list[Arrival]:
        return [arrived(missed, at_table.mouth)]

    backlog = Backlog(left_ones, missed_ones, caught_up=bool)
    await at_table.app.conversation.catch_up(CHANNEL.channel_id, backlog, at_table.mouth)
    [prompt] = at_table.claude.prompts
    assert texts_of(prompt).index("left behind") < texts_of(prompt).index("said meanwhile")
    assert len(at_table.mouth.said) == 1
