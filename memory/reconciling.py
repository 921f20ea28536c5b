"""Comparison of new facts with known ones: the same, doubtful, or new (C53)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory.extraction import FactCandidate
from memory.similarity import MOST_NEIGHBOURS, Verdict, compare, neighbours


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A known fact, with the fields needed for comparison.

    `here` says that its audience is that of the new fact. A model compares by `searched`, but whether two
    facts are the same is decided by `text` alone.
    """

    id: int
    text: str
    searched: str
    subject: str = ""
    pinned: bool = False
    here: bool = True


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The outcome for a new fact: it reinforces `same`, supersedes `ended`, or is added.

    `covered` says that a known fact with a wider audience already covers it, so nothing changes.
    """

    candidate: FactCandidate
    same: KnownFact | None = None
    ended: KnownFact | None = None
    covered: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A new fact that a model must decide on, with the most similar known facts in order of similarity."""

    candidate: FactCandidate
    neighbours: tuple[KnownFact, ...]


def reconcile(
    new: Sequence[FactCandidate], known: Sequence[KnownFact], likeness: Sequence[Sequence[float | None]]
) -> tuple[list[Reconciled], list[Doubt]]:
    """Return the outcomes of new facts, and the doubtful ones for a model.

    `likeness` has the cosine of each new fact (row) and each known one, None without embeddings.
    """
    settled: list[Reconciled] = []
    doubts: list[Doubt] = []
    for candidate, row in zip(new, likeness, strict=True):
        comparable = [
            (fact, cosine)
            for fact, cosine in zip(known, row, strict=True)
            if fact.subject == candidate.subject
        ]
        same = [
            fact for fact, cosine in comparable if compare(candidate.text, fact.text, cosine) is Verdict.SAME
        ]
        if same:
            settled.append(_matching(candidate, same))
            continue
        shown = [fact for fact, cosine in comparable if _may_be_same(candidate, fact, cosine)]
        places = neighbours(candidate.searched, ((fact.searched, cosine) for fact, cosine in comparable))
        shown += [comparable[place][0] for place in places]
        if shown:
            doubts.append(Doubt(candidate, tuple(shown[:MOST_NEIGHBOURS])))
        else:
            settled.append(Reconciled(candidate))
    return settled, doubts


def _may_be_same(candidate: FactCandidate, known: KnownFact, cosine: float | None) -> bool:
    """Return whether two facts match by their search texts, which a model may have worded."""
    return compare(candidate.searched, known.searched, cosine) is Verdict.SAME


def decided(doubts: Sequence[Doubt], answers: Sequence[object]) -> list[Reconciled]:
    """Return the outcomes that a model's answers give; a new fact without a usable answer is added.

    An answer is {"fact": n, "verdict": "same" | "update" | "new", "number": m}: n counts the new facts and m
    the known ones shown with it, both from 1. A pinned fact is never ended.
    """
    by_fact: dict[int, Mapping[str, Any]] = {}
    for answer in answers:
        if isinstance(answer, Mapping) and isinstance(answer.get("fact"), int):
            by_fact.setdefault(answer["fact"], answer)
    return [_decided(doubt, by_fact.get(number, {})) for number, doubt in enumerate(doubts, 1)]


def _decided(doubt: Doubt, answer: Mapping[str, Any]) -> Reconciled:
    number = answer.get("number")
    fits = isinstance(number, int) and 1 <= number <= len(doubt.neighbours)
    if not fits or not isinstance(number, int):
        return Reconciled(doubt.candidate)
    neighbour = doubt.neighbours[number - 1]
    if answer.get("verdict") == "same":
        return _matching(doubt.candidate, [neighbour])
    # A fact with another audience stays unchanged, because its successor would be unknown there (D2).
    if answer.get("verdict") == "update" and not neighbour.pinned and neighbour.here:
        return Reconciled(doubt.candidate, ended=neighbour)
    return Reconciled(doubt.candidate)


def _matching(candidate: FactCandidate, same: Sequence[KnownFact]) -> Reconciled:
    here = next((fact for fact in same if fact.here), None)
    if here is not None:
        return Reconciled(candidate, same=here)
    return Reconciled(candidate, covered=True)
