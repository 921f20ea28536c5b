"""Fact extraction by the model (F073), deduplication against known facts (C53), merging (F067)."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any, Literal

from bot.conversation import turns
from bot.conversation.company import Company
from bot.conversation.config import Manner
from bot.conversation.generation import ModelVoice
from bot.conversation.summaries.summary_prompt import GROUPS_SCHEMA, dump_prompt
from bot.conversation.text.names import render_line, speaker_label
from bot.llm.client import Answer, Claude, ask_all
from bot.llm.errors import ClaudeEmpty, ClaudeError, ClaudeRefused
from bot.llm.json_answer import object_in
from bot.llm.types import Block, Message, ModelCall, Prompt, Question
from bot.prompts import fill
from database import Database
from database.repositories.archive import Fresh
from memory.core import KnownMemory
from memory.extraction import CATEGORIES, Excerpt, FactCandidate, candidates, in_distress
from memory.learn import Bookkeeping, ExtractedFacts
from memory.reconciling import Doubt

LONGEST_LETTERS = 24_000
"""Characters of talk in one question: about six thousand tokens."""

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


def fact_prompts(stretch: Excerpt, person_id: int, name: str) -> list[Prompt]:
    """Return the questions about one person's facts, piece by piece; none if they said nothing usable.

    They contain that person's words and the replies to them, and nobody else's.
    """
    usable = {line.message_id: line.text for line in stretch.said_by(person_id)}
    if not usable:
        return []
    tender = in_distress(stretch.lines)
    shown = [line for line in stretch.lines if line.id in usable or stretch.told_to(line) == person_id]
    shown = [line for line in shown if line.id not in tender]
    label = next(_label(line, name) for line in reversed(shown) if line.id in usable)
    system = fill("facts", name=name, categories=", ".join(CATEGORIES))
    asked = f"[Now write the JSON object with the facts about {label}.]"
    return [
        _prompt(system, f"{_talk(piece, usable, name)}\n{asked}")
        for piece in _pieces(shown, usable)
        if any(line.id in usable for line in piece)
    ]


def doubts_prompt(doubts: Sequence[Doubt], name: str) -> Prompt:
    """Return the question about new facts that resemble known ones."""
    lines = []
    for number, doubt in enumerate(doubts, 1):
        lines.append(f"{number}. {doubt.candidate.text}")
        lines += [f"   {count}. {neighbour.text}" for count, neighbour in enumerate(doubt.neighbours, 1)]
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
    for day, said in groupby(lines, key=lambda line: line.sent_at.date()):
        written.append(f"({day:%A %d %B %Y})")
        written += [render_line(_label(line, name), usable.get(line.id, line.text)) for line in said]
    return "\n".join(written)


def _label(line: Fresh, name: str) -> str:
    return name if line.mine else speaker_label(line.author_name, line.author_id)


def _prompt(system: str, words: str) -> Prompt:
    return Prompt(system=(Block(system),), messages=(Message(mine=False, blocks=(Block(words),)),))


log = logging.getLogger(__name__)

ANSWER_TOKENS = 2_000


@dataclass(frozen=True, slots=True)
class _Read:
    """Results gathered so far from the answers about one excerpt."""

    stretch: Excerpt
    found: Mapping[int, Sequence[FactCandidate]] = field(default_factory=dict)
    refused: int = 0
    calls: tuple[ModelCall, ...] = ()
    whole: bool = True
    unusable: bool = False

    @property
    def drawn(self) -> ExtractedFacts:
        return ExtractedFacts(
            self.stretch,
            self.found,
            self.refused,
            books=partial(turns.note_calls, calls=self.calls, character=self.stretch.character),
            whole=self.whole,
            unusable=self.unusable,
        )


class ModelFacts:
    """Extracts facts with the configured model, all questions at once; it stores nothing."""

    def __init__(self, claude: Claude, company: Company, manner: Manner) -> None:
        self._claude = claude
        self._company = company
        self._learning = manner.learning
        self._deadline = manner.summary_deadline

    async def draw(self, stretches: Sequence[Excerpt]) -> list[ExtractedFacts]:
        """Return the facts found in some excerpts."""
        asked = [
            (stretch, person_id, prompt)
            for stretch in stretches
            for person_id in sorted(stretch.agreed)
            for prompt in fact_prompts(stretch, person_id, self._name(stretch))
        ]
        answers = await ask_all(
            self._claude,
            [(prompt, self._question("facts", stretch, person_id)) for stretch, person_id, prompt in asked],
            batch=self._learning.batches,
        )
        read = {id(stretch): _Read(stretch) for stretch in stretches}
        for (stretch, person_id, _), answer in zip(asked, answers, strict=True):
            read[id(stretch)] = await asyncio.to_thread(_with, read[id(stretch)], person_id, answer)
        return [result.drawn for result in read.values()]

    async def compare(
        self, stretch: Excerpt, person_id: int, doubts: Sequence[Doubt]
    ) -> tuple[list[Mapping[str, Any]], Bookkeeping]:
        """Return the model's decisions on new facts that resemble known ones; empty on an error."""
        question = self._question("same facts", stretch, person_id)
        (answer,) = await ask_all(
            self._claude, [(doubts_prompt(doubts, self._name(stretch)), question)], batch=False
        )
        found = object_in(answer.text).get("decisions") if isinstance(answer, Answer) else None
        calls = () if answer.call is None else (answer.call,)
        return found if isinstance(found, list) else [], partial(
            turns.note_calls, calls=calls, character=stretch.character
        )

    def _name(self, stretch: Excerpt) -> str:
        role = self._company.by_slug.get(stretch.character)
        return role.name if role else stretch.character  # the character may have been removed meanwhile

    def _question(
        self, purpose: Literal["facts", "same facts"], stretch: Excerpt, person_id: int
    ) -> Question:
        return Question(
            purpose=purpose,
            model=self._learning.model,
            max_tokens=ANSWER_TOKENS,
            deadline=self._deadline,
            schema=FACTS_SCHEMA if purpose == "facts" else DECISIONS_SCHEMA,
            user_id=person_id,
            channel_id=stretch.where.channel_id,
        )


def _with(read: _Read, person_id: int, answer: Answer | ClaudeError) -> _Read:
    """Add one answer about a person to the results of an excerpt."""
    calls = read.calls if answer.call is None else (*read.calls, answer.call)
    found = None
    if isinstance(answer, Answer) and not answer.cut_short:
        found = object_in(answer.text).get("facts")
    if not isinstance(found, list):
        log.warning("No facts from channel %s: no usable answer", read.stretch.where.channel_id)
        outage = isinstance(answer, ClaudeError) and not isinstance(answer, ClaudeRefused | ClaudeEmpty)
        return replace(read, calls=calls, whole=False, unusable=read.unusable or not outage)
    good, refused = candidates(found, read.stretch.said_by(person_id), person_id)
    theirs = {**read.found, person_id: [*read.found.get(person_id, ()), *good]}
    return replace(read, calls=calls, found=theirs, refused=read.refused + refused)


# Merging a person's memories when they grow too many (F067).

GROUPS_TOKENS = 16_000


class MergeQuestion:
    """Asks which memories to merge, in the character's voice, and records the cost."""

    def __init__(
        self, database: Database, claude: Claude, company: Company, voice: ModelVoice, manner: Manner
    ) -> None:
        self._database = database
        self._claude = claude
        self._company = company
        self._voice = voice
        self._deadline = manner.summary_deadline
        self._asks = manner.extent.summed

    async def ask(
        self, character: str, person_id: int, known: Sequence[KnownMemory]
    ) -> Sequence[Mapping[str, Any]]:
        """Return groups of equivalent memories in the form for `memory.core.merge`; none on an error."""
        role = self._company.by_slug.get(character)
        if role is None or not self._asks:
            return []
        question = Question(
            purpose="memories",
            model=self._voice.model,
            max_tokens=GROUPS_TOKENS,
            deadline=self._deadline,
            schema=GROUPS_SCHEMA,
            user_id=person_id,
        )
        prompt = dump_prompt(role.character, known)
        groups: object = None
        call: ModelCall | None
        try:
            answer = await self._claude.ask(prompt, question)
            call = answer.call
            groups = None if answer.cut_short else object_in(answer.text).get("groups")
        except ClaudeError as error:
            log.warning("The memories of a person could not be joined: %s", error)
            call = error.call
        if call is not None:
            async with self._database.begin() as db:
                await turns.note_calls(db, [call], character)
        return [group for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []
