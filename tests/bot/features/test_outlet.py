"""The log channel's outlet: few messages, none lost without a word, and no trouble for who tells (C84)."""

import asyncio
import logging
from collections import deque
from itertools import pairwise

import pytest

from bot.core.errors import Unpostable, Unsaid
from bot.features.operations.log_channel import (
    AGAIN_AFTER,
    AGAIN_LONGEST,
    LONGEST,
    MOST_LINES,
    PAUSE,
    LogChannelQueue,
)
from tests.fakes import TURNS, FakeClock, HeldClock


class Channel:
    """Keeps what is posted; may be told to fail, for ever or for a while."""

    def __init__(self) -> None:
        self.posted: list[str] = []
        self.tried = 0
        self.failures: deque[Exception] = deque()
        self.hangs = False

    async def post(self, text: str) -> None:
        self.tried += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.failures:
            raise self.failures.popleft()
        self.posted.append(text)

    @property
    def lines(self) -> list[str]:
        return [line for text in self.posted for line in text.split("\n")]


async def rest() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)


@pytest.fixture
def clock():
    return HeldClock()


@pytest.fixture
def channel():
    return Channel()


@pytest.fixture
async def outlet(channel, clock):
    outlet = LogChannelQueue(channel.post, clock)
    outlet.open()
    yield outlet
    await outlet.close(within=0.01)


async def empty(channel: Channel, clock: HeldClock) -> None:
    """Let time pass until nothing more is posted."""
    before = -1
    while before != channel.tried:
        before = channel.tried
        await clock.let_pass(PAUSE)


async def test_what_is_told_at_once_is_one_message(outlet, channel):
    for number in range(5):
        outlet.say(f"line {number}")
    await rest()
    assert channel.posted == ["line 0\nline 1\nline 2\nline 3\nline 4"]


async def test_the_first_line_waits_for_nothing_and_the_next_message_for_the_pause(outlet, channel, clock):
    outlet.say("first")
    await rest()
    outlet.say("second")
    await clock.let_pass(PAUSE - 0.1)
    outlet.say("third")
    await rest()
    assert channel.posted == ["first"]
    await clock.let_pass(0.2)
    assert channel.posted == ["first", "second\nthird"]


async def test_nothing_is_posted_before_it_is_opened(channel, clock):
    outlet = LogChannelQueue(channel.post, clock)
    outlet.say("early", notice=True)
    await rest()
    assert channel.tried == 0
    outlet.open()
    await rest()
    assert channel.posted == ["early"]


async def test_a_burst_becomes_few_messages_and_what_is_left_out_is_counted(outlet, channel, clock):
    for number in range(500):
        outlet.say(f"<#123456789012345678> <@123456789012345678> {'x' * 150} {number}")
    await empty(channel, clock)
    assert len(channel.posted) <= 10
    assert max(map(len, channel.posted)) <= LONGEST
    head, *rest_of_it = channel.lines
    assert head == f"({500 - MOST_LINES} older lines were left out: it was too much at once)"
    assert [int(line.split()[-1]) for line in rest_of_it] == list(range(500 - MOST_LINES, 500))


async def test_messages_are_never_closer_than_the_pause(outlet, channel, clock):
    times: list[float] = []
    post = channel.post

    async def noted(text: str) -> None:
        times.append(clock.monotonic())
        await post(text)

    outlet._post = noted
    for number in range(40):
        outlet.say(f"{'x' * 400} {number}")
        await clock.let_pass(0.4)
    await empty(channel, clock)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) > 3
    assert min(gaps) >= PAUSE


async def test_a_notice_goes_first_and_is_not_pushed_out_by_lines(outlet, channel, clock):
    outlet.say("the key is refused", notice=True)
    for number in range(300):
        outlet.say(f"line {number}")
    await empty(channel, clock)
    assert channel.lines[1] == "the key is refused"
    assert channel.lines[-1] == "line 299"


async def test_a_line_that_is_too_long_is_cut(outlet, channel, clock):
    for _ in range(MOST_LINES + 1):
        outlet.say("x" * 5_000)
    await empty(channel, clock)
    assert len(channel.posted) == MOST_LINES
    assert all(len(text) <= LONGEST and text.endswith("…") for text in channel.posted)


async def test_a_channel_that_refuses_is_logged_once_and_tried_again_ever_more_rarely(
    outlet, channel, clock, caplog
):
    channel.failures.extend(Unsaid("Discord answered 403 (code 50013)") for _ in range(1_000))
    outlet.say("first")
    tried_at: list[int] = []
    for second in range(0, 4 * 3_600, 10):
        before = channel.tried
        outlet.say(f"line {second}")
        await clock.let_pass(10)
        tried_at += [second] * (channel.tried - before)
    gaps = [later - earlier for earlier, later in pairwise(tried_at)]
    assert gaps[0] == AGAIN_AFTER
    assert gaps == sorted(gaps)
    assert max(gaps) == AGAIN_LONGEST
    assert len(tried_at) < 30
    warned = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert [one.getMessage() for one in warned] == [
        "Can't write to the log channel: Discord answered 403 (code 50013)"
    ]


async def test_what_waited_while_the_channel_refused_is_told_when_it_takes_again(outlet, channel, clock):
    channel.failures.append(Unsaid("away"))
    outlet.say("first")
    await rest()
    outlet.say("second")
    assert channel.posted == []
    await clock.let_pass(AGAIN_AFTER)
    await empty(channel, clock)
    assert channel.lines == ["first", "second"]


async def test_opened_again_it_tries_at_once(outlet, channel, clock):
    channel.failures.append(Unsaid("away"))
    outlet.say("first")
    await rest()
    outlet.open()
    await rest()
    assert channel.posted == ["first"]
    assert clock.monotonic() == FakeClock().monotonic()


async def test_a_message_that_is_not_taken_as_it_is_is_not_sent_again(outlet, channel, clock):
    channel.failures.append(Unpostable("Discord answered 400"))
    outlet.say("odd")
    await rest()
    outlet.say("usual")
    await empty(channel, clock)
    assert channel.posted == ["usual"]
    assert channel.tried == 2


async def test_an_unforeseen_error_is_logged_and_ends_nothing(outlet, channel, clock, caplog):
    channel.failures.append(RuntimeError("Session is closed"))
    outlet.say("first")
    await rest()
    assert channel.tried == 1
    assert "Posting in the log channel failed: RuntimeError" in caplog.text
    await clock.let_pass(AGAIN_AFTER)
    assert channel.posted == ["first"]


async def test_what_waits_is_posted_when_it_closes_without_any_pause(channel, clock):
    outlet = LogChannelQueue(channel.post, clock)
    outlet.open()
    for number in range(30):
        outlet.say(f"{'x' * 400} {number}")
    await rest()
    assert len(channel.posted) == 1
    await outlet.close()
    assert [int(line.split()[-1]) for line in channel.lines] == list(range(30))
    assert clock.monotonic() == FakeClock().monotonic()


async def test_nothing_is_posted_after_it_closed(channel, clock):
    outlet = LogChannelQueue(channel.post, clock)
    outlet.open()
    await outlet.close()
    outlet.say("late", notice=True)
    outlet.open()
    await rest()
    assert channel.tried == 0


async def test_a_channel_that_hangs_holds_up_no_shutdown(channel, clock):
    outlet = LogChannelQueue(channel.post, clock)
    outlet.open()
    channel.hangs = True
    outlet.say("first")
    await rest()
    await asyncio.wait_for(outlet.close(within=0.05), timeout=5)
    await rest()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_what_was_being_posted_when_it_closed_is_posted_once(channel, clock):
    outlet = LogChannelQueue(channel.post, clock)
    gate, post = asyncio.Event(), channel.post

    async def slow(text: str) -> None:
        await gate.wait()
        await post(text)

    outlet._post = slow
    outlet.open()
    outlet.say("first")
    await rest()
    outlet.say("second")
    closing = asyncio.create_task(outlet.close())
    await rest()
    gate.set()
    await closing
    assert channel.posted == ["first", "second"]


async def test_an_outlet_with_nothing_to_tell_has_no_task(outlet, channel, clock):
    outlet.say("first")
    await rest()
    assert channel.posted == ["first"]
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_cancelled_from_outside_it_does_not_begin_again(outlet, channel, clock):
    outlet.say("first")
    await rest()
    outlet.say("second")
    await rest()
    [task] = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    task.cancel()
    await rest()
    assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []
