"""New facts against known ones: the same said again, something that may be, or something new (C53)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory.extraction import FactCandidate
from memory.similarity import MOST_NEIGHBOURS, Verdict, compare, neighbours


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact that is known, as far as comparing looks at it.

    It is of `here` where it may come up in just those places in which a new one may. By what is `searched` a
    model gets to see it; that two facts are the same is told by what was said alone.
    """

    id: int
    text: str
    searched: str
    subject: str = ""
    pinned: bool = False
    here: bool = True


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What becomes of a new fact: it adds to `same`, takes the place of `ended`, or stands beside the others.

    `covered` says that it is known already, for more people to see: then nothing is to be done.
    """

    candidate: FactCandidate
    same: KnownFact | None = None
    ended: KnownFact | None = None
    covered: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """A new fact for which a model has to decide, and the known ones that it is like, the likest first."""

    candidate: FactCandidate
    neighbours: tuple[KnownFact, ...]


def reconcile(
    new: Sequence[FactCandidate], known: Sequence[KnownFact], likeness: Sequence[Sequence[float | None]]
) -> tuple[list[Reconciled], list[Doubt]]:
    """Return what becomes of new facts, and those for which a model is to be asked.

    `likeness` holds the cosine of each new fact (rows) to each known one, None without embeddings.
    """
    settled: list[Reconciled] = []
    doubts: list[Doubt] = []
    for candidate, row in zip(new, likeness, strict=True):
        comparable = [
            (one, cosine) for one, cosine in zip(known, row, strict=True) if one.subject == candidate.subject
        ]
        same = [
            one for one, cosine in comparable if compare(candidate.text, one.text, cosine) is Verdict.SAME
        ]
        if same:
            settled.append(_again(candidate, same))
            continue
        shown = [one for one, cosine in comparable if _may_be_same(candidate, one, cosine)]
        places = neighbours(candidate.searched, ((one.searched, cosine) for one, cosine in comparable))
        shown += [comparable[place][0] for place in places]
        if shown:
            doubts.append(Doubt(candidate, tuple(shown[:MOST_NEIGHBOURS])))
        else:
            settled.append(Reconciled(candidate))
    return settled, doubts


def _may_be_same(candidate: FactCandidate, known: KnownFact, cosine: float | None) -> bool:
    """Say whether two facts are the same by what they are found by, which a model may have worded."""
    return compare(candidate.searched, known.searched, cosine) is Verdict.SAME


def decided(doubts: Sequence[Doubt], answers: Sequence[object]) -> list[Reconciled]:
    """Return what becomes of new facts by a model's answers; what it says nothing usable about is new.

    An answer is {"fact": n, "verdict": "same" | "update" | "new", "number": m}: n counts the new facts, and m
    the known ones that were shown with it, both from 1. What is pinned is never ended.
    """
    by_fact: dict[int, Mapping[str, Any]] = {}
    for one in answers:
        if isinstance(one, Mapping) and isinstance(one.get("fact"), int):
            by_fact.setdefault(one["fact"], one)
    return [_decided(doubt, by_fact.get(number, {})) for number, doubt in enumerate(doubts, 1)]


def _decided(doubt: Doubt, answer: Mapping[str, Any]) -> Reconciled:
    number = answer.get("number")
    fits = isinstance(number, int) and 1 <= number <= len(doubt.neighbours)
    if not fits or not isinstance(number, int):
        return Reconciled(doubt.candidate)
    one = doubt.neighbours[number - 1]
    if answer.get("verdict") == "same":
        return _again(doubt.candidate, [one])
    # What was told elsewhere is not touched from here: there, what took its place would not be known (D2).
    if answer.get("verdict") == "update" and not one.pinned and one.here:
        return Reconciled(doubt.candidate, ended=one)
    return Reconciled(doubt.candidate)


def _again(candidate: FactCandidate, same: Sequence[KnownFact]) -> Reconciled:
    here = next((one for one in same if one.here), None)
    if here is not None:
        return Reconciled(candidate, same=here)
    return Reconciled(candidate, covered=True)
