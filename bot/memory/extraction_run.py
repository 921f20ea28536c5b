"""What models make of talk: facts in what people said, and which of them are known already (F073, C53)."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from bot.conversation.company import Company
from bot.conversation.config import Manner
from bot.conversation.turns import where_of
from bot.llm.asking import ask_all
from bot.llm.client import Answer, Claude
from bot.llm.errors import ClaudeEmpty, ClaudeError, ClaudeRefused
from bot.llm.json_answer import object_in
from bot.llm.types import Call, Question
from bot.memory.facts import known_beside
from bot.memory.meaning import Meaning
from bot.memory.store import Memories
from bot.memory.stretches import (
    DECISIONS_SCHEMA,
    FACTS_SCHEMA,
    Stretch,
    doubts_prompt,
    fact_prompts,
    own_words_in,
)
from database import Database
from memory.extraction import Candidate, candidates
from memory.packing import unpacked
from memory.reconciling import Doubt, Known, Reconciled, decided, reconcile

if TYPE_CHECKING:
    from memory.sentence_models import Vectors

log = logging.getLogger(__name__)

LINES = 2_000
"""Lines of one place that are taken in at once."""
ANSWER_TOKENS = 2_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a model made of a stretch: facts about each person; `refused` of them did not hold.

    Without `whole` some question got no usable answer; `unusable` says that it was the model's, and no
    outage.
    """

    stretch: Stretch
    found: Mapping[int, Sequence[Candidate]] = field(default_factory=dict)
    refused: int = 0
    calls: tuple[Call, ...] = ()
    whole: bool = True
    unusable: bool = False


class Drawing:
    """Reads what is new in a place, and asks about it; it changes nothing."""

    def __init__(
        self,
        *,
        database: Database,
        claude: Claude,
        company: Company,
        memories: Memories,
        meaning: Meaning,
        manner: Manner,
        reached: Callable[[str], None],
    ) -> None:
        self._database = database
        self._claude = claude
        self._company = company
        self._memories = memories
        self._meaning = meaning
        self._learning = manner.learning
        self._deadline = manner.summary_deadline
        self._reached = reached

    async def stretch(self, character: str, channel_id: int) -> Stretch | None:
        """Return the lines of a place of which no facts were drawn yet; None where there are none."""
        async with self._database.read() as db:
            channel = await db.channels.get(channel_id)
            lines = await db.archive.fresh(channel_id, character, limit=LINES)
            if channel is None or not lines:
                return None
            people = {one.author_id for one in lines if not one.mine and not one.from_bot}
            agreed = await self._memories.consenting(db, people)
            answered = await db.archive.answered({one.turn_id for one in lines if one.turn_id})
        own = await asyncio.to_thread(own_words_in, lines, agreed)
        return Stretch(character, where_of(channel), tuple(lines), frozenset(agreed), answered, own)

    async def draw(self, stretches: Sequence[Stretch]) -> list[Drawn]:
        """Ask for the facts in some stretches, all of it at once."""
        asked = [
            (stretch, person_id, prompt)
            for stretch in stretches
            for person_id in sorted(stretch.agreed)
            for prompt in fact_prompts(stretch, person_id, self._name(stretch))
        ]
        self._reached("read")
        answers = await ask_all(
            self._claude,
            [(prompt, self._question("facts", stretch, person_id)) for stretch, person_id, prompt in asked],
            batch=self._learning.batches,
        )
        self._reached("asked")
        drawn = {id(one): Drawn(one) for one in stretches}
        for (stretch, person_id, _), answer in zip(asked, answers, strict=True):
            drawn[id(stretch)] = await asyncio.to_thread(_with, drawn[id(stretch)], person_id, answer)
        return list(drawn.values())

    async def reconciled(
        self, stretch: Stretch, person_id: int, new: Sequence[Candidate], calls: list[Call]
    ) -> list[Reconciled]:
        """Put new facts beside the known ones; where it can't be told by rule, a model says what they are."""
        if not new:
            return []
        async with self._database.read() as db:
            known = await known_beside(db, stretch, person_id)
            there = await db.embeddings.of(
                "fact", [person_id], self._meaning.model, characters=[stretch.character]
            )
        vectors = await self._meaning.encode([one.text for one in new])
        likeness: list[list[float | None]] = [[None] * len(known) for _ in new]
        if vectors is not None:
            likeness = _cosines(vectors, unpacked(there.rows, len(there.ids)), list(there.ids), known)
        settled, doubts = await asyncio.to_thread(reconcile, new, known, likeness)
        return [*settled, *await self._asked(stretch, person_id, doubts, calls)]

    async def _asked(
        self, stretch: Stretch, person_id: int, doubts: Sequence[Doubt], calls: list[Call]
    ) -> list[Reconciled]:
        if not doubts:
            return []
        question = self._question("same facts", stretch, person_id)
        (answer,) = await ask_all(
            self._claude, [(doubts_prompt(doubts, self._name(stretch)), question)], batch=False
        )
        self._reached("compared")
        if answer.call is not None:
            calls.append(answer.call)
        found = object_in(answer.text).get("decisions") if isinstance(answer, Answer) else None
        return decided(doubts, found if isinstance(found, list) else [])

    def _name(self, stretch: Stretch) -> str:
        return self._company.by_slug[stretch.character].name

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


def _with(drawn: Drawn, person_id: int, answer: Answer | ClaudeError) -> Drawn:
    """Return what is drawn from a stretch with one more answer about somebody."""
    calls = drawn.calls if answer.call is None else (*drawn.calls, answer.call)
    found = None
    if isinstance(answer, Answer) and not answer.cut_short:
        found = object_in(answer.text).get("facts")
    if not isinstance(found, list):
        log.warning("No facts from channel %s: no usable answer", drawn.stretch.where.channel_id)
        outage = isinstance(answer, ClaudeError) and not isinstance(answer, ClaudeRefused | ClaudeEmpty)
        return replace(drawn, calls=calls, whole=False, unusable=drawn.unusable or not outage)
    good, refused = candidates(found, drawn.stretch.said_by(person_id), person_id)
    theirs = {**drawn.found, person_id: [*drawn.found.get(person_id, ()), *good]}
    return replace(drawn, calls=calls, found=theirs, refused=drawn.refused + refused)


def _cosines(
    new: "Vectors", there: "Vectors", ids: Sequence[int], known: Sequence[Known]
) -> list[list[float | None]]:
    """Return how alike new facts (rows) and known ones are; None for those without a vector."""
    if not ids:
        return [[None] * len(known) for _ in new]
    column = {fact_id: index for index, fact_id in enumerate(ids)}
    alike = new @ there.T
    return [[float(row[column[one.id]]) if one.id in column else None for one in known] for row in alike]
