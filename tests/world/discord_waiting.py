"""Waiting for something to happen in the world, always with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User

LOOK_SECONDS = 0.1


class Waiting:
    """Wakes those who wait whenever the world changes."""

    bot: User

    def __init__(self) -> None:
        self._awaited: set[int] = set()
        self._waiting: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        """Wake whoever waits for something to happen."""
        while self._waiting:
            future = self._waiting.pop()
            if not future.done():
                future.set_result(None)

    async def wait_until(
        self, holds: Callable[[], object], *, timeout: float = 30.0, what: str = "the condition"
    ) -> None:
        """Wait until `holds()` is true; TimeoutError after so many seconds.

        It looks at each event, and ten times a second: a database may change with no event at all.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        while not holds():
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            left = deadline - asyncio.get_running_loop().time()
            await asyncio.wait([future], timeout=min(max(left, 0), LOOK_SECONDS))
            self._waiting.discard(future)
            if left <= 0 and not holds():
                raise TimeoutError(f"{what} did not come within {timeout} s")

    async def wait_for_message(
        self,
        channel: Channel,
        *,
        author: User | None = None,
        timeout: float = 30.0,
        after: Message | None = None,
        where: Callable[[Message], bool] | None = None,
    ) -> Message:
        """Wait for a message by `author` (the bot by default) and return it.

        Each message is returned once: a second call waits for the next one. `after` skips what is
        older than that message, `where` what does not fit. TimeoutError after `timeout` seconds.
        """
        writer = author or self.bot
        floor = after.id if after is not None else 0

        def next_one() -> Message | None:
            return next(
                (
                    message
                    for message in channel.messages
                    if message.author is writer
                    and message.id > floor
                    and message.id not in self._awaited
                    and (where is None or where(message))
                ),
                None,
            )

        await self.wait_until(next_one, timeout=timeout, what=f"a message of {writer.name}")
        message = next_one()
        assert message is not None
        self._awaited.add(message.id)
        return message
