"""Ranking: which of the things said in one place, or known about one person, answer a question best.

A passage is as good as the share of the question's words that it holds (BM25) and as its vector is close.
In talk the words around a passage count too, fainter with distance: an answer rarely repeats what it was
asked. Scores are shares and no ranks, so what several indexes found can be put in one order.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from math import log
from typing import TYPE_CHECKING, NamedTuple

from memory.languages import ENGLISH_OR_NONE, language_of
from memory.words import without_names, words, words_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32] | npt.NDArray[np.int8]
    Vector = npt.NDArray[np.float32] | Sequence[float]

_QUESTION_MARKS = "?？؟"
_AT_ONCE = 512
"""Vectors that are compared in one go: made into floats they fit beside the processor."""
_MOST_SPEAKERS = 4
"""With so many or more, who said it lifts as much as it ever does."""


class Passage(NamedTuple):
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
class RankingWeights:
    """What counts how much; `python -m benchmarks recall` measures the defaults, which are for talk."""

    words: float = 0.5
    """The share of the question's words, the rare ones more (all of the score where there are no vectors)."""
    own: float = 0.1
    """How close the passage's own vector is."""
    around: float = 0.4
    """How close the vector is of the passage with its neighbours."""
    reach: tuple[tuple[int, float], ...] = ((-2, 0.3), (-1, 0.7), (1, 0.5), (2, 0.3))
    """What a neighbour so many places later counts, in words and in vectors; the passage itself counts 1."""
    speaker: float = 1.25
    """Said by somebody whom the question asks about, where two people talk; among more it tells more."""
    asking: float = 0.8
    """Ends with a question: asks for a thing more than it tells one."""
    k1: float = 1.2
    """BM25: a word that comes again counts little more."""
    b: float = 0.75
    """BM25: how much a long passage loses."""


TALK = RankingWeights()
TALK_ELSEWHERE = replace(TALK, words=0.3, around=0.6, speaker=1.35, asking=0.6)
"""For questions in other languages than English, whose words have more forms than we know."""
FACTS = RankingWeights(words=0.5, own=0.5, around=0.0, reach=(), speaker=1.0, asking=1.0)
"""For facts: none of them is the answer to the one before."""


class PassageIndex:
    """Passages, in the order in which they were said, made ready for questions."""

    def __init__(
        self, passages: Sequence[Passage], vectors: "Rows | None" = None, *, weights: RankingWeights = TALK
    ) -> None:
        """Take a vector for each passage, of any length, and a row of zeros where there is none."""
        self._passages = tuple(passages)
        self._weights = weights
        self._boosts = [1 + one.boost for one in passages]
        self._asking = [
            place for place, one in enumerate(passages) if weights.asking != 1 and _asks(one.text)
        ]
        self._speakers = len({one.speaker for one in passages})
        self._words = _Words(passages, weights)
        self._vectors: _Vectors | None = None
        if vectors is not None:
            self.take(vectors)

    def take(self, vectors: "Rows") -> None:
        """Take the vectors, if they were not there before the words."""
        self._vectors = _Vectors(vectors, self._passages, self._weights)

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
        weights = self._weights_for(query)
        shares = self._words.shares(words(without_names(query, asked_about)))
        if vector is None or self._vectors is None:
            scores: Iterable[tuple[int, float]] = shares.items()
        else:
            near = self._vectors.near(vector, weights)
            for place, share in shares.items():
                near[place] += weights.words * share
            scores = enumerate(near)
        passages, factors, lift = self._passages, self._factors(weights), self._lift(weights)
        rated = [
            (score * factors[place] * (lift if passages[place].speaker in asked_about else 1), place)
            for place, score in scores
            if score > 0
        ]
        # Where most are wanted to sort them all is faster.
        best = nlargest(limit, rated) if limit < len(rated) / 8 else sorted(rated, reverse=True)[:limit]
        return [Ranked(passages[place].id, score) for score, place in best]

    def _weights_for(self, query: str) -> RankingWeights:
        """Return the weights for a question: those of talk go by its language."""
        abroad = self._weights is TALK and language_of(query) not in ENGLISH_OR_NONE
        return TALK_ELSEWHERE if abroad else self._weights

    def _factors(self, weights: RankingWeights) -> list[float]:
        factors = self._boosts.copy()
        for place in self._asking:
            factors[place] *= weights.asking
        return factors

    def _lift(self, weights: RankingWeights) -> float:
        """Return what having said it counts: a name tells one of two people little, and more of more."""
        others = min(self._speakers, _MOST_SPEAKERS) - 1
        return 1 + (weights.speaker - 1) * max(others, 1)


class _Words:
    """The words of each passage, as they stand: to sort them takes longer than to look through them often."""

    def __init__(self, passages: Sequence[Passage], weights: RankingWeights) -> None:
        self._weights = weights
        self._talks = [one.talk for one in passages]
        texts = [f"{one.text} {one.date}" if one.date else one.text for one in passages]
        self._found = list(words_of(texts))
        spread = self._spread(enumerate(map(len, self._found)))
        average = sum(spread.values()) / max(len(spread), 1) or 1
        least, each = weights.k1 * (1 - weights.b), weights.k1 * weights.b / average
        self._long = array("d", (least + each * spread[place] for place in range(len(passages))))

    def shares(self, query: Sequence[str]) -> dict[int, float]:
        """Return, by place, the share of the query that is found there; 1 is out of reach."""
        there = self._places(query)
        rarity = {word: self._rarity(len(places)) for word, places in there.items()}
        whole = sum(rarity.values())
        scores: dict[int, float] = {}
        for word, weight in rarity.items():
            for place, count in self._spread(there[word].items()).items():
                found = weight / whole * count / (count + self._long[place])
                scores[place] = scores.get(place, 0.0) + found
        return scores

    def _places(self, query: Sequence[str]) -> dict[str, Counter[int]]:
        """Return, by word of the query, the places where it stands, as often as it does."""
        there = {word: Counter[int]() for word in query}
        without = there.keys().isdisjoint
        for place in [place for place, found in enumerate(self._found) if not without(found)]:
            for word in self._found[place]:
                if word in there:
                    there[word][place] += 1
        return there

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
    """The passages' vectors, as small as they come, and their lengths, alone and with what stands around."""

    def __init__(self, rows: "Rows", passages: Sequence[Passage], weights: RankingWeights) -> None:
        import numpy as np

        whole = rows.astype(np.float32)
        self._own, self._lengths = rows, np.sqrt(np.vecdot(whole, whole)).clip(1e-6)
        self._lent: list[tuple[npt.NDArray[np.intp], int, float]] = []
        """Which places are lent something by the one that is so much later, and what that counts."""
        self._lengths_around = np.ones(len(rows), np.float32)
        if not weights.reach:
            return
        whole /= self._lengths[:, np.newaxis]
        talks, around = np.array([one.talk for one in passages]), whole.copy()
        for offset, share in weights.reach:
            there = np.arange(len(talks)) + offset
            takers = np.flatnonzero((there >= 0) & (there < len(talks)))
            takers = takers[talks[takers] == talks[takers + offset]]
            around[takers] += share * whole[takers + offset]
            self._lent.append((takers, offset, share))
        self._lengths_around = np.sqrt(np.vecdot(around, around)).clip(1e-6)

    def near(self, vector: "Vector", weights: RankingWeights) -> list[float]:
        """Return by place how close a vector is, as far as that counts."""
        import numpy as np

        # Not by matrix product, which wakes threads: on a busy machine their turn comes late.
        asked, own = np.asarray(vector, np.float32), np.empty(len(self._own), np.float32)
        for at in range(0, len(own), _AT_ONCE):
            some = slice(at, at + _AT_ONCE)
            np.vecdot(self._own[some, : len(asked)], asked, out=own[some])
        own /= self._lengths
        near = weights.own * own.clip(0)
        if weights.around:
            around = own.copy()
            for takers, offset, share in self._lent:
                around[takers] += share * own[takers + offset]
            near += weights.around * (around / self._lengths_around).clip(0)
        found: list[float] = near.tolist()
        return found


def _asks(text: str) -> bool:
    """Say whether a text ends with a question."""
    telling = (one for one in reversed(text) if one.isalnum() or one in _QUESTION_MARKS)
    return next(telling, ".") in _QUESTION_MARKS
