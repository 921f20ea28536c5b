"""How new facts are told from known ones: labelled pairs, by their vectors and by their words alone."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Goal, with_goals
from memory.embeddings import EmbedderMissing, open_embedder
from memory.similarity import Verdict, compare

PAIRS = Path(__file__).parent.parent / "tests" / "data" / "fact_pairs.jsonl"
SAME = "same"
LABELS = (SAME, "contradiction", "update", "different")
CONTRARY = ("contradiction", "update")
HELD_OUT = 3
"""Each third pair was left aside when the thresholds and the words were chosen."""

GOALS: tuple[Goal, ...] = (
    Goal("contradictions_merged", 0),
    Goal("precision", 0.95, at_least=True),
)
LEXICAL_GOALS: tuple[Goal, ...] = (
    Goal("lexical_contradictions_merged", 0),
    Goal("lexical_precision", 0.95, at_least=True),
)
Pair = Mapping[str, str]
Counts = Counter[tuple[str, Verdict]]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many pairs are compared, from the first."""

    pairs: int | None = None


QUICK = Extent(pairs=60)


async def measure(_folder: Path, extent: Extent) -> dict[str, Any]:
    """Return how many pairs of each label got which verdict, and what that is worth."""
    pairs = labelled_pairs()[: extent.pairs]
    lexical = verdicts(pairs, [None] * len(pairs))
    cosines = await cosines_of(pairs)
    figures = {"bench": "duplicates", "pairs": len(pairs), "lexical": by_part(pairs, lexical)}
    goals = LEXICAL_GOALS
    if cosines is None:
        figures["skipped"] = "vectors: the packages of the extra `memory` are not installed"
    else:
        goals = (*GOALS, *LEXICAL_GOALS)
        embedded = verdicts(pairs, cosines)
        figures |= {"embedded": by_part(pairs, embedded), **_for_goals(pairs, embedded)}
    figures |= {f"lexical_{name}": value for name, value in _for_goals(pairs, lexical).items()}
    return with_goals(figures, goals)


def labelled_pairs() -> list[Pair]:
    """Return the pairs: {"old": fact, "new": fact, "label": one of LABELS}."""
    return [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]


async def cosines_of(pairs: Sequence[Pair]) -> list[float | None] | None:
    """Return the cosine of each pair, or None where the embedding model is not installed."""
    try:
        embedder = open_embedder("minilm")
    except EmbedderMissing:
        return None
    if embedder is None:
        return None
    try:
        old = await embedder.encode([pair["old"] for pair in pairs])
        new = await embedder.encode([pair["new"] for pair in pairs])
    finally:
        embedder.close()
    return [float(cosine) for cosine in (old * new).sum(axis=1)]


def verdicts(pairs: Sequence[Pair], cosines: Sequence[float | None]) -> list[Verdict]:
    """Return the verdict on each pair."""
    return [compare(pair["new"], pair["old"], cosine) for pair, cosine in zip(pairs, cosines, strict=True)]


def by_part(pairs: Sequence[Pair], found: Sequence[Verdict]) -> dict[str, Any]:
    """Return the figures of the pairs that were tuned on, and of those that were held out."""
    counted: dict[str, Counts] = {"tuned_on": Counter(), "held_out": Counter()}
    for number, (pair, verdict) in enumerate(zip(pairs, found, strict=True), 1):
        part = "held_out" if number % HELD_OUT == 0 else "tuned_on"
        counted[part][pair["label"], verdict] += 1
    return {part: figures(counts) for part, counts in counted.items()}


def figures(counts: Counts) -> dict[str, Any]:
    """Return the counts by label and verdict, the precision of SAME, and the share left to a model."""
    return {
        "counts": {label: {verdict.value: counts[label, verdict] for verdict in Verdict} for label in LABELS},
        "precision": precision(counts),
        "contradictions_merged": sum(counts[label, Verdict.SAME] for label in CONTRARY),
        "share_asked": round(sum(counts[label, Verdict.ASK] for label in LABELS) / counts.total(), 3),
    }


def precision(counts: Counts) -> float:
    """Return the share of SAME verdicts that are right; 1 where there are none."""
    merged = sum(counts[label, Verdict.SAME] for label in LABELS)
    return round(counts[SAME, Verdict.SAME] / merged, 3) if merged else 1.0


def _for_goals(pairs: Sequence[Pair], found: Sequence[Verdict]) -> dict[str, Any]:
    counts: Counts = Counter((pair["label"], verdict) for pair, verdict in zip(pairs, found, strict=True))
    return {name: figures(counts)[name] for name in ("precision", "contradictions_merged", "share_asked")}
