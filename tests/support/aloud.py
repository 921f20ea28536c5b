"""A scripted Claude that writes word by word, for replies that are seen while they are written."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

from bot.llm.client import Answer
from bot.llm.errors import ClaudeTimeout
from bot.llm.types import Prompt, Question
from tests.fakes import FakeClaude

A_WORD = 0.1
"""Seconds that each word takes."""


class Aloud:
    """Lets a scripted Claude write word by word, and take its time."""

    def __init__(
        self, claude: FakeClaude, sleep: Callable[[float], Coroutine[Any, Any, object]] | None = None
    ) -> None:
        self._claude, self._ask = claude, claude.ask
        self._sleep = sleep or claude.clock.sleep
        self.at_word: dict[int, Callable[[], Any]] = {}
        """What happens when so many words of an answer are written."""

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        broken_off = None
        queue = self._claude.queue
        if len(queue) > 1 and isinstance(queue[1], ClaudeTimeout) and question.purpose == "reply":
            broken_off = queue[1]
            del queue[1]
        answer = await self._ask(prompt, question)
        show = question.on_text or (lambda _: None)
        words = re.findall(r"\S+\s*", answer.text) if question.on_text else []
        for number, word in enumerate(words, 1):
            show(word)
            if number < len(words):  # the end of an answer comes with its last word
                await self._sleep(A_WORD)
            if happens := self.at_word.pop(number, None):
                result = happens()
                if asyncio.iscoroutine(result):
                    await result
        if broken_off:
            broken_off.call = answer.call
            raise broken_off
        return answer
