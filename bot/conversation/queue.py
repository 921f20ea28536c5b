"""Each channel's queue: messages are logged one by one, and answered one turn at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from bot.conversation.decision import Considered
from bot.conversation.types import Mouth, Utterance
from bot.core.clock import Clock, sleep_until

CONSIDERED_WITHIN = 1.0
"""Seconds for which an answer waits until every message logged before it has a decision."""
MOST_ARRIVING = 50
"""The maximum number of waiting messages of a person in a channel: the oldest beyond that are dropped."""


@dataclass(eq=False, slots=True)
class _Arrival:
    """An arrival that waits to be logged, and its author; `admitted` is False if a flood pushed it out."""

    person_id: int | None
    admitted: asyncio.Future[bool]


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """An utterance that may be answered, and its outlet.

    It is `called` if it is answered without a vote. In monotonic seconds: `received` is its arrival, `at` the
    start of its turn.
    """

    utterance: Utterance
    considered: Considered
    mouth: Mouth
    received: float
    at: float
    called: bool


class ChannelQueue:
    """One channel's arrivals, messages waiting for an answer, and messages being answered."""

    def __init__(
        self, clock: Clock, *, shortest: float, longest: float, most: int = MOST_ARRIVING, held: bool = False
    ) -> None:
        self._shortest, self._longest = shortest, longest
        self._most = most
        self._held = held
        self._arrivals: deque[_Arrival] = deque()
        self._noting = False
        self.lock = asyncio.Lock()
        self.waiting: list[QueuedMessage] = []
        self.called = asyncio.Event()  # set while a message waits that is answered without a vote
        self._unconsidered: set[int] = set()
        self._considered = asyncio.Event()
        self._considered.set()
        self._noted_last: int | None = None
        self._answering: set[int] = set()
        self._gone: set[int] = set()
        self._changed = asyncio.Event()
        self._writing = 0
        self._written = asyncio.Event()
        self._written.set()
        self._clock = clock
        self._last = clock.monotonic()

    @asynccontextmanager
    async def arriving(self, person_id: int | None = None, *, missed: bool = False) -> AsyncIterator[bool]:
        """Wait until earlier arrivals are logged; yield False if a flood of the same person pushed this one
        out.

        The position is taken at once, before the first await. Messages `missed` during a stop go before all
        later arrivals.
        """
        if not (self._noting or self._held):
            self._noting = True
        elif not await self._admitted(person_id, missed=missed):
            yield False
            return
        try:
            yield True
        finally:
            self._admit_next()

    async def _admitted(self, person_id: int | None, *, missed: bool) -> bool:
        mine = _Arrival(person_id, asyncio.get_running_loop().create_future())
        if missed:
            self._arrivals.appendleft(mine)
        else:
            self._arrivals.append(mine)
        self._push_out(person_id)
        try:
            return await mine.admitted
        except asyncio.CancelledError:
            if mine in self._arrivals:
                self._arrivals.remove(mine)
            elif mine.admitted.done() and not mine.admitted.cancelled() and mine.admitted.result():
                self._admit_next()
            raise

    def _push_out(self, person_id: int | None) -> None:
        """Drop the oldest message of a person who has too many waiting."""
        if person_id is None or len(self._arrivals) <= self._most:
            return
        arrivals = [arrival for arrival in self._arrivals if arrival.person_id == person_id]
        if len(arrivals) > self._most:
            self._arrivals.remove(arrivals[0])
            arrivals[0].admitted.set_result(False)

    def _admit_next(self) -> None:
        self._noting = False
        while self._arrivals and not self._held:
            following = self._arrivals.popleft()
            if not following.admitted.done():
                self._noting = True
                following.admitted.set_result(True)
                return

    def hold(self) -> None:
        """Admit nothing more until `release`."""
        self._held = True

    def release(self) -> None:
        self._held = False
        if not self._noting:
            self._admit_next()

    def noted(self, message_id: int) -> None:
        """Mark a message as the last one in the log, and as awaiting a decision."""
        self._unconsidered.add(message_id)
        self._considered.clear()
        self._noted_last = message_id

    def considered(self, message_ids: Iterable[int]) -> None:
        """Mark messages as decided: they wait for an answer, or get none."""
        self._unconsidered.difference_update(message_ids)
        if not self._unconsidered:
            self._considered.set()

    async def all_considered(self) -> int | None:
        """Wait until every message in the log is decided; return the last one of them.

        None if it is unknown, or if the wait takes too long.
        """
        await sleep_until(self._considered, self._clock, CONSIDERED_WITHIN)
        return None if self._unconsidered else self._noted_last

    def heard(self, utterance: Utterance) -> None:
        """Note that somebody spoke: the author of a waiting message may be about to write more."""
        if any(message.utterance.author_id == utterance.author_id for message in self.waiting):
            self._last = self._clock.monotonic()

    def wait(self, listener: QueuedMessage) -> None:
        self.waiting.append(listener)
        self._last = max(self._last, listener.at)
        if listener.called:
            self.called.set()

    async def quiet(self) -> None:
        """Wait until nobody has added to the burst for some seconds, within a limit (C14)."""
        if all(message.utterance.aloud for message in self.waiting):
            return  # a spoken turn has ended with silence
        deadline = min(message.at for message in self.waiting) + self._longest
        while True:
            now = self._clock.monotonic()
            pause = min(self._last + self._shortest, deadline) - now
            if pause <= 0:
                return
            await self._clock.sleep(pause)

    def take_all(self) -> list[QueuedMessage]:
        """Return all waiting messages, oldest first, and empty the queue.

        From now on they are being answered: edits and deletions are recorded until `end`.
        """
        taken, self.waiting = self.waiting, []
        self.called.clear()
        return self.begin(sorted(taken, key=lambda message: message.utterance.message_id))

    def put_back(self, listeners: Iterable[QueuedMessage]) -> None:
        """Put messages back into the queue: others that came in meanwhile go first."""
        self.waiting = [*listeners, *self.waiting]

    def forget(self, message_ids: set[int]) -> None:
        """Remove deleted messages from the queue and from the answer in progress."""
        self.waiting = [
            message for message in self.waiting if message.utterance.message_id not in message_ids
        ]
        self._gone |= message_ids & self._answering
        self.edited(message_ids)

    def edited(self, message_ids: set[int]) -> None:
        """Note that messages were edited: an answer in progress is generated again."""
        if message_ids & self._answering:
            self._changed.set()

    def reconsider(self) -> None:
        """Have an answer in progress generated again: something that it may have read was deleted."""
        if self._answering:
            self._changed.set()

    def begin(self, heard: Iterable[QueuedMessage]) -> list[QueuedMessage]:
        """Start or restart the answer to the remaining messages of `heard`, and return these."""
        left = [message for message in heard if message.utterance.message_id not in self._gone]
        self._answering = {message.utterance.message_id for message in left}
        self._changed.clear()
        return left

    @property
    def changed(self) -> bool:
        """Say whether a message being answered has changed since the start."""
        return self._changed.is_set()

    async def unchanged(self, seconds: float) -> bool:
        """Wait this many seconds; return False at once if a message being answered changes.

        A change that is being written is awaited: the next words must take it into account.
        """
        if seconds > 0:
            await sleep_until(self._changed, self._clock, seconds)
        await self._written.wait()
        return not self.changed

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Block answers while a change of messages here is being written."""
        self._writing += 1
        self._written.clear()
        try:
            yield
        finally:
            self._writing -= 1
            if not self._writing:
                self._written.set()

    def end(self) -> None:
        """Mark the answer as sent: later changes come too late."""
        self._answering, self._gone = set(), set()


@dataclass(frozen=True, slots=True)
class Queues:
    """The number of active channels, and of waiting messages in them."""

    places: int
    waiting: int


class Rooms:
    """The queues of active channels; an idle one takes no memory.

    A burst ends after `burst_quiet` seconds without an addition, or after `burst_longest`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        burst_quiet: float = 2.0,
        burst_longest: float = 8.0,
        most_arriving: int = MOST_ARRIVING,
    ) -> None:
        self._clock = clock
        self._shortest, self._longest = burst_quiet, burst_longest
        self._most = most_arriving
        self._held = False
        self._rooms: dict[int, ChannelQueue] = {}
        self._inside: dict[int, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self.closing = False

    def busy(self, channel_id: int) -> ChannelQueue | None:
        """Return the queue of an active channel; None if the channel is idle."""
        return self._rooms.get(channel_id)

    @property
    def queues(self) -> Queues:
        """The current load."""
        return Queues(len(self._rooms), sum(len(room.waiting) for room in self._rooms.values()))

    @asynccontextmanager
    async def enter(self, channel_id: int) -> AsyncIterator[ChannelQueue]:
        """Use a channel's queue; the last user closes it."""
        room = self._rooms.get(channel_id)
        if room is None:
            room = self._rooms[channel_id] = ChannelQueue(
                self._clock,
                shortest=self._shortest,
                longest=self._longest,
                most=self._most,
                held=self._held,
            )
        self._inside[channel_id] = self._inside.get(channel_id, 0) + 1
        self._idle.clear()
        try:
            yield room
        finally:
            self._inside[channel_id] -= 1
            if not self._inside[channel_id]:
                del self._inside[channel_id], self._rooms[channel_id]
            if not self._rooms:
                self._idle.set()

    @asynccontextmanager
    async def arriving(
        self, channel_id: int, person_id: int | None = None, *, missed: bool = False
    ) -> AsyncIterator[bool]:
        """Take a position in a channel's order: see `ChannelQueue.arriving`. The holder must not wait for a
        lock.
        """
        async with self.enter(channel_id) as room, room.arriving(person_id, missed=missed) as admitted:
            yield admitted

    def hold(self) -> None:
        """Block all arrivals: the messages missed during the stop are not known yet."""
        self._held = True
        for room in self._rooms.values():
            room.hold()

    def release(self) -> None:
        """Admit arrivals; missed messages go first."""
        self._held = False
        for room in self._rooms.values():
            room.release()

    async def drain(self, within: float) -> bool:
        """Close the entrance and wait until all queues are empty; False after `within` seconds."""
        self.closing = True
        self.release()
        try:
            await asyncio.wait_for(self._idle.wait(), within)
        except TimeoutError:
            return False
        return True
