"""The big store of the store benchmark, searched as it is for each reply."""

import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]

from benchmarks import store_words
from benchmarks.measuring import percentile, watched_loop
from benchmarks.store_building import Spoken, private_place, someone, talkative_place
from benchmarks.store_start import ready
from bot.conversation.text.names import speaker_label
from bot.core.stalls import settle_memory
from bot.llm.types import TokenEstimate
from database import Database
from database.sqlite import SqliteFile
from memory.embeddings import MINILM, Embedder, EmbedderMissing, open_embedder
from memory.meaning import Meaning
from memory.places import Place, Where
from memory.recall import RecallQuery, RecallSearch
from tests.fakes import EPOCH

BUDGET = 600
MEGABYTE = 1_000_000
WARM, PAGED = 60, 90
"""People who are asked about again and again: fewer than there are indexes at hand, and more."""


@dataclass
class Store:
    """The big store while it is searched, as it is for each reply."""

    path: Path
    people: int
    rng: Random = field(default_factory=lambda: Random(4))

    def __post_init__(self) -> None:
        # Not by Database.open, which reads the whole file.
        self._database = Database(SqliteFile(self.path), self.path)
        self._ready = ready()
        self._tokens = TokenEstimate()
        self._finding = self._new_finding()

    async def warm(self, recalls: int) -> dict[str, Any]:
        """Ask about people in turns: as many as are at hand, and more, whose pages only are in memory."""
        settle_memory()  # as `python main.py` does before it answers anybody
        warm = await self._asked(number % WARM for number in range(WARM + recalls))
        paged = await self._asked(number % PAGED for number in range(PAGED + recalls))
        return {**_times("warm", warm[WARM:]), **_times("paged", paged[PAGED:])}

    async def memory(self, recalls: int) -> dict[str, Any]:
        """Ask about one after the other; compare the memory after a tenth of the recalls and after all."""
        await self._asked(number % self.people for number in range(recalls // 10))
        before = _memory()
        await self._asked(number % self.people for number in range(recalls // 10, recalls))
        after = _memory()
        grown = round(100 * (after / before - 1), 2)
        return {"memory_mb": round(after / MEGABYTE), "growth_percent": grown}

    async def cold(self, recalls: int) -> dict[str, Any]:
        """Ask about people of whom nothing is in memory, neither in ours nor in the system's."""
        self._finding = self._new_finding()
        taken, read = [], 0
        for number in self.rng.sample(range(self.people), min(recalls, self.people)):
            await self._forget_pages()
            before = _read_bytes()
            taken.append(await self.recall(number))
            read += _read_bytes() - before
        return {**_times("cold", taken), "cold_kb_read": round(read / len(taken) / 1_000)}

    async def lag(self, recalls: int) -> dict[str, Any]:
        """Return how late the event loop is: in recalls, beside an embedder, and while talk is indexed."""
        figures: dict[str, Any] = {}
        async with watched_loop() as late:
            await self._asked(number % self.people for number in range(recalls))
        figures["lag_p99_recall_ms"] = _late(late)
        try:
            embedder = open_embedder(MINILM)
        except EmbedderMissing:
            embedder = None
        if embedder is not None:
            figures["lag_p99_encoding_ms"] = await self._beside(embedder, recalls // 4)
            embedder.close()
        return figures | await self._talk()

    async def recall(self, number: int, spoken: Spoken | None = None) -> "Taken":
        """Find what fits a question of somebody's; return what this took."""
        place = spoken or Spoken(private_place(number), None)
        where = Where(place.channel_id, Place.GUILD if spoken else Place.DM, guild_id=place.guild_id)
        person = someone(number)
        question = store_words.question(store_words.fact(self.rng).text, self.rng)
        vector = await self._ready.encode([question]) if self._ready else None
        search = RecallQuery(question, vector, {person: f"Person {number}"}, frozenset([person]))
        begun, worked = time.perf_counter(), time.process_time()
        async with self._database.read(brief=True) as db:
            material = await self._finding.read(db, "pixel", where, search, now=EPOCH)
        found = await self._finding.found(material, search, shown=(), said_before=EPOCH)
        taken = Taken(time.perf_counter() - begun, time.process_time() - worked)
        assert found
        return taken

    async def close(self) -> None:
        await self._database.close()

    async def _asked(self, people: Iterable[int]) -> list["Taken"]:
        return [await self.recall(number) for number in people]

    def _new_finding(self) -> RecallSearch:
        return RecallSearch(Meaning(self._ready), budget=BUDGET, tokens=self._tokens, label=speaker_label)

    async def _forget_pages(self) -> None:
        """Drop every page of the file, ours with the connections; open those anew, and use them once."""
        await self._database.close()
        async with self._database.read(brief=True) as db:
            await db.archive.versions([])
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
            # Linux can be asked for this; elsewhere only our own pages are dropped.
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    async def _beside(self, embedder: Embedder, recalls: int) -> float:
        """Return the lag of recalls while texts are embedded without end."""

        async def encode() -> None:
            while True:
                await embedder.encode([store_words.fact(self.rng).text for _ in range(64)])

        await embedder.encode(["to load the model"])
        encoding = asyncio.create_task(encode())
        async with watched_loop() as late:
            await self._asked(number % self.people for number in range(recalls))
        encoding.cancel()
        with suppress(asyncio.CancelledError):
            await encoding
        return _late(late)

    async def _talk(self) -> dict[str, Any]:
        """Return what the lines of one place take: the first search, the later ones, and the lag in both."""
        place, first, later, before = talkative_place(), [], [], _memory()
        async with watched_loop() as late:
            for _ in range(5):
                self._finding = self._new_finding()
                first.append(await self.recall(0, place))
                later += [await self.recall(0, place) for _ in range(20)]
        return {
            "talk_first_ms": round(1_000 * max(one.seconds for one in first), 1),
            "talk_later_p50_ms": round(1_000 * percentile([one.seconds for one in later], 50), 1),
            "talk_mb": round((_memory() - before) / MEGABYTE),
            "lag_p99_talk_ms": _late(late),
            "longest_lag_talk_ms": round(1_000 * max(late), 1),
        }


class Taken(NamedTuple):
    """The seconds of a recall: by the clock, and in CPU time of all threads."""

    seconds: float
    worked: float


def _late(late: Sequence[float]) -> float:
    return round(1_000 * percentile(late, 99), 1) if len(late) > 1 else 0.0


def _times(name: str, taken: Sequence[Taken]) -> dict[str, float]:
    seconds, worked = [one.seconds for one in taken], [one.worked for one in taken]
    figures = {f"{name}_p{at}_ms": percentile(seconds, at) for at in (50, 95, 99)}
    figures[f"{name}_cpu_p99_ms"] = percentile(worked, 99)
    return {figure: round(1_000 * value, 2) for figure, value in figures.items()}


def _memory() -> int:
    """Bytes of this process that are in memory."""
    return int(psutil.Process().memory_info().rss)


def _read_bytes() -> int:
    """Bytes that this process has had read from the disk so far; 0 where nobody counts them."""
    with suppress(OSError, AttributeError):
        return int(psutil.Process().io_counters().read_bytes)
    return 0
