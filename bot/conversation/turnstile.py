"""One message of each person at a time goes into the log: who floods waits behind themself (faults D19)."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_WAITING = 1_000
"""Messages of one person that wait at most: of more, the oldest are not heard."""


class Turnstile:
    """Lets everybody's next message in as soon as their last one is through; nobody waits for others."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: dict[int, deque[asyncio.Future[bool]]] = {}

    @asynccontextmanager
    async def passing(self, person_id: int) -> AsyncIterator[bool]:
        """Wait for one's turn; False where so much came after it that it is let go."""
        queue = self._waiting.get(person_id)
        if queue is None:
            queue = self._waiting[person_id] = deque()
        elif not await self._in_turn(person_id, queue):
            yield False
            return
        try:
            yield True
        finally:
            self._let_next_in(person_id, queue)

    async def _in_turn(self, person_id: int, queue: deque[asyncio.Future[bool]]) -> bool:
        mine: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        queue.append(mine)
        if len(queue) > self._most:
            queue.popleft().set_result(False)
        try:
            return await mine
        except asyncio.CancelledError:
            if mine in queue:
                queue.remove(mine)
            elif mine.done() and not mine.cancelled() and mine.result():
                self._let_next_in(person_id, queue)
            raise

    def _let_next_in(self, person_id: int, queue: deque[asyncio.Future[bool]]) -> None:
        if not self._let_next_in_of(queue):
            del self._waiting[person_id]

    def _let_next_in_of(self, queue: deque[asyncio.Future[bool]]) -> bool:
        while queue:
            following = queue.popleft()
            if not following.done():
                following.set_result(True)
                return True
        return False
