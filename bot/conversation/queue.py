"""Each channel's order: what arrives is noted one by one, and answered one turn at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from bot.conversation.decision import Considered
from bot.conversation.types import Mouth, Utterance
from bot.core.clock import Clock, sleep_until

CONSIDERED_WITHIN = 1.0
"""Seconds for which an answer waits until everything noted before it was considered."""
MOST_ARRIVING = 50
"""Messages of one person that wait in one channel at most: of more, the oldest are not heard."""


@dataclass(eq=False, slots=True)
class _Arrival:
    """Something that waits to be noted, and whose it is; `admitted` is False where a flood pushed it out."""

    person_id: int | None
    admitted: asyncio.Future[bool]


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """An utterance that may be answered, and where.

    It is `called` for where it is answered without a vote. In monotonic seconds: `received` is when it came
    in, `at` when its turn had come.
    """

    utterance: Utterance
    considered: Considered
    mouth: Mouth
    received: float
    at: float
    called: bool


class ChannelQueue:
    """What arrives in one channel, what waits for an answer there, and what is being answered."""

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
        self.called = asyncio.Event()  # set while somebody waits who is answered without a vote
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
        """Wait until what arrived before is noted; False where a flood of the same person pushed this out.

        The place in the order is taken at once, before anything is waited for. What was `missed` while
        nobody listened goes before all that arrived since.
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
        """Let the oldest message of somebody go who has more waiting than can be heard."""
        if person_id is None or len(self._arrivals) <= self._most:
            return
        theirs = [arrival for arrival in self._arrivals if arrival.person_id == person_id]
        if len(theirs) > self._most:
            self._arrivals.remove(theirs[0])
            theirs[0].admitted.set_result(False)

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
        """Take notice that a message is the last one in the log now, and is to be considered next."""
        self._unconsidered.add(message_id)
        self._considered.clear()
        self._noted_last = message_id

    def considered(self, message_ids: Iterable[int]) -> None:
        """Take notice that messages are no longer looked at: they wait for an answer, or get none."""
        self._unconsidered.difference_update(message_ids)
        if not self._unconsidered:
            self._considered.set()

    async def all_considered(self) -> int | None:
        """Wait until every message in the log was considered; return the last one of them.

        None where it is not known, or where this takes too long.
        """
        await sleep_until(self._considered, self._clock, CONSIDERED_WITHIN)
        return None if self._unconsidered else self._noted_last

    def heard(self, utterance: Utterance) -> None:
        """Take notice that somebody spoke: whose message is waiting may be about to say more."""
        if any(one.utterance.author_id == utterance.author_id for one in self.waiting):
            self._last = self._clock.monotonic()

    def wait(self, listener: QueuedMessage) -> None:
        self.waiting.append(listener)
        self._last = max(self._last, listener.at)
        if listener.called:
            self.called.set()

    async def quiet(self) -> None:
        """Wait until nobody added to the burst for some seconds, but not too long (C14)."""
        if all(one.utterance.aloud for one in self.waiting):
            return  # who speaks has ended by being silent
        deadline = min(one.at for one in self.waiting) + self._longest
        while True:
            now = self._clock.monotonic()
            pause = min(self._last + self._shortest, deadline) - now
            if pause <= 0:
                return
            await self._clock.sleep(pause)

    def take_all(self) -> list[QueuedMessage]:
        """Return everything that waits, oldest first, and leave nothing waiting.

        From now on it is being answered: edits and deletions are kept in mind until `end`.
        """
        taken, self.waiting = self.waiting, []
        self.called.clear()
        return self.begin(sorted(taken, key=lambda one: one.utterance.message_id))

    def put_back(self, listeners: Iterable[QueuedMessage]) -> None:
        """Let something wait again, for what came in meanwhile goes first."""
        self.waiting = [*listeners, *self.waiting]

    def forget(self, message_ids: set[int]) -> None:
        """Take notice that messages were deleted: neither what waits nor what is being answered."""
        self.waiting = [one for one in self.waiting if one.utterance.message_id not in message_ids]
        self._gone |= message_ids & self._answering
        self.edited(message_ids)

    def edited(self, message_ids: set[int]) -> None:
        """Take notice that messages are different now: an answer under way is thought over."""
        if message_ids & self._answering:
            self._changed.set()

    def reconsider(self) -> None:
        """Let an answer under way be thought over: something that it may have read is gone."""
        if self._answering:
            self._changed.set()

    def begin(self, heard: Iterable[QueuedMessage]) -> list[QueuedMessage]:
        """Begin, or begin anew, to answer what is still there of `heard`, and return that."""
        left = [one for one in heard if one.utterance.message_id not in self._gone]
        self._answering = {one.utterance.message_id for one in left}
        self._changed.clear()
        return left

    @property
    def changed(self) -> bool:
        """Say whether something that is being answered changed since that began."""
        return self._changed.is_set()

    async def unchanged(self, seconds: float) -> bool:
        """Wait so many seconds; say at once, with False, when something that is answered changed.

        A change that is just being written is waited for: what is said next must know it.
        """
        if seconds > 0:
            await sleep_until(self._changed, self._clock, seconds)
        await self._written.wait()
        return not self.changed

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep from answering for as long as a change of messages here is being written down."""
        self._writing += 1
        self._written.clear()
        try:
            yield
        finally:
            self._writing -= 1
            if not self._writing:
                self._written.set()

    def end(self) -> None:
        """The answer is on its way: what changes now comes too late."""
        self._answering, self._gone = set(), set()


@dataclass(frozen=True, slots=True)
class Queues:
    """Channels in which something is going on, and messages in them that wait for their turn."""

    places: int
    waiting: int


class Rooms:
    """The rooms in which something is going on; an idle one takes no memory.

    A burst is over when nobody added to it for `burst_quiet` seconds, or after `burst_longest`.
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
        """Return the room of a channel in which something arrives or is answered; None when all is quiet."""
        return self._rooms.get(channel_id)

    @property
    def queues(self) -> Queues:
        """How much is going on."""
        return Queues(len(self._rooms), sum(len(room.waiting) for room in self._rooms.values()))

    @asynccontextmanager
    async def enter(self, channel_id: int) -> AsyncIterator[ChannelQueue]:
        """Be in a channel's room; the last one out closes it."""
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
        """Be in the order of a channel: see `ChannelQueue.arriving`. Whoever is must not wait for a lock."""
        async with self.enter(channel_id) as room, room.arriving(person_id, missed=missed) as admitted:
            yield admitted

    def hold(self) -> None:
        """Let everything wait that arrives: what was missed while nobody listened is not known yet."""
        self._held = True
        for room in self._rooms.values():
            room.hold()

    def release(self) -> None:
        """Let it be noted; what was missed goes first."""
        self._held = False
        for room in self._rooms.values():
            room.release()

    async def drain(self, within: float) -> bool:
        """Let nobody else in and wait until all rooms are empty; False when `within` seconds passed."""
        self.closing = True
        self.release()
        try:
            await asyncio.wait_for(self._idle.wait(), within)
        except TimeoutError:
            return False
        return True
