"""LoCoMo's conversations as passages, and its questions with the turns that hold their answers."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory.ranking import Passage
from memory.words import names_in

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
DEPTHS = (5, 10, 25, 50)
"""So many of the best turns are looked at."""
_EVIDENCE = re.compile(r"D:?(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the turns (places in the conversation) that answer it."""

    text: str
    category: str
    evidence: frozenset[int]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Two people's talk of many days. A passage's id is its place.

    `facts` were drawn from it by hand, each from the turn in its place; they do not name whom they are about.
    """

    name: str
    passages: tuple[Passage, ...]
    questions: tuple[Question, ...]
    without_evidence: int
    facts: tuple[tuple[int, str], ...] = ()

    def spoken(self, place: int) -> str:
        """Return a turn as a prompt would show it."""
        return f"{self.passages[place].speaker}: {self.passages[place].text}"


def conversations(file: Path, *, most: int | None = None, questions: int | None = None) -> list[Conversation]:
    """Read the file; `most` conversations, with so many questions each, where that is given."""
    told = json.loads(file.read_text("utf-8"))[:most]
    return [_conversation(one, questions) for one in told]


def recalls(question: Question, found: Sequence[int]) -> tuple[float, ...]:
    """Return the shares of a question's evidence among the first 5, 10, 25 and 50 places found."""
    return tuple(
        len(question.evidence.intersection(found[:depth])) / len(question.evidence) for depth in DEPTHS
    )


def average(rows: Sequence[Sequence[float]]) -> list[float]:
    """Return the means of such shares over questions, in percent."""
    return [round(100 * sum(column) / len(rows), 1) for column in zip(*rows, strict=True)]


def _conversation(told: Mapping[str, Any], questions: int | None) -> Conversation:
    talk, turns = told["conversation"], []
    for number in sorted(int(key.split("_")[1]) for key in talk if re.fullmatch(r"session_\d+", key)):
        date = talk[f"session_{number}_date_time"].rpartition(" on ")[2].replace(",", "")
        turns += [(turn, date, number) for turn in talk[f"session_{number}"]]
    passages = tuple(
        Passage(place, _text(turn), speaker=turn["speaker"], date=date, talk=number)
        for place, (turn, date, number) in enumerate(turns)
    )
    places = {turn["dia_id"]: place for place, (turn, _, _) in enumerate(turns)}
    people = sorted({one.speaker for one in passages})
    asked = [_question(one, places, people) for one in told["qa"][:questions]]
    answered = tuple(one for one in asked if one.evidence)
    facts = tuple(_facts(told.get("observation", {}), places))
    return Conversation(told["sample_id"], passages, answered, len(asked) - len(answered), facts)


def _facts(observed: Mapping[str, Any], places: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    for people in observed.values():
        for person, facts in people.items():
            for text, turns in facts:
                named = _EVIDENCE.search(str(turns))
                if named and (place := places.get(f"D{int(named[1])}:{int(named[2])}")) is not None:
                    said = text.removeprefix(f"{person} ")
                    yield place, said[:1].upper() + said[1:]


def _text(turn: Mapping[str, Any]) -> str:
    """Return what was said, with what the picture shows that was sent along."""
    return f"{turn['text']} [{turn['blip_caption']}]" if turn.get("blip_caption") else str(turn["text"])


def _question(asked: Mapping[str, Any], places: Mapping[str, int], people: Sequence[str]) -> Question:
    """Read a question. Turns named oddly ("D:11:26") are understood, those that are not there left out."""
    named = _EVIDENCE.findall(" ".join(map(str, asked.get("evidence") or ())))
    turns = (f"D{int(session)}:{int(turn)}" for session, turn in named)
    text = str(asked["question"])
    return Question(
        text,
        CATEGORIES[asked["category"]],
        frozenset(places[turn] for turn in turns if turn in places),
        tuple(names_in(text, people)),
    )
