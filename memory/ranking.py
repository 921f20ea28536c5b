"""Ranking: which of the things said in one place, or known about one person, answer a question best.

A passage is as good as the share of the question's words that it holds (BM25) and as its vector is close.
In talk the words around a passage count too, fainter with distance: an answer rarely repeats what it was
asked. Scores are shares and no ranks, so what several indexes found can be put in one order.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log
from typing import TYPE_CHECKING

from memory.words import without_names, words, words_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32] | npt.NDArray[np.int8]
    Vector = npt.NDArray[np.float32] | Sequence[float]

_QUESTION_MARKS = "?？؟"


@dataclass(frozen=True, slots=True)
class Passage:
    """Something said, or known: `text` holds what a picture shows, and no speaker's name.

    `date` is its day in words ("8 May 2023"), which a question may name. Passages of the same `talk` that
    follow each other are neighbours. `boost` lifts what fits: 0.1 makes its score a tenth higher.
    """

    id: int
    text: str
    speaker: str = ""
    date: str = ""
    talk: int = 0
    boost: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage that was found, by its id; a higher score is better, and 1 is about the highest."""

    id: int
    score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much; `python -m benchmarks recall` measures the defaults, which are for talk."""

    words: float = 0.6
    """The share of the question's words, the rare ones more (all of the score where there are no vectors)."""
    own: float = 0.1
    """How close the passage's own vector is."""
    around: float = 0.3
    """How close the vector is of the passage with its neighbours."""
    reach: tuple[tuple[int, float], ...] = ((-2, 0.3), (-1, 0.7), (1, 0.5), (2, 0.3))
    """What a neighbour so many places later counts, in words and in vectors; the passage itself counts 1."""
    speaker: float = 1.25
    """Said by somebody whom the question asks about."""
    asking: float = 0.8
    """Ends with a question: asks for a thing more than it tells one."""
    k1: float = 1.2
    """BM25: a word that comes again counts little more."""
    b: float = 0.75
    """BM25: how much a long passage loses."""


TALK = Weights()
FACTS = Weights(words=0.5, own=0.5, around=0.0, reach=(), speaker=1.0, asking=1.0)
"""For facts: none of them is the answer to the one before."""


class Index:
    """Passages, in the order in which they were said, made ready for questions. It does not change."""

    def __init__(
        self, passages: Sequence[Passage], vectors: "Rows | None" = None, *, weights: Weights = TALK
    ) -> None:
        """Take a row of `vectors` for each passage (8 bit or float32, zeros where there is none)."""
        self._passages = tuple(passages)
        self._weights = weights
        self._factors = [1 + one.boost for one in passages]
        if weights.asking != 1:
            asking = (weights.asking if _asks(one.text) else 1 for one in passages)
            self._factors = [factor * asked for factor, asked in zip(self._factors, asking, strict=True)]
        self._words = _Words(passages, weights)
        self._vectors = None if vectors is None else _Vectors(vectors, passages, weights)

    def rank(
        self,
        query: str,
        vector: "Vector | None" = None,
        *,
        asked_about: Collection[str] = (),
        limit: int,
    ) -> list[Ranked]:
        """Return the best passages, best first: at most `limit`, and none that has nothing of the query.

        `asked_about` are the people whom the query names or means, as `speaker` names them; `vector` is that
        of `asked_of_oneself(query, asked_about)`.
        """
        shares = self._words.shares(words(without_names(query, asked_about)))
        if vector is None or self._vectors is None:
            scores: Iterable[tuple[int, float]] = shares.items()
        else:
            near = self._vectors.near(vector)
            for place, share in shares.items():
                near[place] += self._weights.words * share
            scores = enumerate(near)
        passages, factors, lift = self._passages, self._factors, self._weights.speaker
        rated = [
            (score * factors[place] * (lift if passages[place].speaker in asked_about else 1), place)
            for place, score in scores
            if score > 0
        ]
        return [Ranked(passages[place].id, score) for score, place in nlargest(limit, rated)]


class _Words:
    """The passages' words, inverted: in which places each of them stands, as often as it does."""

    def __init__(self, passages: Sequence[Passage], weights: Weights) -> None:
        self._weights = weights
        self._talks = [one.talk for one in passages]
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        lengths = []
        texts = [f"{one.text} {one.date}" if one.date else one.text for one in passages]
        for place, found in enumerate(words_of(texts)):
            lengths.append(len(found))
            for word in found:
                self._places[word].append(place)
        spread = self._spread(enumerate(lengths))
        average = sum(spread.values()) / max(len(spread), 1) or 1
        least, each = weights.k1 * (1 - weights.b), weights.k1 * weights.b / average
        self._long = array("d", (least + each * spread[place] for place in range(len(passages))))

    def shares(self, query: Sequence[str]) -> dict[int, float]:
        """Return, by place, the share of the query that is found there; 1 is out of reach."""
        there = {word: Counter(self._places.get(word, ())) for word in query}
        rarity = {word: self._rarity(len(places)) for word, places in there.items()}
        whole = sum(rarity.values())
        scores: dict[int, float] = {}
        for word, weight in rarity.items():
            for place, count in self._spread(there[word].items()).items():
                found = weight / whole * count / (count + self._long[place])
                scores[place] = scores.get(place, 0.0) + found
        return scores

    def _rarity(self, held: int) -> float:
        """Return what a word counts that so many passages hold."""
        return log(1 + (len(self._talks) - held + 0.5) / (held + 0.5))

    def _spread(self, counts: Iterable[tuple[int, int]]) -> dict[int, float]:
        """Return counts by place, with what the neighbours lend."""
        talks, reach = self._talks, self._weights.reach
        if not reach:
            return dict(counts)
        spread: dict[int, float] = {}
        for place, count in counts:
            spread[place] = spread.get(place, 0.0) + count
            for offset, share in reach:
                # What stands here is lent to the passage that sees this place at that offset.
                taker = place - offset
                if 0 <= taker < len(talks) and talks[taker] == talks[place]:
                    spread[taker] = spread.get(taker, 0.0) + share * count
        return spread


class _Vectors:
    """The passages' vectors, and those of the passages with what stands around them."""

    def __init__(self, rows: "Rows", passages: Sequence[Passage], weights: Weights) -> None:
        import numpy as np

        self._weights = weights
        self._own = self._around = _unit(rows.astype(np.float32))
        if not weights.reach:
            return
        talks, around = np.array([one.talk for one in passages]), self._own.copy()
        for offset, share in weights.reach:
            there = np.arange(len(talks)) + offset
            takers = np.flatnonzero((there >= 0) & (there < len(talks)))
            takers = takers[talks[takers] == talks[takers + offset]]
            around[takers] += share * self._own[takers + offset]
        self._around = _unit(around)

    def near(self, vector: "Vector") -> list[float]:
        """Return by place how close a vector is, as far as that counts."""
        import numpy as np

        vector, weights = np.asarray(vector, np.float32), self._weights
        near = weights.own * (self._own @ vector).clip(0)
        if weights.around:
            near += weights.around * (self._around @ vector).clip(0)
        found: list[float] = near.tolist()
        return found


def _asks(text: str) -> bool:
    """Say whether a text ends with a question."""
    telling = (one for one in reversed(text) if one.isalnum() or one in _QUESTION_MARKS)
    return next(telling, ".") in _QUESTION_MARKS


def _unit(rows: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
    """Return rows at unit length; those of zeros stay."""
    import numpy as np

    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, np.newaxis]
    unit: npt.NDArray[np.float32] = rows / np.maximum(lengths, np.float32(1e-12))
    return unit
