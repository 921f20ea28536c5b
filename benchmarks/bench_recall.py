"""How much of what answers a question is found again, also in six languages, and stands in the prompt."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import prompt_recall
from benchmarks.languages import LANGUAGES, TUNING, parallel_talk
from benchmarks.locomo import CATEGORIES, DEPTHS, Conversation, average, conversations, recalls
from benchmarks.measuring import Goal, percentile, watched_loop, with_goals
from benchmarks.weighing import Rows, held_out
from memory.embeddings import MULTILINGUAL, Embedder, EmbedderMissing, open_embedder
from memory.meaning import packed, unpacked
from memory.ranking import TALK, PassageIndex, RankingWeights
from memory.words import SILENT, asked_of_oneself

if TYPE_CHECKING:
    from memory.sentence_models import Vectors

GOALS = (
    Goal("held_out_5", 72.2, at_least=True),
    Goal("held_out_10", 81.7, at_least=True),
    Goal("held_out_25", 89.9, at_least=True),
    Goal("held_out_50", 93.1, at_least=True),
    *(Goal(f"language_{one}_5", 75.0 if one == "en" else 60.0, at_least=True) for one in LANGUAGES),
    Goal("p50_ms", 15.0),
    Goal("lag_p99_ms", 20.0),
    *prompt_recall.GOALS,
)
TOKEN = 4
"""Characters of a token, about."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Which conversations are searched, how many questions of each, and how often weights are gone over."""

    data: Path = Path(__file__).resolve().parents[2] / "shared" / "data" / "locomo-dev.json"
    conversations: int | None = None
    questions: int | None = None
    passes: int = 3


QUICK = Extent(conversations=2, questions=15, passes=1)


@dataclass
class Searched:
    """A conversation with its vectors, those of its questions, and what was found with the defaults."""

    talk: Conversation
    vectors: "Vectors | None" = None
    questions: list[Any] = field(default_factory=list)
    found: list[list[int]] = field(default_factory=list)

    def search(self, weights: RankingWeights = TALK, *, by_words: bool = False) -> list[list[int]]:
        """Return the turns found for each question."""
        index = PassageIndex(self.talk.passages, None if by_words else self.vectors, weights=weights)
        return [
            [
                one.id
                for one in index.rank(question.text, vector, asked_about=question.people, limit=DEPTHS[-1])
            ]
            for question, vector in zip(self.talk.questions, self.questions, strict=True)
        ]

    def rows(self, found: Sequence[Sequence[int]]) -> Rows:
        """Return the recall of each question."""
        return [
            recalls(question, places) for question, places in zip(self.talk.questions, found, strict=True)
        ]


async def measure(folder: Path, extent: Extent) -> dict[str, Any]:
    """Return the recall of evidence turns, by category too, and what it takes; or why it was skipped."""
    if not extent.data.exists():
        return {
            "bench": "recall",
            "skipped": f"{extent.data.name} is not beside the repository: name it with --data",
        }
    told = conversations(extent.data, most=extent.conversations, questions=extent.questions)
    talks = [Searched(talk) for talk in told]
    figures: dict[str, Any] = {"bench": "recall", **_extent(told)}
    try:
        embedder = open_embedder(MULTILINGUAL)
    except EmbedderMissing as missing:
        figures, embedder = {**figures, "by_words_alone": str(missing)}, None
    spoken = [Searched(talk) for talk in parallel_talk()]
    figures |= await _answered([*talks, *spoken], embedder)
    figures |= await prompt_recall.played(folder, told, embedder)
    if embedder is not None:
        embedder.close()
    figures |= _languages(spoken) | _overall(talks) | _held_out(talks, extent.passes) | _tokens(talks)
    return with_goals(figures, GOALS)


async def _answered(talks: Sequence[Searched], embedder: Embedder | None) -> dict[str, float]:
    """Find the turns of all questions, as a bot does while it also does other things; return the times."""
    seconds: list[float] = []
    async with watched_loop() as late:
        for one in talks:
            if embedder is not None:
                rows = packed(await embedder.encode([passage.text for passage in one.talk.passages]))
                one.vectors = unpacked(b"".join(rows), len(rows))  # as a bot keeps and reads them
            index = PassageIndex(one.talk.passages, one.vectors)
            for question in one.talk.questions:
                begun = time.perf_counter()
                vector = None
                if embedder is not None:
                    (vector,) = await embedder.encode([asked_of_oneself(question.text, question.people)])
                ranked = index.rank(question.text, vector, asked_about=question.people, limit=DEPTHS[-1])
                seconds.append(time.perf_counter() - begun)
                one.questions.append(vector)
                one.found.append([passage.id for passage in ranked])
    return {
        "p50_ms": round(1000 * percentile(seconds, 50), 1),
        "p95_ms": round(1000 * percentile(seconds, 95), 1),
        "lag_p99_ms": round(1000 * percentile(late, 99), 1) if len(late) > 1 else 0.0,
    }


def _languages(spoken: Sequence[Searched]) -> dict[str, float]:
    """Return the recall at 5 of the same talk in each language, and of the questions that were held out."""
    figures: dict[str, float] = {}
    for one in spoken:
        rows = one.rows(one.found)
        figures[f"language_{one.talk.name}_5"] = average(rows)[0]
        figures[f"language_{one.talk.name}_held_out_5"] = average(rows[TUNING:])[0]
    return figures


def _extent(told: Sequence[Conversation]) -> dict[str, int]:
    return {
        "conversations": len(told),
        "turns": sum(len(one.passages) for one in told),
        "questions": sum(len(one.questions) for one in told),
        "without_evidence": sum(one.without_evidence for one in told),
    }


def _overall(talks: Sequence[Searched]) -> dict[str, Any]:
    rows = [row for one in talks for row in one.rows(one.found)]
    categories = [question.category for one in talks for question in one.talk.questions]
    by_category = {
        name: [row for row, category in zip(rows, categories, strict=True) if category == name]
        for name in CATEGORIES.values()
    }
    return {
        **_named("recall", rows),
        **_named("by_words", [row for one in talks for row in one.rows(one.search(by_words=True))]),
        **_named("fts5", [row for one in talks for row in one.rows(_by_fts5(one.talk))]),
        "by_category": {
            name: {"questions": len(those), "recall": average(those)}
            for name, those in by_category.items()
            if those
        },
    }


def _held_out(talks: Sequence[Searched], passes: int) -> dict[str, Any]:
    """Return the recall with weights that were chosen without the conversation they are used on."""
    results = list(
        held_out(len(talks), lambda weights: [one.rows(one.search(weights)) for one in talks], passes=passes)
    )
    chosen = {one.talk.name: _changed(weights) for one, (weights, _) in zip(talks, results, strict=True)}
    return {**_named("held_out", [row for _, rows in results for row in rows]), "weights_without": chosen}


def _changed(weights: RankingWeights) -> dict[str, Any]:
    """Return what differs from the defaults."""
    ours = asdict(TALK)
    return {name: value for name, value in asdict(weights).items() if value != ours[name]}


def _by_fts5(talk: Conversation) -> list[list[int]]:
    """Search the way that is at hand everywhere: SQLite's FTS5 over "speaker: text"."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("create virtual table turns using fts5(text, tokenize='porter')")
        lines = [(place, talk.spoken(place)) for place in range(len(talk.passages))]
        db.executemany("insert into turns(rowid, text) values (?, ?)", lines)
        search = "select rowid from turns where turns match ? order by rank limit ?"
        return [
            [place for (place,) in db.execute(search, (_match(question.text), DEPTHS[-1]))]
            for question in talk.questions
        ]


def _match(question: str) -> str:
    letters = "".join(one if one.isalnum() else " " for one in question)
    telling = [word for word in letters.split() if word.lower() not in SILENT]
    return " OR ".join(f'"{word}"' for word in telling) or '""'


def _tokens(talks: Sequence[Searched]) -> dict[str, int]:
    """Return what a question's best ten turns come to, and the whole conversation instead."""
    best, whole = [], []
    for one in talks:
        lengths = [len(one.talk.spoken(place)) for place in range(len(one.talk.passages))]
        best += [sum(lengths[place] for place in found[:10]) for found in one.found]
        whole += [sum(lengths)] * len(one.found)
    return {
        "tokens_top_10": round(sum(best) / len(best) / TOKEN),
        "tokens_conversation": round(sum(whole) / len(whole) / TOKEN),
    }


def _named(name: str, rows: Rows) -> dict[str, float]:
    return {f"{name}_{depth}": share for depth, share in zip(DEPTHS, average(rows), strict=True)}
