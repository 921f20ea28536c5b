"""How long a start takes, and what memory replies take, next to the floor."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import BOTS, CHANNELS, PLAIN, Contestant, Entry, Goal, contestant, with_goals
from bot.app import DATABASE_NAME
from database import Database
from database.models import Fact
from tests.world.discord_objects import Channel, User
from tests.world.process import AT_ONCE

GOALS = (
    Goal("ready_ratio", 1.3),
    Goal("again_ratio", 1.3),
    Goal("off_ratio", 1.5),
    Goal("on_ratio", 2.0),
    Goal("off_step_mb", 60.0),
    Goal("on_step_mb", 60.0),
)
RECALL: dict[str, dict[str, str]] = {"off": {"EMBEDDING_MODEL": "off"}, "on": {}}
"""Settings of Masquerade without recall by meaning, and with it."""
FIRST = 5
"""After so many replies all is loaded that replies need."""
PLACES = range(CHANNELS - 10, CHANNELS + 10)
"""Half of them channels, half direct messages."""
PAUSE, REST = 0.01, 1.0
"""Seconds between an answer and the next message, and before memory is looked at."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How often each bot is started, in turns, and after how many replies memory is looked at last."""

    rounds: int = 5
    replies: int = 600


QUICK = Extent(rounds=1, replies=8)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return seconds and megabytes of Masquerade and of the floor, and their ratios."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for number in range(extent.rounds):
        for name in BOTS:
            await _start_twice(name, folder / f"{name}-{number}", seconds)
    figures: dict[str, Any] = {key: round(median(one), 2) for key, one in seconds.items()}
    for key in ("ready", "again", "first_reply"):
        figures[f"{key}_ratio"] = round(figures[f"{key}_s"] / figures[f"floor_{key}_s"], 2)
    for recall, settings in RECALL.items():
        figures |= await _memory(folder / recall, recall, settings, extent.replies)
    return with_goals({"bench": "start", **figures}, GOALS)


async def _start_twice(name: str, folder: Path, seconds: dict[str, list[float]]) -> None:
    """Start a bot on nothing, and answer somebody who is waiting; and once more on what it left."""
    prefix = _prefix(name)
    async with contestant(Entry(name=name), folder) as bot:
        seconds[f"{prefix}ready_s"].append(bot.ready)
        seconds[f"{prefix}first_reply_s"].append(bot.ready + await bot.answers(0, "are you there?"))
    async with contestant(Entry(name=name), folder) as bot:
        seconds[f"{prefix}again_s"].append(bot.ready)


async def _memory(folder: Path, recall: str, settings: dict[str, str], replies: int) -> dict[str, Any]:
    """Return the memory of both bots when they are ready, after the first replies and after all."""
    figures: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        bots = []
        for name in BOTS:
            knowing = _know_something if name == BOTS[0] else None
            entry = Entry(name=name, settings=AT_ONCE | PLAIN | settings, prepare=knowing)
            starting = contestant(entry, folder / name)
            bots.append(await stack.enter_async_context(starting))
            figures |= _looked_at(bots[-1], recall, "start")
        for stage, numbers in (("first", range(FIRST)), ("end", range(FIRST, replies))):
            for bot in bots:
                await _talk(bot, numbers)
                figures |= _looked_at(bot, recall, stage)
    for kind in ("", "rss_"):
        ratio = figures[f"{recall}_end_{kind}mb"] / figures[f"floor_{recall}_end_{kind}mb"]
        figures[f"{recall}_{kind}ratio"] = round(ratio, 2)
    step = figures[f"{recall}_first_mb"] - figures[f"{recall}_start_mb"]
    return figures | {f"{recall}_step_mb": round(step, 1)}


def _know_something(data: Path, _channels: Sequence[Channel], people: Sequence[User]) -> None:
    """Let a fact be known about each person: else nothing is looked for, and nothing is loaded for that."""
    asyncio.run(_add_facts(data / DATABASE_NAME, [person.id for person in people]))


async def _add_facts(path: Path, people: Sequence[int]) -> None:
    database, now = await Database.open(path), datetime.now(UTC)
    async with database.begin() as db:
        for person in people:
            await db.users.note(person, {0: "somebody"}, is_bot=False, at=now)
            await db.consents.set(person, True, at=now)
            fact = Fact(
                person, "", 0, "Has a boat", "everywhere", None, None, "conversation", now, now, for_all=True
            )
            await db.memories.add(fact, batch=await db.memories.new_batch(), cause="told")
    await database.close()


async def _talk(bot: Contestant, numbers: range) -> None:
    for number in numbers:
        await bot.answers(PLACES[number % len(PLACES)], f"and what happened on day {number}?")
        await asyncio.sleep(PAUSE)
    await asyncio.sleep(REST)


def _looked_at(bot: Contestant, recall: str, stage: str) -> dict[str, float]:
    """Return the megabytes that only this process holds, and those that it holds with others."""
    key = f"{_prefix(bot.name)}{recall}_{stage}"
    return {
        f"{key}_mb": round(bot.memory / 1e6, 1),
        f"{key}_rss_mb": round(bot.process.memory_info().rss / 1e6, 1),
    }


def _prefix(name: str) -> str:
    return "" if name == "ours" else f"{name}_"
