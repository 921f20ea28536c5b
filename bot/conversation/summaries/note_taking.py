"""Model calls for summaries: made beside the conversation, and booked."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from bot.conversation import turns
from bot.conversation.generation import ModelVoice
from bot.conversation.summaries import summary_prompt
from bot.llm.client import Answer, Claude
from bot.llm.errors import ClaudeError
from bot.llm.types import ModelCall, Prompt, Question
from database import Database
from memory.places import Where

log = logging.getLogger(__name__)


class NoteTaker:
    """Asks for notes in the character's own voice; `deadline` is in seconds."""

    def __init__(self, *, database: Database, claude: Claude, voice: ModelVoice, deadline: float) -> None:
        self._database = database
        self._claude = claude
        self._voice = voice
        self._deadline = deadline
        self._limits: set[asyncio.Timeout] = set()  # of pending calls
        self._closed = False

    def close(self) -> None:
        """Cancel pending calls, and make no more."""
        self._closed = True
        for limit in self._limits:
            limit.reschedule(asyncio.get_running_loop().time())
        self._limits.clear()

    async def ask(
        self, prompt: Prompt, where: Where, schema: Mapping[str, Any], *, person_id: int | None
    ) -> Answer | None:
        """Return the answer; None, with the call booked, if there is none.

        `person_id` is the person alone with the character in a private place.
        """
        if self._closed:
            return None
        question = Question(
            purpose="summary",
            model=self._voice.model,
            max_tokens=summary_prompt.SUMMARY_TOKENS,
            deadline=self._deadline,
            schema=schema,
            user_id=person_id,
            channel_id=where.channel_id,
        )
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._limits.add(limit)
                return await self._claude.ask(prompt, question)
        except ClaudeError as error:
            log.warning("No summary of channel %s: %s", where.channel_id, error)
            if error.call is not None:
                await self.book(error.call)
            return None
        except TimeoutError:
            if not limit.expired():
                raise
            return None
        finally:
            self._limits.discard(limit)

    async def book(self, call: ModelCall, character: str = "") -> None:
        """Book a call without a useful result."""
        async with self._database.begin() as db:
            await turns.note_calls(db, [call], character)
