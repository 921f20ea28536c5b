"""The kind of a reaction to a line: told by rules, or by a small model (F085, F091)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.text.names import render_line
from bot.llm.client import Claude
from bot.llm.errors import ClaudeError
from bot.llm.types import Block, Message, ModelCall, Prompt, Question
from bot.prompts import fill
from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone
from personas.relations.signs import interaction_of

log = logging.getLogger(__name__)

MAX_TOKENS = 8
LONGEST = 1_500
"""The maximum number of characters shown of either line."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A line of one character, and the answer of another."""

    first: str
    said: str
    other: str
    answered: str
    names: Sequence[str]
    """The names of the first character."""


@dataclass(frozen=True, slots=True)
class Appraiser:
    """Asks the small, fast voting model; without a model the rules decide."""

    claude: Claude
    model: str
    deadline: float

    async def appraise(
        self, exchange: Exchange, *, channel_id: int
    ) -> tuple[Interaction, tuple[ModelCall, ...]]:
        """Return the kind of the answer, and the calls made to find it out."""
        word, calls = await self._word(_prompt(exchange), channel_id=channel_id)
        if word in {kind.value for kind in Interaction}:
            return Interaction(word), calls
        return interaction_of(exchange.answered, exchange.names, before=exchange.said), calls

    async def tone(
        self, said: str, otherwise: Tone, *, label: str, person_id: int, channel_id: int
    ) -> tuple[Tone, tuple[ModelCall, ...]]:
        """Return the tone of a person's ambiguous words, and the calls made to find it out (C69).

        If the model can't tell, the tone is `otherwise`.
        """
        word, calls = await self._word(_tone_prompt(label, said), channel_id=channel_id, person_id=person_id)
        return Tone(word) if word in {tone.value for tone in Tone} else otherwise, calls

    async def _word(
        self, prompt: Prompt, *, channel_id: int, person_id: int | None = None
    ) -> tuple[str, tuple[ModelCall, ...]]:
        """Return the model's one-word answer ("" without an answer) and its calls."""
        if not self.model:
            return "", ()
        try:
            answer = await self.claude.ask(prompt, self._question(channel_id, person_id))
        except ClaudeError as error:
            log.info("What was said is told by rules: %s", error)
            return "", (error.call,) if error.call else ()
        return answer.text.strip().strip(".\"'`*").casefold(), (answer.call,)

    def _question(self, channel_id: int, person_id: int | None) -> Question:
        return Question(
            purpose="appraisal",
            model=self.model,
            max_tokens=MAX_TOKENS,
            deadline=self.deadline,
            retries=False,
            user_id=person_id,
            channel_id=channel_id,
        )


def _tone_prompt(label: str, said: str) -> Prompt:
    """Return the prompt about a person's words, which stand in the user message only."""
    lines = (render_line(label, said[:LONGEST]), "[What did they do with that line? One word of the list.]")
    system = fill("tone", tones=", ".join(tone.value for tone in Tone))
    return Prompt((Block(system),), (Message(mine=False, blocks=(Block("\n".join(lines)),)),))


def _prompt(exchange: Exchange) -> Prompt:
    """Return the prompt about an exchange: the characters' words stand in the user message only."""
    lines = (
        render_line(exchange.first, exchange.said[:LONGEST]),
        render_line(exchange.other, exchange.answered[:LONGEST]),
        f"[What did {exchange.other} do with that answer? One word of the list.]",
    )
    system = fill("appraisal", kinds=", ".join(kind.value for kind in Interaction))
    return Prompt((Block(system),), (Message(mine=False, blocks=(Block("\n".join(lines)),)),))
