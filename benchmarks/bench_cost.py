"""What deciding costs: model calls for each message of a channel's talk, next to a vote on everything."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Goal, with_goals
from tests.listening import listen
from tests.talk import LOCOMO, channel_log

ON_EVERYTHING = 3.26
"""Calls a message of a program that asks who is addressed and then votes three times on each message."""
MISTAKEN = 0.1
GOALS = (Goal("ratio", 0.7), Goal("vote_share", 0.25))


@dataclass(frozen=True, slots=True)
class Extent:
    """How long the talk is, and where its words come from."""

    messages: int = 1_200
    data: Path = LOCOMO


QUICK = Extent(messages=150)


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return calls and dollars for each message, and what they were for; one vote in ten is mistaken."""
    log = channel_log(messages=extent.messages, data=extent.data)
    played = await listen(folder, log, errors=MISTAKEN)
    calls = sum(played.calls.values())
    figures = {
        "bench": "cost",
        "talk": "LoCoMo" if extent.data.exists() else "generated",
        "messages": played.messages,
        "calls_per_message": round(calls / played.messages, 3),
        **{f"{purpose}_calls": count for purpose, count in sorted(played.calls.items())},
        "vote_share": round(played.vote_share, 3),
        "recall": round(played.recall, 3),
        "uncached_dollars_per_1000": round(1_000 * played.cost / played.messages, 3),
        "ratio": round(calls / played.messages / ON_EVERYTHING, 3),
    }
    return with_goals(figures, GOALS)
