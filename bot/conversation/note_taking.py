"""Questions about older talk: put to the model beside the conversation, and entered in the books."""

import logging
from collections.abc import Mapping
from typing import Any

from bot.claude.client import Answer, Claude, Question
from bot.conversation import condensing, turns
from bot.conversation.replying import Voice
from bot.errors import ClaudeError
from bot.turn import Call, Prompt, Where
from database import Database

log = logging.getLogger(__name__)


class NoteTaker:
    """Asks for notes in the character's own voice; `deadline` is in seconds."""

    def __init__(self, *, database: Database, claude: Claude, voice: Voice, deadline: float) -> None:
        self._database = database
        self._claude = claude
        self._voice = voice
        self._deadline = deadline

    async def ask(self, prompt: Prompt, where: Where, schema: Mapping[str, Any]) -> Answer | None:
        """Return the answer; None, and the call is booked, when there is none."""
        question = Question(
            purpose="summary",
            model=self._voice.model,
            max_tokens=condensing.SUMMARY_TOKENS,
            deadline=self._deadline,
            schema=schema,
            channel_id=where.channel_id,
        )
        try:
            return await self._claude.ask(prompt, question)
        except ClaudeError as error:
            log.warning("No summary of channel %s: %s", where.channel_id, error)
            if error.call is not None:
                await self.book(error.call)
            return None

    async def book(self, call: Call) -> None:
        """Enter a call that brought nothing to keep."""
        async with self._database.begin() as db:
            await turns.note_calls(db, [call])
