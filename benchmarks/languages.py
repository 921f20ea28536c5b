"""Four friends' talk of ten months in six languages, and questions about it: our own set in tests/data."""

import json
from pathlib import Path
from typing import Any

from benchmarks.locomo import Conversation, Question
from memory.ranking import Passage
from memory.words import names_in

LANGUAGES = ("en", "de", "es", "fr", "pt", "ja")
TUNING = 15
"""The first so many questions chose the weights for other languages than English; the rest were held out."""
_DATA = Path(__file__).resolve().parents[1] / "tests" / "data"


def parallel_talk() -> list[Conversation]:
    """Return the same talk in each of the languages, with the same questions."""
    lines, asked = _rows("languages_lines.jsonl"), _rows("languages_questions.jsonl")
    return [_told(language, lines, asked) for language in LANGUAGES]


def _told(language: str, lines: list[dict[str, Any]], asked: list[dict[str, Any]]) -> Conversation:
    passages = tuple(
        Passage(place, line[language], speaker=line["by"], date=line["date"], talk=line["talk"])
        for place, line in enumerate(lines)
    )
    people = sorted({one.speaker for one in passages})
    questions = tuple(
        Question(one[language], language, frozenset(one["answers"]), tuple(names_in(one[language], people)))
        for one in asked
    )
    return Conversation(language, passages, questions, 0)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_DATA / name).read_text("utf-8").splitlines()]
