"""What replies cost by the layout of their prompts: ours, what else was tried, and that of seed 000."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.layouts import Layout, recalling, sliding, stamped, uncached
from benchmarks.measuring import Goal, with_goals
from benchmarks.pair_talk import pair_talk, source_of_talk
from benchmarks.playing import Bill, play_ours, play_seed

THRESHOLD = 25_000
LAYOUTS = (
    Layout("ours", THRESHOLD),
    Layout("ours at 12,000 tokens", 12_000),
    Layout("ours at 6,000 tokens", 6_000),
    Layout("cached for 5 minutes", THRESHOLD, ttl="5m"),
    Layout("sliding window", THRESHOLD, change=sliding, condensed=False),
    Layout("memories in the system prompt", THRESHOLD, change=recalling),
    Layout("time in the system prompt", THRESHOLD, change=stamped),
    Layout("not cached", THRESHOLD, change=uncached),
)
OURS, SEED = LAYOUTS[0].name, "seed 000"


@dataclass(frozen=True, slots=True)
class Extent:
    """How long the talk is in each of the channels, and the seconds between two messages there."""

    channels: int = 4
    messages: int = 2_500
    gaps: tuple[int, ...] = (20, 60, 240)
    layouts: tuple[Layout, ...] = LAYOUTS
    processes: int = 2


QUICK = Extent(
    channels=2,
    messages=80,
    gaps=(60,),
    layouts=tuple(replace(layout, tokens=1_500) for layout in LAYOUTS if layout.tokens == THRESHOLD),
    processes=1,
)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return what each layout came to at each gap, and whether ours meets the goals."""
    loop = asyncio.get_running_loop()
    runs = [(gap, layouts) for gap in extent.gaps for layouts in _together(extent.layouts)]
    with _workers(extent.processes) as workers:
        bills = await asyncio.gather(
            *(loop.run_in_executor(workers, _played, folder, extent, *run) for run in runs)
        )
    by_gap: dict[int, dict[str, Bill]] = {gap: {} for gap in extent.gaps}
    for (gap, _), billed in zip(runs, bills, strict=True):
        by_gap[gap] |= billed
    return with_goals(figures(by_gap, extent), goals(extent.gaps))


def goals(gaps: Sequence[int]) -> list[Goal]:
    """Return what ours has to reach at each gap."""
    return [
        goal
        for gap in gaps
        for goal in (Goal(f"hit_rate_{gap}s", 0.70, at_least=True), Goal(f"ratio_{gap}s", 0.30))
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
        "talk": source_of_talk(),
        "channels": extent.channels,
        "messages": messages,
        **{f"hit_rate_{gap}": rows[OURS]["hit_rate"] for gap, rows in table.items()},
        **{f"ratio_{gap}": rows[OURS]["ratio"] for gap, rows in table.items()},
        "layouts": table,
    }


def _row(bill: Bill, seed: Bill, messages: int) -> dict[str, float]:
    return {
        "hit_rate": round(bill.hit_rate, 3),
        "dollars_per_1000": round(1_000 * bill.dollars / messages, 3),
        "ratio": round(bill.dollars / seed.dollars, 3),
        "replies": bill.replies,
        "summaries": bill.summaries,
    }


def _together(layouts: Sequence[Layout]) -> Iterator[tuple[Layout, ...]]:
    """Yield the layouts that one run of the talk can bill side by side, and none for seed 000."""
    yield ()
    for tokens in dict.fromkeys(layout.tokens for layout in layouts):
        yield tuple(layout for layout in layouts if layout.tokens == tokens)


def _workers(processes: int) -> Executor:
    if processes == 1:
        return ThreadPoolExecutor(max_workers=1)
    return ProcessPoolExecutor(max_workers=processes, mp_context=get_context("spawn"))


def _played(folder: Path, extent: Extent, gap: int, layouts: Sequence[Layout]) -> dict[str, Bill]:
    """Play the talk once, in a process or thread of its own."""
    talk = pair_talk(channels=extent.channels, messages=extent.messages, gap=gap)
    if not layouts:
        return {SEED: play_seed(talk)}
    return asyncio.run(play_ours(folder / f"{gap}-{layouts[0].tokens}", talk, layouts))
