"""Queue of the log channel: batched, bounded, and never an error for the producer."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.core.clock import Clock
from bot.core.errors import SpeakingError, Unpostable
from bot.core.tasks import spawn

log = logging.getLogger(__name__)

LONGEST = 2000
"""Maximum length of a Discord message."""
PAUSE = 3.0
"""Seconds between two messages; lines that arrive meanwhile share the next one."""
MOST_LINES = 64
MOST_NOTICES = 16
AGAIN_AFTER = 60.0
AGAIN_LONGEST = 900.0
FLUSH_SECONDS = 2.0


class LogChannelQueue:
    """Lines waiting to be posted to the log channel.

    `post` posts one message and raises a SpeakingError on failure. Notices take precedence over lines, and
    lines never displace them; on overflow the oldest entries are dropped and their number is reported.
    """

    def __init__(self, post: Callable[[str], Awaitable[None]], clock: Clock) -> None:
        self._post = post
        self._clock = clock
        self._notices: deque[str] = deque()
        self._lines: deque[str] = deque()
        self._left_out = 0
        self._unsent = ""
        self._opened = False
        self._closed = False
        self._next_at = 0.0
        self._failures = 0
        self._resting = False
        self._woken = False
        self._task: asyncio.Task[None] | None = None

    def say(self, line: str, *, notice: bool = False) -> None:
        """Queue a line; a notice is for the operator and goes first."""
        if self._closed:
            return
        queue, most = (self._notices, MOST_NOTICES) if notice else (self._lines, MOST_LINES)
        queue.append(_cut(line))
        if len(queue) > most:
            queue.popleft()
            self._left_out += 1
        self._begin()

    def open(self) -> None:
        """Start posting; when called again, retry a failed post at once."""
        self._opened = True
        if self._failures:
            self._next_at = 0.0
            self._wake()
        self._begin()

    async def close(self, within: float = FLUSH_SECONDS) -> None:
        """Post the remaining lines within `within` seconds, then stop for good."""
        if self._closed:
            return
        self._closed = True
        self._wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._flush()
        if self._task is not None:
            self._task.cancel()

    async def _flush(self) -> None:
        if self._task is not None:
            await asyncio.wait({self._task})
        while self._opened and self._waiting and await self._post_next():
            pass

    @property
    def untold(self) -> int:
        """The number of queued lines."""
        return len(self._notices) + len(self._lines) + bool(self._unsent)

    @property
    def _waiting(self) -> bool:
        return self.untold > 0

    def _begin(self) -> None:
        """Start the posting task, which lives only while there is something to post."""
        if self._opened and not self._closed and self._waiting and self._task is None:
            self._task = spawn(self._post_all(), name="Posting in the log channel")
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled() and not self._woken:
            return  # the whole program is shutting down
        self._woken = False
        if not task.cancelled() and task.exception() is not None:
            self._failed()
        self._begin()

    def _wake(self) -> None:
        """End the pause, but never cancel a post under way: it would be posted twice."""
        if self._task is not None and self._resting:
            self._woken = True
            self._task.cancel()

    async def _post_all(self) -> None:
        while self._waiting and not self._closed:
            await self._rest()
            await self._post_next()

    async def _rest(self) -> None:
        seconds = self._next_at - self._clock.monotonic()
        if seconds <= 0:
            return
        self._resting = True
        try:
            await self._clock.sleep(seconds)
        finally:
            self._resting = False

    async def _post_next(self) -> bool:
        """Post one message; return whether it succeeded."""
        self._unsent = self._unsent or self._compose()
        try:
            await self._post(self._unsent)
        except Unpostable as error:
            log.warning("A message for the log channel was not taken: %s", error)
        except SpeakingError as error:
            if not self._failures:  # warn once, not on each retry
                log.warning("Can't write to the log channel: %s", error)
            self._failed()
            return False
        self._unsent = ""
        self._failures = 0
        self._next_at = self._clock.monotonic() + PAUSE
        return True

    def _failed(self) -> None:
        """Schedule a retry with exponential backoff."""
        pause = min(AGAIN_AFTER * 2 ** min(self._failures, 10), AGAIN_LONGEST)
        self._failures += 1
        self._next_at = self._clock.monotonic() + pause

    def _compose(self) -> str:
        """Fill one message with queued lines, notices first."""
        taken: list[str] = []
        if self._left_out:
            taken.append(f"({self._left_out} older lines were left out: it was too much at once)")
            self._left_out = 0
        room = LONGEST - sum(len(line) + 1 for line in taken)
        for queue in (self._notices, self._lines):
            while queue and len(queue[0]) <= room:
                room -= len(queue[0]) + 1
                taken.append(queue.popleft())
            if queue:
                break
        return "\n".join(taken)


def _cut(line: str) -> str:
    most = LONGEST - 100  # room for the note on dropped lines
    return line if len(line) <= most else f"{line[: most - 1]}…"
