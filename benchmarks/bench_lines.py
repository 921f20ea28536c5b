"""How many new lines of channels get past the rules to the vote, and of those that should be answered."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Goal, with_goals
from tests.lines import FRESH, HELD_OUT, TUNING, recall, ruled_on, share

SETS = {"tuning": TUNING, "held_out": HELD_OUT, "fresh": FRESH}
GOALS = tuple(
    goal
    for name in ("tuning", "held_out")
    for goal in (Goal(f"{name}_share", 0.25), Goal(f"{name}_recall", 0.95, at_least=True))
)


@dataclass(frozen=True, slots=True)
class Extent:
    """Nothing to choose: all sets are judged in a moment."""


QUICK = Extent()


async def measure(_folder: Path, _extent: Extent) -> dict[str, Any]:
    """Return both shares of each set, for each server as well, and the time that a line takes."""
    figures: dict[str, Any] = {"bench": "lines"}
    begun, count = time.thread_time(), 0
    for name, file in SETS.items():
        lines = list(ruled_on(file))
        count += len(lines)
        servers = dict.fromkeys(one.line.server for one in lines)
        of = {server: [one for one in lines if one.line.server == server] for server in servers}
        figures |= {
            f"{name}_share": round(share(lines), 3),
            f"{name}_recall": round(recall(lines), 3),
            f"{name}_servers": {
                server: {"share": round(share(some), 3), "recall": round(recall(some), 3)}
                for server, some in of.items()
            },
        }
    figures["us_per_line"] = round(1e6 * (time.thread_time() - begun) / count)
    return with_goals(figures, GOALS)
