"""Ranking of a channel's lines or a person's facts by how well they answer a question.

A score combines the share of the question's words that a passage holds (BM25) with the similarity of the
vectors. In talk the neighbouring passages count too, less with distance: an answer rarely repeats the
question. Scores are shares and not ranks, so the results of several indexes can be merged.
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
"""Vectors per comparison: as floats they fit into the processor's cache."""
_MOST_SPEAKERS = 4
"""From this number of speakers on, the boost for the right speaker no longer grows."""


class Passage(NamedTuple):
    """A line or a fact. `text` includes descriptions of pictures, but not the speaker's name.

    `date` is its day in words ("8 May 2023"), which a question may contain. Consecutive passages of the same
    `talk` are neighbours. `boost` raises the score: 0.1 makes it a tenth higher.
    """

    id: int
    text: str
    speaker: str = ""
    date: str = ""
    talk: int = 0
    boost: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranked:
    """The id of a passage with its score; higher is better, and 1 is about the highest."""

    id: int
    score: float


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """The weights of a score; `python -m benchmarks recall` measures the defaults, which are for talk."""

    words: float = 0.5
    """The share of the question's words, weighted by rarity; the whole score if there are no vectors."""
    own: float = 0.1
    """The similarity of the passage's own vector."""
    around: float = 0.4
    """The similarity of the vector of the passage with its neighbours."""
    reach: tuple[tuple[int, float], ...] = ((-2, 0.3), (-1, 0.7), (1, 0.5), (2, 0.3))
    """(offset, weight) of each neighbour, in words and in vectors; the passage itself counts 1."""
    speaker: float = 1.25
    """Boost if the question asks about the speaker, for two speakers; it grows with their number."""
    asking: float = 0.8
    """Factor for a passage that ends with a question, and so tells little."""
    k1: float = 1.2
    """BM25: saturation of repeated words."""
    b: float = 0.75
    """BM25: length normalisation."""


TALK = RankingWeights()
TALK_ELSEWHERE = replace(TALK, words=0.3, around=0.6, speaker=1.35, asking=0.6)
"""For questions in languages other than English, whose word forms the stemmer does not know."""
FACTS = RankingWeights(words=0.5, own=0.5, around=0.0, reach=(), speaker=1.0, asking=1.0)
"""For facts, which have no neighbours."""


class PassageIndex:
    """A search index over passages in chronological order."""

    def __init__(
        self, passages: Sequence[Passage], vectors: "Rows | None" = None, *, weights: RankingWeights = TALK
    ) -> None:
        """Index the passages; `vectors` has a row for each, of any length, zeros for one without a vector."""
        self._passages = tuple(passages)
        self._weights = weights
        self._boosts = [1 + passage.boost for passage in passages]
        self._asking = [
            place for place, passage in enumerate(passages) if weights.asking != 1 and _asks(passage.text)
        ]
        self._speakers = len({passage.speaker for passage in passages})
        self._words = _Words(passages, weights)
        self._vectors: _Vectors | None = None
        if vectors is not None:
            self.take(vectors)

    def take(self, vectors: "Rows") -> None:
        """Add the vectors, if the index was built without them."""
        self._vectors = _Vectors(vectors, self._passages, self._weights)

    def rank(
        self,
        query: str,
        vector: "Vector | None" = None,
        *,
        asked_about: Collection[str] = (),
        limit: int,
    ) -> list[Ranked]:
        """Return at most `limit` passages, best first, without those that share nothing with the query.

        `asked_about` are the people whom the query names or means, as in `speaker`; `vector` encodes
        `asked_of_oneself(query, asked_about)`.
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
        # If most are wanted, sorting all is faster.
        best = nlargest(limit, rated) if limit < len(rated) / 8 else sorted(rated, reverse=True)[:limit]
        return [Ranked(passages[place].id, score) for score, place in best]

    def _weights_for(self, query: str) -> RankingWeights:
        """Return the weights for a question; for talk they depend on its language."""
        abroad = self._weights is TALK and language_of(query) not in ENGLISH_OR_NONE
        return TALK_ELSEWHERE if abroad else self._weights

    def _factors(self, weights: RankingWeights) -> list[float]:
        factors = self._boosts.copy()
        for place in self._asking:
            factors[place] *= weights.asking
        return factors

    def _lift(self, weights: RankingWeights) -> float:
        """Return the boost for the right speaker: among two people it tells little, among many a lot."""
        others = min(self._speakers, _MOST_SPEAKERS) - 1
        return 1 + (weights.speaker - 1) * max(others, 1)


class _Words:
    """The words of each passage, unsorted: building an inverted index takes longer than many scans."""

    def __init__(self, passages: Sequence[Passage], weights: RankingWeights) -> None:
        self._weights = weights
        self._talks = [passage.talk for passage in passages]
        texts = [f"{passage.text} {passage.date}" if passage.date else passage.text for passage in passages]
        self._found = list(words_of(texts))
        spread = self._spread(enumerate(map(len, self._found)))
        average = sum(spread.values()) / max(len(spread), 1) or 1
        least, each = weights.k1 * (1 - weights.b), weights.k1 * weights.b / average
        self._long = array("d", (least + each * spread[place] for place in range(len(passages))))

    def shares(self, query: Sequence[str]) -> dict[int, float]:
        """Return the share of the query's words in each passage, by place; always below 1."""
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
        """Return for each word of the query its count by place."""
        there = {word: Counter[int]() for word in query}
        without = there.keys().isdisjoint
        for place in [place for place, found in enumerate(self._found) if not without(found)]:
            for word in self._found[place]:
                if word in there:
                    there[word][place] += 1
        return there

    def _rarity(self, held: int) -> float:
        """Return the weight (inverse document frequency) of a word that `held` passages contain."""
        return log(1 + (len(self._talks) - held + 0.5) / (held + 0.5))

    def _spread(self, counts: Iterable[tuple[int, int]]) -> dict[int, float]:
        """Return counts by place, including the weighted counts of neighbours."""
        talks, reach = self._talks, self._weights.reach
        if not reach:
            return dict(counts)
        spread: dict[int, float] = {}
        for place, count in counts:
            spread[place] = spread.get(place, 0.0) + count
            for offset, share in reach:
                # The passage that has this place as its neighbour at that offset.
                taker = place - offset
                if 0 <= taker < len(talks) and talks[taker] == talks[place]:
                    spread[taker] = spread.get(taker, 0.0) + share * count
        return spread


class _Vectors:
    """The passages' vectors as given, and the lengths of these and of their sums with the neighbours."""

    def __init__(self, rows: "Rows", passages: Sequence[Passage], weights: RankingWeights) -> None:
        import numpy as np

        whole = rows.astype(np.float32)
        self._own, self._lengths = rows, np.sqrt(np.vecdot(whole, whole)).clip(1e-6)
        self._lent: list[tuple[npt.NDArray[np.intp], int, float]] = []
        """(places, offset, weight) of the passages that have a neighbour at an offset."""
        self._lengths_around = np.ones(len(rows), np.float32)
        if not weights.reach:
            return
        whole /= self._lengths[:, np.newaxis]
        talks, around = np.array([passage.talk for passage in passages]), whole.copy()
        for offset, share in weights.reach:
            there = np.arange(len(talks)) + offset
            takers = np.flatnonzero((there >= 0) & (there < len(talks)))
            takers = takers[talks[takers] == talks[takers + offset]]
            around[takers] += share * whole[takers + offset]
            self._lent.append((takers, offset, share))
        self._lengths_around = np.sqrt(np.vecdot(around, around)).clip(1e-6)

    def near(self, vector: "Vector", weights: RankingWeights) -> list[float]:
        """Return the weighted similarity of a vector to each passage, by place."""
        import numpy as np

        # No matrix product: it starts threads, which run late on a busy machine.
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
    """Return whether a text ends with a question."""
    telling = (char for char in reversed(text) if char.isalnum() or char in _QUESTION_MARKS)
    return next(telling, ".") in _QUESTION_MARKS
