"""What replies cost by the layout of their prompts: ours, what else was tried, and that of seed 000.

And what a bot costs in all: the whole bill, next to how much its prompts hold of what answers a question.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import prompt_recall
from benchmarks.kept_vectors import keep_vectors, kept_vectors
from benchmarks.layouts import Layout, recalling, sliding, stamped, uncached
from benchmarks.locomo import conversations
from benchmarks.measuring import Goal, with_goals
from benchmarks.pair_talk import Said, pair_talk, source_of_talk
from benchmarks.playing import Bill, play_ours, play_seed
from bot.arranging import embedder_of
from bot.settings import Settings
from memory.embeddings import Embedder
from tests.talk import LOCOMO

THRESHOLD = 6_000
REPLIES = (
    Layout("ours"),
    Layout("cached for 5 minutes", ttl="5m"),
    Layout("sliding window", change=sliding, condensed=False),
    Layout("memories in the system prompt", change=recalling),
    Layout("time in the system prompt", change=stamped),
    Layout("not cached", change=uncached),
)
WHOLE = Layout("the whole bill", whole=True)
OURS, SEED = REPLIES[0].name, "seed 000"
VECTORS = "vectors.npz"


@dataclass(frozen=True, slots=True)
class Extent:
    """How long the talk is in each of the channels, and the seconds between two messages there.

    Talk is summed up from `tokens` on. `data` is where the words come from: LoCoMo's file, or templates where
    it is not; so many `conversations` of it are asked about.
    """

    channels: int = 4
    messages: int = 2_500
    gaps: tuple[int, ...] = (20, 60, 240)
    tokens: int = THRESHOLD
    processes: int = 2
    data: Path = LOCOMO
    conversations: int | None = None


QUICK = Extent(channels=2, messages=80, gaps=(60,), tokens=1_500, processes=1, conversations=0)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return what each layout came to at each gap, what prompts held, and whether ours meets the goals."""
    embedder, by_gap = embedder_of(Settings()), {gap: dict[str, Bill]() for gap in extent.gaps}
    with _workers(extent.processes) as workers:
        played = _Played(folder, extent, workers)
        bills = [(gap, played.begin(gap, layouts)) for gap in extent.gaps for layouts in ((), REPLIES)]
        if embedder is not None:
            await keep_vectors(folder / VECTORS, embedder, _words(_talk(extent, extent.gaps[0])))
        bills += [(gap, played.begin(gap, (WHOLE,))) for gap in extent.gaps]
        recalled = await _recalled(folder, extent, embedder)
        for gap, billed in bills:
            by_gap[gap] |= await billed
    if embedder is not None:
        embedder.close()
    judged = [*goals(extent.gaps), *(prompt_recall.GOALS if recalled else ())]
    return with_goals(figures(by_gap, extent) | recalled, judged)


def goals(gaps: Sequence[int]) -> list[Goal]:
    """Return what ours has to reach at each gap."""
    return [
        goal
        for gap in gaps
        for goal in (
            Goal(f"hit_rate_{gap}s", 0.70, at_least=True),
            Goal(f"ratio_{gap}s", 0.30),
            Goal(f"whole_hit_rate_{gap}s", 0.85, at_least=True),
            Goal(f"whole_ratio_{gap}s", 0.15),
        )
    ]


def figures(by_gap: Mapping[int, Mapping[str, Bill]], extent: Extent) -> dict[str, Any]:
    """Return the line to print: ours at each gap for the goals, and everything by gap and layout."""
    messages = extent.channels * extent.messages
    table = {
        f"{gap}s": {name: _row(bill, bills[SEED], messages) for name, bill in bills.items()}
        for gap, bills in by_gap.items()
    }
    return {
        "bench": "layout",
        "talk": source_of_talk(extent.data),
        "channels": extent.channels,
        "messages": messages,
        **{f"hit_rate_{gap}": rows[OURS]["hit_rate"] for gap, rows in table.items()},
        **{f"ratio_{gap}": rows[OURS]["ratio"] for gap, rows in table.items()},
        **{f"whole_hit_rate_{gap}": rows[WHOLE.name]["hit_rate"] for gap, rows in table.items()},
        **{f"whole_ratio_{gap}": rows[WHOLE.name]["ratio"] for gap, rows in table.items()},
        "layouts": table,
    }


def _row(bill: Bill, seed: Bill, messages: int) -> dict[str, Any]:
    return {
        "hit_rate": round(bill.hit_rate, 3),
        "dollars_per_1000": round(1_000 * bill.dollars / messages, 3),
        "ratio": round(bill.dollars / seed.dollars, 3),
        "calls": bill.calls,
        "by_purpose": {
            purpose: round(1_000 * dollars / messages, 3) for purpose, dollars in bill.spent.items()
        },
    }


async def _recalled(folder: Path, extent: Extent, embedder: Embedder | None) -> dict[str, float]:
    """Return what prompts hold of what answers a question; nothing without questions."""
    if not extent.data.exists() or extent.conversations == 0:
        return {}
    told = conversations(extent.data, most=extent.conversations)
    return await prompt_recall.played(folder / "recall", told, embedder)


def _workers(processes: int) -> Executor:
    if processes == 1:
        return ThreadPoolExecutor(max_workers=1)
    return ProcessPoolExecutor(max_workers=processes, mp_context=get_context("spawn"))


@dataclass(frozen=True, slots=True)
class _Played:
    """Has the talk played by workers, in processes or a thread of their own."""

    folder: Path
    extent: Extent
    workers: Executor

    def begin(self, gap: int, layouts: Sequence[Layout]) -> asyncio.Future[dict[str, Bill]]:
        """Have the talk played once and billed in some layouts; in none it is seed 000's."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self.workers, _play, self.folder, self.extent, gap, layouts)


def _play(folder: Path, extent: Extent, gap: int, layouts: Sequence[Layout]) -> dict[str, Bill]:
    talk = _talk(extent, gap)
    if not layouts:
        return {SEED: play_seed(talk)}
    place, made = folder / f"{gap} {layouts[0].name}", kept_vectors(folder / VECTORS)
    return asyncio.run(play_ours(place, talk, layouts, tokens=extent.tokens, made=made))


def _talk(extent: Extent, gap: int) -> list[Said]:
    return pair_talk(channels=extent.channels, messages=extent.messages, gap=gap, data=extent.data)


def _words(talk: Sequence[Said]) -> list[str]:
    """Return all that is said and answered."""
    return [text for said in talk for text in (said.text, said.answer) if text]
