"""Notification of open pages about changes by server-sent events, after which they reload."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Set

from bot.core.tasks import running
from database import Database

TOPICS = {
    "feed": frozenset({"messages", "claims", "turns", "parts", "calls", "prompts"}),
    "health": frozenset({"jobs", "job_runs"}),
    "facts": frozenset({"facts", "fact_changes"}),
    "audit": frozenset({"audit"}),
}
"""By topic, the tables that a page shows."""
SETTLE_SECONDS = 0.3
"""Seconds within which changes are reported together."""
MOST_PAGES, MOST_WAITING = 32, 100
RELOAD = "reload"
"""The event for a page that was too slow to receive every topic, and for one whose session ends."""


class Changes:
    """Tells open pages the changed topics after the end of the transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: set[asyncio.Queue[str | None]] = set()
        self._pending: set[str] = set()
        self._telling: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._database.on_write.append(self._wrote)

    def close(self) -> None:
        """End the stream of every open page."""
        self._database.on_write.remove(self._wrote)
        if self._telling:
            self._telling.cancel()
        for page in self._pages:
            _put(page, None)

    async def of_page(self, ended: Callable[[], Awaitable[None]]) -> AsyncIterator[dict[str, str]]:
        """Yield the changed topics as events, while a page is open and until `ended` returns.

        It yields nothing if too many pages are open.
        """
        if self.full:
            return
        page = asyncio.Queue[str | None](MOST_WAITING)

        async def end() -> None:
            await ended()
            _put(page, RELOAD)
            _put(page, None)

        self._pages.add(page)
        try:
            async with running(end(), name="End of a stream of the console"):
                while (topic := await page.get()) is not None:
                    yield {"event": topic, "data": topic}
        finally:
            self._pages.discard(page)

    @property
    def full(self) -> bool:
        return len(self._pages) >= MOST_PAGES

    def _wrote(self, tables: Set[str]) -> None:
        self._pending |= {topic for topic, shown in TOPICS.items() if shown & tables}
        if self._pages and self._pending and self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling, topics, self._pending = None, sorted(self._pending), set()
        for page in self._pages:
            for topic in topics:
                _put(page, topic)


def _put(page: "asyncio.Queue[str | None]", topic: str | None) -> None:
    if page.full():
        while not page.empty():
            page.get_nowait()
        if topic is not None:
            topic = RELOAD
    page.put_nowait(topic)
