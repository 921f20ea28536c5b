"""What changes while a page is open: told to the page by server-sent events, so that it looks again."""

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
"""Which tables a page shows."""
SETTLE_SECONDS = 0.3
"""What changes within so short a time is told together."""
MOST_PAGES, MOST_WAITING = 32, 100
RELOAD = "reload"
"""Told to a page that was too slow to be told everything, and to one whose session ends."""


class Changes:
    """Tells open pages which topics changed, once the transaction that changed them has ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pages: set[asyncio.Queue[str | None]] = set()
        self._pending: set[str] = set()
        self._telling: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._database.on_write.append(self._wrote)

    def close(self) -> None:
        """Let every open page's stream end."""
        self._database.on_write.remove(self._wrote)
        if self._telling:
            self._telling.cancel()
        for page in self._pages:
            _put(page, None)

    async def of_page(self, ended: Callable[[], Awaitable[None]]) -> AsyncIterator[dict[str, str]]:
        """Yield the topics that changed, as events, while a page is open and until `ended` returns.

        Where too many pages are open, nothing.
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
        self._pending |= {topic for topic, those in TOPICS.items() if those & tables}
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
