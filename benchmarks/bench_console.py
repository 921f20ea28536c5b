"""The console on a big database: how long pages take, how long they hold up the bot, and its memory."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from benchmarks.bench_scale import LOOKED
from benchmarks.measuring import PLAIN, Contestant, Entry, Goal, Stall, contestants, percentile, with_goals
from benchmarks.store_building import create
from bot.app import DATABASE_NAME
from bot.features.memory.nightly import DRAWN
from database.files import LARGE
from tests.console.conftest import COOKIE, free_port
from tests.world.process import AT_ONCE

GOALS = (
    Goal("p95_ms", 150.0),
    Goal("other_p95_ms", 150.0),
    Goal("longest_stall_ms", 20.0),
    Goal("longest_stall_cpu_ms", 20.0),
    Goal("rss_step_mb", 25.0),
)
CHARACTER = "nyx"
PEOPLE, CHANNELS = 2_000, 200
OTHERS = (
    *("/?outcome=silent", "/?outcome=failed", "/?place=7", "/?person=1007", "/?shown=500", "/memories"),
    *("/memories?person=1007", "/characters/nyx", "/relations", "/costs", "/health", "/settings", "/audit"),
)
WINDOWS = 5


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is stored, and how often the first page is asked for."""

    messages: int = 1_000_000
    facts: int = 100_000
    pages: int = 60


QUICK = Extent(messages=20_000, facts=2_000, pages=10)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return how long pages take, how late the bot's loop came meanwhile, and what memory it all takes.

    Beside it runs a bot without a console on the same data.
    """
    port, plain = free_port(), {**AT_ONCE, **PLAIN, "EMBEDDING_MODEL": "off"}
    entries = [
        Entry(name=name, channels=1, settings=plain | settings, prepare=partial(_prepare, extent))
        for name, settings in (("on", {"CONSOLE_PORT": str(port)}), ("off", {}))
    ]
    first, others, stalls = list[float](), list[float](), list[Stall]()
    async with contestants(folder, entries) as (on, off), aiohttp.ClientSession() as visitor:
        for bot in (on, off):
            if (bot.folder / "data" / DATABASE_NAME).stat().st_size >= LARGE:
                await bot.has_logged(LOOKED)  # a minute after its start it looks through a large file, once
        visitor.headers["Cookie"] = await _let_in(on, visitor)
        base = f"http://127.0.0.1:{port}"
        for page in ("/", *OTHERS):  # templates are compiled once
            await _taken(visitor, base + page)
        for _ in range(WINDOWS):
            async with on.watched(stalls):
                first += [await _taken(visitor, f"{base}/") for _ in range(extent.pages // WINDOWS)]
                others += [await _taken(visitor, base + page) for page in OTHERS]
        step = on.process.memory_info().rss - off.process.memory_info().rss
    return with_goals({"bench": "console", **_figures(extent, first, others, stalls, step)}, GOALS)


def _figures(
    extent: Extent, first: Sequence[float], others: Sequence[float], stalls: Sequence[Stall], step: int
) -> dict[str, Any]:
    return {
        "messages": extent.messages,
        "facts": extent.facts,
        "p50_ms": round(1_000 * percentile(first, 50), 1),
        "p95_ms": round(1_000 * percentile(first, 95), 1),
        "other_p95_ms": round(1_000 * percentile(others, 95), 1),
        "longest_stall_ms": round(1_000 * median(stall.late for stall in stalls), 1),
        "longest_stall_cpu_ms": round(1_000 * max(stall.work for stall in stalls), 1),
        "rss_step_mb": round(step / 1e6, 1),
    }


async def _let_in(bot: Contestant, visitor: aiohttp.ClientSession) -> str:
    """Return the header of somebody who came in by a link."""
    reader, writer = await asyncio.open_unix_connection(bot.folder / "data" / "console.sock")
    link = (await reader.read()).decode().strip()
    writer.close()
    async with visitor.get(link) as entered:
        return f"{COOKIE}={entered.cookies[COOKIE].value}"


async def _taken(visitor: aiohttp.ClientSession, address: str) -> float:
    """Return the seconds that a page takes until its last byte."""
    begun = time.perf_counter()
    async with visitor.get(address) as response:
        assert response.status == 200, address
        await response.read()
    return time.perf_counter() - begun


def _prepare(extent: Extent, data: Path, _channels: object, _people: object) -> None:
    asyncio.run(create(data / DATABASE_NAME))
    _fill(data / DATABASE_NAME, extent)


def _fill(path: Path, extent: Extent) -> None:
    """Write lines of many people in many channels, every hundredth of which was to be answered in vain.

    Facts were drawn from them last night: a bot that has not done so does it from its start on, and that,
    not its pages, would be measured.
    """
    at = datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executemany(
            "INSERT INTO channels (id, place, guild_id, name, guild_name, watermark, refusals) "
            "VALUES (?, 'guild', 1, ?, 'Guild', 0, 0)",
            [(channel, f"channel-{channel}") for channel in range(CHANNELS)],
        )
        db.executemany(
            "INSERT INTO messages (id, channel_id, author_id, author_name, text, sent_at, from_bot) "
            "VALUES (?, ?, ?, ?, ?, ?, 0)",
            (
                (
                    number,
                    number % CHANNELS,
                    1_000 + number % PEOPLE,
                    "somebody",
                    f"line {number} " + "x" * 60,
                    at,
                )
                for number in range(extent.messages)
            ),
        )
        db.executemany(
            "INSERT INTO claims (message_id, channel_id, claimed_at, author_id, open, reason) "
            "VALUES (?, ?, ?, ?, 0, ?)",
            (
                (
                    number,
                    number % CHANNELS,
                    at,
                    1_000 + number % PEOPLE,
                    "CHATTER" if number % 100 else "NO_ANSWER",
                )
                for number in range(extent.messages)
            ),
        )
        db.executemany(
            f"INSERT INTO facts VALUES (?, ?, '{CHARACTER}', ?, ?, 'guild', NULL, 1, 'noted', 0, 0, '', "
            "'[]', 0, 0, '', '[]', 0, 0, 1, '', 0, NULL, NULL, NULL)",
            (
                (number, 1_000 + number % PEOPLE, number // PEOPLE + 1, f"Likes thing {number}")
                for number in range(extent.facts)
            ),
        )
        db.executemany(
            "INSERT INTO global_state (key, value) VALUES (?, ?)",
            [(f"{DRAWN} {character}", f"{datetime.now(UTC):%Y-%m-%d}") for character in ("pixel", CHARACTER)],
        )
        db.commit()
