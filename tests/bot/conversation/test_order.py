"""Messages, edits and deletions of a channel, in whatever order they come: what is kept is what is there."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations, product

import pytest

from bot.conversation.types import Utterance, arrived
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
