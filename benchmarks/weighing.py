"""Choosing the weights of ranking on some conversations, to see how they do on another one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from memory.ranking import RankingWeights

Rows = Sequence[Sequence[float]]
Tried = dict[RankingWeights, list[Rows]]
"""For each weights that were tried the recall of every question, conversation by conversation."""

PLAIN = RankingWeights(
    words=0.5, own=0.25, around=0.25, reach=((-1, 0.5), (1, 0.5)), speaker=1.0, asking=1.0, k1=1.2, b=0.75
)
"""Where the search begins: what one would take without having measured anything."""
_BALANCES = [
    {"words": words, "own": own, "around": round(1 - words - own, 2)}
    for words in (0.4, 0.5, 0.55, 0.6, 0.7)
    for own in (0.0, 0.1, 0.2)
]
_REACHES: list[dict[str, Any]] = [
    {"reach": reach}
    for reach in (
        (),
        ((-1, 0.5), (1, 0.5)),
        ((-2, 0.3), (-1, 0.5), (1, 0.5), (2, 0.3)),
        ((-2, 0.3), (-1, 0.7), (1, 0.5), (2, 0.3)),
        ((-2, 0.3), (-1, 0.7), (1, 0.7), (2, 0.3)),
        ((-2, 0.4), (-1, 0.8), (1, 0.6), (2, 0.3)),
    )
]
GRID: list[list[dict[str, Any]]] = [
    _REACHES,
    [{"speaker": speaker} for speaker in (1.0, 1.15, 1.25, 1.35)],
    [{"asking": asking} for asking in (1.0, 0.9, 0.8, 0.7)],
    _BALANCES,
    [{"k1": k1} for k1 in (0.6, 0.9, 1.2)],
    [{"b": b} for b in (0.2, 0.4, 0.75)],
]


def held_out(
    conversations: int, measure: Callable[[RankingWeights], list[Rows]], *, passes: int
) -> Iterator[tuple[RankingWeights, Rows]]:
    """Yield for each conversation the weights that do best on all the others, and how they do on it."""
    tried: Tried = {}

    def rows(weights: RankingWeights) -> list[Rows]:
        if weights not in tried:
            tried[weights] = measure(weights)
        return tried[weights]

    for left_out in range(conversations):
        others = [number for number in range(conversations) if number != left_out]

        def goodness(weights: RankingWeights, others: Sequence[int] = others) -> float:
            return _mean([rows(weights)[one] for one in others])

        chosen = _chosen(goodness, passes)
        yield chosen, rows(chosen)[left_out]


def _chosen(goodness: Callable[[RankingWeights], float], passes: int) -> RankingWeights:
    """Change one thing after the other as long as it makes the weights better."""
    best = PLAIN
    for _ in range(passes):
        before = best
        for changes in GRID:
            best = max([best, *(replace(best, **change) for change in changes)], key=goodness)
        if best == before:
            break
    return best


def _mean(of: Sequence[Rows]) -> float:
    return sum(sum(row) for rows in of for row in rows) / sum(len(rows) for rows in of)
