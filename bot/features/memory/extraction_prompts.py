"""What the model is asked for facts in talk: prompts, and the form of the answers (F073)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.conversation.text.names import render_line, speaker_label
from bot.llm.types import Block, Message, Prompt
from bot.prompts import fill
from database.repositories.archive import Fresh
from memory.extraction import CATEGORIES
from memory.reconciling import Doubt
from memory.stretches import Stretch, in_distress

LONGEST_LETTERS = 24_000
"""Letters of talk that go into one question: six thousand tokens."""

FACTS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "quote": {"type": "string"},
                    "category": {"type": "string", "enum": list(CATEGORIES)},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "about": {"type": "string"},
                },
                "required": ["text", "quote", "category", "tags", "about"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
}
DECISIONS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "decisions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "fact": {"type": "integer"},
                    "verdict": {"type": "string", "enum": ["same", "update", "new"]},
                    "number": {"type": "integer"},
                },
                "required": ["fact", "verdict", "number"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["decisions"],
    "additionalProperties": False,
}


def fact_prompts(stretch: Stretch, person_id: int, name: str) -> list[Prompt]:
    """Return what a model is asked for facts about one person, piece by piece; none without any words.

    It sees that person's words and what they were answered, and nobody else's.
    """
    usable = {one.message_id: one.text for one in stretch.said_by(person_id)}
    if not usable:
        return []
    tender = in_distress(stretch.lines)
    shown = [one for one in stretch.lines if one.id in usable or stretch.told_to(one) == person_id]
    shown = [one for one in shown if one.id not in tender]
    label = next(_label(one, name) for one in reversed(shown) if one.id in usable)
    system = fill("facts", name=name, categories=", ".join(CATEGORIES))
    asked = f"[Now write the JSON object with the facts about {label}.]"
    return [
        _prompt(system, f"{_talk(piece, usable, name)}\n{asked}")
        for piece in _pieces(shown, usable)
        if any(one.id in usable for one in piece)
    ]


def doubts_prompt(doubts: Sequence[Doubt], name: str) -> Prompt:
    """Return what a model is asked about new facts that are like known ones."""
    lines = []
    for number, doubt in enumerate(doubts, 1):
        lines.append(f"{number}. {doubt.candidate.text}")
        lines += [f"   {count}. {one.text}" for count, one in enumerate(doubt.neighbours, 1)]
    return _prompt(fill("same_facts", name=name), "\n".join(lines))


def _pieces(lines: Sequence[Fresh], usable: Mapping[int, str]) -> Iterator[list[Fresh]]:
    piece: list[Fresh] = []
    room = LONGEST_LETTERS
    for line in lines:
        size = len(usable.get(line.id, line.text)) + 40
        if piece and size > room:
            yield piece
            piece, room = [], LONGEST_LETTERS
        piece.append(line)
        room -= size
    if piece:
        yield piece


def _talk(lines: Sequence[Fresh], usable: Mapping[int, str], name: str) -> str:
    written = []
    for day, said in groupby(lines, key=lambda one: one.sent_at.date()):
        written.append(f"({day:%A %d %B %Y})")
        written += [render_line(_label(one, name), usable.get(one.id, one.text)) for one in said]
    return "\n".join(written)


def _label(line: Fresh, name: str) -> str:
    return name if line.mine else speaker_label(line.author_name, line.author_id)


def _prompt(system: str, words: str) -> Prompt:
    return Prompt(system=(Block(system),), messages=(Message(mine=False, blocks=(Block(words),)),))
