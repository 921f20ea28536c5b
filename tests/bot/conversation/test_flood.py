"""One person who floods: how long others wait, what memory it takes, what the model is asked (D19)."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from time import monotonic

import pytest

from bot.conversation.queue import Rooms
from memory.places import Place, Where
from tests.builders import Table, table, utterance
from tests.fakes import FakeClock

THINKING = 2.5
"""Real seconds that the model takes for a reply: about as long as one takes."""
FLOODER, RATE = 666, 100
_ids = count(10_000_000)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path) as set_table:
        set_table.claude.while_thinking = lambda: asyncio.sleep(THINKING)
        yield set_table


async def say(at: Table, person: int, text: str) -> float:
    """Say something in private; return how many seconds that took until it was answered."""
    begun = monotonic()
    heard = utterance(
        text,
        where=Where(9_000 + person, Place.DM),
        author_id=person,
        author_name=f"User{person}",
        message_id=next(_ids),
        sent_at=at.clock.now(),
    )
    await at.app.conversation.take_turn(heard, at.mouth)
    return monotonic() - begun


async def flood(at: Table, stop: asyncio.Event) -> int:
    """Send a hundred messages a second until told to stop; return how many that were."""
    sent: list[asyncio.Task[float]] = []
    begun = monotonic()
    while not stop.is_set():
        sent.append(asyncio.create_task(say(at, FLOODER, f"spam {len(sent)}")))
        await asyncio.sleep(max(begun + len(sent) / RATE - monotonic(), 0))
    await asyncio.gather(*sent)
    return len(sent)


async def others(at: Table, rounds: int) -> list[float]:
    """Let four people talk; return what each of them waited, each time."""
    waited: list[float] = []
    for number in range(rounds):
        waited += await asyncio.gather(*(say(at, person, f"hello {number}") for person in range(1, 5)))
    return waited


async def test_somebody_else_is_heard_before_what_a_flooder_said_long_before_them(at):
    """Counted, not timed: this holds on any machine."""
    at.claude.while_thinking = None
    spam = [asyncio.create_task(say(at, FLOODER, f"spam {number}")) for number in range(100)]
    await asyncio.sleep(0)
    mine = asyncio.create_task(say(at, 1, "hello"))
    await asyncio.gather(mine, *spam)
    async with at.database.read() as db:
        lines = await db.messages.transcript(9_001, "pixel", since=at.clock.now() - timedelta(days=1))
    assert lines[0].position <= 5


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_others_wait_as_long_as_they_did_before_and_spend_does_not_grow_with_the_flood(at):
    await others(at, 1)
    calm = await others(at, 4)
    asked, stop = len(at.claude.prompts), asyncio.Event()
    flooding = asyncio.create_task(flood(at, stop))
    await asyncio.sleep(THINKING)
    begun = monotonic()
    pressed = await others(at, 4)
    lasted = monotonic() - begun + THINKING
    stop.set()
    sent = await flooding
    replies = len(at.claude.prompts) - asked - len(pressed)
    assert sent >= 3 * RATE
    # The median, for a machine that stands still for two seconds says nothing about the flood.
    assert median(pressed) <= 1.2 * median(calm), (pressed, calm)
    assert replies <= lasted / THINKING + 3, "what comes while it thinks is answered together"


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_memory_is_flat_however_long_it_goes_on(at):
    at.claude.while_thinking = None

    async def wave() -> None:
        await asyncio.gather(*(say(at, FLOODER, f"spam {number}") for number in range(40)))
        at.claude.prompts.clear()  # the test's own memory of what was asked
        at.claude.questions.clear()
        at.clock.slept.clear()
        at.stages.clear()

    for _ in range(2):  # caches fill, the transcript grows until it is cut
        await wave()
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(3):
            await wave()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[-1] - sizes[0] < 1_000_000, sizes
    assert at.app.rooms.busy(9_000 + FLOODER) is None


async def test_of_more_than_can_be_heard_the_oldest_goes_and_its_author_is_shown_that_once(at):
    at.claude.while_thinking = None
    at.app.rooms._most = 5
    await asyncio.gather(*(say(at, FLOODER, f"spam {number}") for number in range(20)), say(at, 1, "hello"))
    async with at.database.read() as db:
        rows = await db.messages.transcript(
            9_000 + FLOODER, "pixel", since=at.clock.now() - timedelta(days=1)
        )
        beside = await db.messages.transcript(9_001, "pixel", since=at.clock.now() - timedelta(days=1))
    kept = [row.text for row in rows if row.heard_through is None]
    assert kept == ["spam 0", *(f"spam {number}" for number in range(15, 20))]
    assert len(at.mouth.reactions) == 1
    assert len(beside) == 2
    assert at.app.rooms._rooms == {}


async def test_what_is_cancelled_while_it_waits_to_be_noted_keeps_nothing_out():
    rooms, order = Rooms(FakeClock()), list[int]()
    inside, leave = asyncio.Event(), asyncio.Event()

    async def enter(number: int) -> None:
        async with rooms.arriving(1, 1) as admitted:
            assert admitted
            order.append(number)
            inside.set()
            await leave.wait()

    tasks = [asyncio.create_task(enter(number)) for number in range(4)]
    await inside.wait()
    tasks[1].cancel()
    leave.set()
    await asyncio.wait(tasks, timeout=5)
    assert order == [0, 2, 3]
    assert rooms._rooms == {}


async def test_what_is_cancelled_when_it_is_its_turn_keeps_nothing_out():
    rooms, inside, leave = Rooms(FakeClock()), asyncio.Event(), asyncio.Event()

    async def enter() -> None:
        async with rooms.arriving(1, 1) as admitted:
            assert admitted
            inside.set()
            await leave.wait()

    async def enter_first() -> None:
        await enter()
        second.cancel()  # it has its turn, and does not know it yet

    first = asyncio.create_task(enter_first())
    await inside.wait()
    second = asyncio.create_task(enter())
    await asyncio.sleep(0)
    leave.set()
    await asyncio.wait([first, second], timeout=5)
    assert second.cancelled()
    assert rooms._rooms == {}
    await asyncio.wait_for(enter(), timeout=5)
