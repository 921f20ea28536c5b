"""How new facts are told from known ones: labelled pairs, by their vectors and by their words alone."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Goal, with_goals
from memory.embeddings import MULTILINGUAL, EmbedderMissing, open_embedder
from memory.similarity import Verdict, compare, neighbours

PAIRS = Path(__file__).parent.parent / "tests" / "data" / "fact_pairs.jsonl"
SAME = "same"
LABELS = (SAME, "contradiction", "update", "different")
CONTRARY = ("contradiction", "update")
UPDATE = "update"
PARTS = ("tuned_on", "held_out")
LANGUAGES = ("en", "de", "fr", "es", "pt", "ja")
KNOWN = 50
"""So many pairs make up what is known of one person, when updates are looked for among it."""

GOALS: tuple[Goal, ...] = (
    Goal("contradictions_merged", 0),
    Goal("precision", 0.95, at_least=True),
    Goal("most_updates_missed", 0.05),
)
LEXICAL_GOALS: tuple[Goal, ...] = (
    Goal("lexical_contradictions_merged", 0),
    Goal("lexical_precision", 0.95, at_least=True),
    Goal("lexical_most_updates_missed", 0.05),
)
Pair = Mapping[str, str]
Cosines = Sequence[Sequence[float | None]]
"""Of each new fact (rows) to each old one."""
Counts = Counter[tuple[str, Verdict]]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many pairs are compared, from the first."""

    pairs: int | None = None


QUICK = Extent(pairs=60)


async def measure(_folder: Path, extent: Extent) -> dict[str, Any]:
    """Return how many pairs of each label got which verdict, and what that is worth."""
    pairs = labelled_pairs()[: extent.pairs]
    nothing: Cosines = [[None] * len(pairs) for _ in pairs]
    figures: dict[str, Any] = {"bench": "duplicates", "pairs": len(pairs)}
    figures |= _figures(pairs, nothing, "lexical", "lexical_")
    goals = LEXICAL_GOALS
    cosines = await cosines_of(pairs)
    if cosines is None:
        figures["skipped"] = "vectors: the packages of the extra `memory` are not installed"
    else:
        goals = (*GOALS, *LEXICAL_GOALS)
        figures |= _figures(pairs, cosines, "embedded", "")
    return with_goals(figures, goals)


def _figures(pairs: Sequence[Pair], cosines: Cosines, name: str, prefix: str) -> dict[str, Any]:
    found = verdicts(pairs, [row[place] for place, row in enumerate(cosines)])
    counts: Counts = Counter((pair["label"], verdict) for pair, verdict in zip(pairs, found, strict=True))
    missed = updates_missed(pairs, cosines)
    worth = {each: figures(counts)[each] for each in ("precision", "contradictions_merged", "share_asked")}
    worth |= {"updates_missed": missed, "most_updates_missed": max(missed.values(), default=0.0)}
    return {name: by_part(pairs, found)} | {f"{prefix}{each}": value for each, value in worth.items()}


def updates_missed(pairs: Sequence[Pair], cosines: Cosines) -> dict[str, float]:
    """Return, by language, the share of updates for which no model is shown the fact that they end.

    It stands among what is known of somebody: the old facts of up to KNOWN pairs.
    """
    missed: dict[str, float] = {}
    for language in LANGUAGES:
        places = [place for place, pair in enumerate(pairs) if pair["lang"] == language]
        updates = [place for place in places if pairs[place]["label"] == UPDATE]
        lost = sum(not _shown(place, _known_with(place, places), pairs, cosines) for place in updates)
        if updates:
            missed[language] = round(lost / len(updates), 3)
    return missed


def _known_with(place: int, places: Sequence[int]) -> list[int]:
    begin = places.index(place) // KNOWN * KNOWN
    return list(places[begin : begin + KNOWN])


def _shown(place: int, known: Sequence[int], pairs: Sequence[Pair], cosines: Cosines) -> bool:
    old = {pairs[one]["old"]: cosines[place][one] for one in known}
    shown = neighbours(pairs[place]["new"], old.items())
    return pairs[place]["old"] in {list(old)[one] for one in shown}


def labelled_pairs() -> list[Pair]:
    """Return the pairs: old and new fact, label (of LABELS), lang and part (of PARTS)."""
    return [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]


async def cosines_of(pairs: Sequence[Pair]) -> Cosines | None:
    """Return the cosines of all new facts to all old ones; None without the embedding model."""
    try:
        embedder = open_embedder(MULTILINGUAL)
    except EmbedderMissing:
        return None
    if embedder is None:
        return None
    try:
        old = await embedder.encode([pair["old"] for pair in pairs])
        new = await embedder.encode([pair["new"] for pair in pairs])
    finally:
        embedder.close()
    return [[float(cosine) for cosine in row] for row in new @ old.T]


def verdicts(pairs: Sequence[Pair], cosines: Sequence[float | None]) -> list[Verdict]:
    """Return the verdict on each pair."""
    return [compare(pair["new"], pair["old"], cosine) for pair, cosine in zip(pairs, cosines, strict=True)]


def by_part(pairs: Sequence[Pair], found: Sequence[Verdict]) -> dict[str, Any]:
    """Return the figures of the pairs that were tuned on, and of those that were held out."""
    counted: dict[str, Counts] = {part: Counter() for part in PARTS}
    for pair, verdict in zip(pairs, found, strict=True):
        counted[pair["part"]][pair["label"], verdict] += 1
    return {part: figures(counts) for part, counts in counted.items() if counts}


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
