"""A stretch of talk in one place, of which facts are to be drawn, and what a model is asked about it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bot.conversation.text.names import render_line, speaker_label
from bot.conversation.types import Where
from bot.llm.types import Block, Message, Prompt
from bot.prompts import fill
from database.models import Archived
from database.repositories.archive import Fresh
from memory.core import Said
from memory.extraction import CATEGORIES, own_words
from memory.reconciling import Doubt
from memory.sensitive.detect import masked
from memory.sensitive.distress import reads_as_distress

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


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that a character heard in a place, oldest first.

    `agreed` are those of its people about whom anything may be noted.
    `answered` says, by reply, who was answered with it, and `own`, by message, which words of it may be a
    source of facts.
    """

    character: str
    where: Where
    lines: tuple[Fresh, ...]
    agreed: frozenset[int]
    answered: Mapping[int, set[int]]
    own: Mapping[int, str]

    @property
    def through(self) -> int:
        """The position of its last line in the log."""
        return self.lines[-1].position

    def said_by(self, person_id: int) -> list[Said]:
        """Return what may be a source of facts about somebody."""
        theirs = (one for one in self.lines if one.author_id == person_id and one.id in self.own)
        return [Said(one.id, person_id, self.own[one.id]) for one in theirs]

    def told_to(self, line: Fresh) -> int | None:
        """Return for whom alone a reply was meant; None where it answered several, or is none."""
        answered = self.answered.get(line.turn_id or 0, set())
        return next(iter(answered)) if line.mine and len(answered) == 1 else None

    def archived(self) -> Iterator[Archived]:
        """Yield what is to be kept of it: what people who agreed said, and were answered alone (D03).

        What they said in distress, and what they were answered then, is not (C91).
        """
        tender = in_distress(self.lines)
        for line in self.lines:
            if line.id in tender:
                continue
            person_id = self.told_to(line) if line.mine else line.author_id
            if person_id not in self.agreed or (line.from_bot and not line.mine):
                continue
            yield Archived(
                id=line.id,
                channel_id=self.where.channel_id,
                guild_id=self.where.guild_id,
                person_id=person_id,
                author_id=line.author_id,
                author_name=line.author_name,
                text=masked(line.text),
                sent_at=line.sent_at,
                mine=line.mine,
                reply_to=line.reply_to,
                character=self.character,
                cast_id=line.cast_id,
            )


def in_distress(lines: Sequence[Fresh]) -> frozenset[int]:
    """Return which lines hold words of distress, and which answer such a line."""
    said = {one.id for one in lines if not one.mine and reads_as_distress(one.text)}
    return frozenset(said | {one.id for one in lines if one.mine and one.reply_to in said})


def own_words_in(lines: Sequence[Fresh], agreed: Collection[int]) -> dict[int, str]:
    """Return, by message, what people who agreed wrote themselves, and holds no secret. It takes its time."""
    theirs = (one for one in lines if one.author_id in agreed and not one.mine)
    own = own_words(Said(one.id, one.author_id, one.text) for one in theirs)
    return {one.message_id: one.text for one in own}


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
