"""How long a lorebook of 10,000 entries takes at each message, next to looking for its keys one by one."""

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any, TypeVar

from benchmarks.measuring import Goal, percentile, with_goals
from personas.lorebooks import Activated, Lorebook, LoreState, read_lorebook, scan
from personas.lorebooks.match import NeedleIndex

GOALS = (Goal("p50_ms", 5),)
WINDOW = 4
"""So many of the newest messages are looked through."""
BUDGET = 1_000
NAMED = 0.6
"""The share of messages that name something out of the book."""
_WORDS = (
    "the of and to a in is you that it he was for on are as with his they at be this have from or one "
    "had by word but not what all were we when your can said there use an each which she do how their "
    "if will up other about out many then them these so some her would make like him into time has "
    "look two more write go see number no way could people my than first water been call who its now "
    "find long down day did get come made may part over new sound take only little work know place "
    "year live me back give most very after thing our just name good sentence man think say great "
    "where help through much before line right too mean old any same tell boy follow"
)
COMMON = _WORDS.split()
SYLLABLES = [*(a + b for a in "bcdfghklmnprstvz" for b in "aeiou"), "sha", "tor", "wyn", "dral", "gath"]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Extent:
    """How many entries the book has, and how many messages come."""

    entries: int = 10_000
    messages: int = 1_000


QUICK = Extent(entries=500, messages=40)


@dataclass(frozen=True, slots=True)
class Tally:
    """Milliseconds a message: as it is, with lore that brings in lore, and one key after another."""

    scans: list[float] = field(default_factory=list)
    recursive: list[float] = field(default_factory=list)
    naive: list[float] = field(default_factory=list)
    found: list[int] = field(default_factory=list)


async def measure(_folder: Path, extent: Extent) -> dict[str, Any]:
    """Return the times of all three ways to look through the same messages, taken in turns."""
    rng = Random(5)
    data = book_data(extent.entries, rng)
    talk = [message(data["entries"], rng) for _ in range(extent.messages + WINDOW)]
    read_ms, (book, _) = timed(lambda: read_lorebook(data))
    build_ms, _ = timed(lambda: NeedleIndex(book))
    recursive = replace(book, recursive=True)
    Bench(recursive).look(talk[:WINDOW], 1)
    tally = tallied(book, recursive, talk)
    figures = {
        "bench": "lore",
        "entries": extent.entries,
        "keys": sum(len(entry.keys) for entry in book.entries),
        "messages": extent.messages,
        "letters": round(mean(map(len, talk))),
        "named": round(mean(tally.found), 1),
        "p50_ms": round(percentile(tally.scans, 50), 3),
        "p99_ms": round(percentile(tally.scans, 99), 3),
        "recursive_p50_ms": round(percentile(tally.recursive, 50), 3),
        "recursive_p99_ms": round(percentile(tally.recursive, 99), 3),
        "naive_p50_ms": round(percentile(tally.naive, 50), 3),
        "ratio": round(percentile(tally.scans, 50) / percentile(tally.naive, 50), 3),
        "read_ms": round(read_ms),
        "build_ms": round(build_ms),
        "memory_mb": round(memory(lambda: NeedleIndex(book)) / 2**20, 1),
    }
    return with_goals(figures, GOALS)


class Bench:
    """A book, and what its place remembers from turn to turn."""

    def __init__(self, book: Lorebook) -> None:
        self.book = book
        self.state = LoreState()

    def look(self, window: Sequence[str], turn: int) -> Activated:
        """Look through the newest messages."""
        found = scan(
            {"book": self.book},
            window,
            state=self.state,
            turn=turn,
            rng=Random(turn),
            tokens=lambda text: len(text) // 4,
            budget=BUDGET,
        )
        self.state = found.state
        return found


def tallied(book: Lorebook, recursive: Lorebook, talk: Sequence[str]) -> Tally:
    """Return what every message took; the scan has to find just what a look at each key finds."""
    tally, plain, deep = Tally(), Bench(book), Bench(recursive)
    folded = [(entry.uid, [key.casefold() for key in entry.keys]) for entry in book.entries]
    for turn, window in enumerate(windows(talk), 1):
        taken, found = timed(partial(plain.look, window, turn))
        tally.scans.append(taken)
        tally.recursive.append(timed(partial(deep.look, window, turn))[0])
        taken, expected = timed(partial(one_by_one, folded, window))
        tally.naive.append(taken)
        tally.found.append(len(expected))
        if {ref[1] for ref in (*found.reasons, *found.left_out)} != expected:
            raise AssertionError(f"turn {turn}: the scan overlooked something")
    return tally


def windows(talk: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the newest messages at each turn."""
    return (talk[turn : turn + WINDOW] for turn in range(1, len(talk) - WINDOW + 1))


def one_by_one(keys: Sequence[tuple[str, Sequence[str]]], window: Sequence[str]) -> set[str]:
    """Return which entries have a key in the messages, the plain way."""
    texts = [text.casefold() for text in window]
    return {uid for uid, words in keys if any(word in text for word in words for text in texts)}


def book_data(count: int, rng: Random) -> dict[str, Any]:
    """Return a book as a V3 file has it: made-up names, some of two words, some with common words in them."""
    return {"extensions": {}, "entries": [entry(number, rng) for number in range(count)]}


def entry(number: int, rng: Random) -> dict[str, Any]:
    """Return an entry with three keys, whose content names two things that others may be about."""
    keys = [name(rng), f"{name(rng)} {name(rng)}", f"{rng.choice(COMMON)} of {name(rng)}"]
    words = " ".join(rng.choices(COMMON, k=50))
    return {
        "keys": keys,
        "content": f"{keys[0]}, near {name(rng)} and {name(rng)}: {words}.",
        "enabled": True,
        "insertion_order": number % 200,
        "use_regex": False,
        "extensions": {},
    }


def name(rng: Random) -> str:
    """Return a made-up name."""
    return "".join(rng.choices(SYLLABLES, k=rng.randint(3, 4))).title()


def message(entries: Sequence[dict[str, Any]], rng: Random) -> str:
    """Return a message of 8 to 80 words, with or without a name out of the book."""
    words = rng.choices(COMMON, k=rng.randint(8, 80))
    if rng.random() < NAMED:
        words.insert(3, rng.choice(entries)["keys"][0])
    return "Mira: " + " ".join(words)


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Return the milliseconds that a piece of work took, and what came of it."""
    begun = time.perf_counter()
    result = work()
    return (time.perf_counter() - begun) * 1000, result


def memory(build: Callable[[], Any]) -> int:
    """Return the bytes that something built takes."""
    gc.collect()
    tracemalloc.start()
    try:
        built = build()
        kept, _ = tracemalloc.get_traced_memory()
        del built
    finally:
        tracemalloc.stop()
    return kept
