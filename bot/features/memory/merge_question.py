"""Asking the model which memories of a person say the same, where they have grown too many (F067)."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from bot.conversation import turns
from bot.conversation.company import Company
from bot.conversation.config import Manner
from bot.conversation.generation import Voice
from bot.conversation.summaries.summary_prompt import GROUPS_SCHEMA, dump_prompt
from bot.llm.client import Claude
from bot.llm.errors import ClaudeError
from bot.llm.json_answer import object_in
from bot.llm.types import Call, Question
from database import Database
from memory.core import Known

log = logging.getLogger(__name__)

ANSWER_TOKENS = 16_000


class MergeQuestion:
    """Puts the question in the voice of the character, and enters it in the books."""

    def __init__(
        self, database: Database, claude: Claude, company: Company, voice: Voice, manner: Manner
    ) -> None:
        self._database = database
        self._claude = claude
        self._company = company
        self._voice = voice
        self._deadline = manner.summary_deadline
        self._asks = manner.extent.summed

    async def ask(
        self, character: str, person_id: int, known: Sequence[Known]
    ) -> Sequence[Mapping[str, Any]]:
        """Return groups of memories that say the same, as `memory.core.merge` takes them; none on a fault."""
        role = self._company.by_slug.get(character)
        if role is None or not self._asks:
            return []
        question = Question(
            purpose="memories",
            model=self._voice.model,
            max_tokens=ANSWER_TOKENS,
            deadline=self._deadline,
            schema=GROUPS_SCHEMA,
            user_id=person_id,
        )
        prompt = dump_prompt(role.character, known)
        groups: object = None
        call: Call | None
        try:
            answer = await self._claude.ask(prompt, question)
            call = answer.call
            groups = None if answer.cut_short else object_in(answer.text).get("groups")
        except ClaudeError as error:
            log.warning("The memories of a person could not be joined: %s", error)
            call = error.call
        if call is not None:
            async with self._database.begin() as db:
                await turns.note_calls(db, [call])
        return [one for one in groups if isinstance(one, dict)] if isinstance(groups, list) else []
