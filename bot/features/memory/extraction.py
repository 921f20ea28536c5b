"""What the model makes of talk: facts, and which of them are known already (F073, C53)."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from bot.conversation import turns
from bot.conversation.company import Company
from bot.conversation.config import Manner
from bot.features.memory.extraction_prompts import (
    DECISIONS_SCHEMA,
    FACTS_SCHEMA,
    doubts_prompt,
    fact_prompts,
)
from bot.llm.asking import ask_all
from bot.llm.client import Answer, Claude
from bot.llm.errors import ClaudeEmpty, ClaudeError, ClaudeRefused
from bot.llm.json_answer import object_in
from bot.llm.types import Call, Question
from memory.extraction import Candidate, candidates
from memory.learn import Bookkeeping, Drawn
from memory.reconciling import Doubt
from memory.stretches import Stretch

log = logging.getLogger(__name__)

ANSWER_TOKENS = 2_000


@dataclass(frozen=True, slots=True)
class _Read:
    """What the answers about a stretch came to so far."""

    stretch: Stretch
    found: Mapping[int, Sequence[Candidate]] = field(default_factory=dict)
    refused: int = 0
    calls: tuple[Call, ...] = ()
    whole: bool = True
    unusable: bool = False

    @property
    def drawn(self) -> Drawn:
        return Drawn(
            self.stretch,
            self.found,
            self.refused,
            books=partial(turns.note_calls, calls=self.calls),
            whole=self.whole,
            unusable=self.unusable,
        )


class ModelFacts:
    """Has facts drawn by the model that is set for that, all questions at once; it changes nothing."""

    def __init__(self, claude: Claude, company: Company, manner: Manner) -> None:
        self._claude = claude
        self._company = company
        self._learning = manner.learning
        self._deadline = manner.summary_deadline

    async def draw(self, stretches: Sequence[Stretch]) -> list[Drawn]:
        """Return the facts in some stretches of talk."""
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
        read = {id(one): _Read(one) for one in stretches}
        for (stretch, person_id, _), answer in zip(asked, answers, strict=True):
            read[id(stretch)] = await asyncio.to_thread(_with, read[id(stretch)], person_id, answer)
        return [one.drawn for one in read.values()]

    async def compare(
        self, stretch: Stretch, person_id: int, doubts: Sequence[Doubt]
    ) -> tuple[list[Mapping[str, Any]], Bookkeeping]:
        """Return what the model says new facts are that are like known ones; nothing on a fault."""
        question = self._question("same facts", stretch, person_id)
        (answer,) = await ask_all(
            self._claude, [(doubts_prompt(doubts, self._name(stretch)), question)], batch=False
        )
        found = object_in(answer.text).get("decisions") if isinstance(answer, Answer) else None
        calls = () if answer.call is None else (answer.call,)
        return found if isinstance(found, list) else [], partial(turns.note_calls, calls=calls)

    def _name(self, stretch: Stretch) -> str:
        role = self._company.by_slug.get(stretch.character)
        return role.name if role else stretch.character  # it was let go meanwhile

    def _question(
        self, purpose: Literal["facts", "same facts"], stretch: Stretch, person_id: int
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
    """Return what is drawn from a stretch with one more answer about somebody."""
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
