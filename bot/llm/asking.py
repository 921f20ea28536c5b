"""Many questions that nobody waits for: together, for half the price, or a few at a time."""

import asyncio
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from bot.llm.client import Answer, Claude
from bot.llm.errors import ClaudeError
from bot.llm.types import Prompt, Question

AT_ONCE = 4
"""Questions at once: replies go on beside them."""

Asked = tuple[Prompt, Question]


@runtime_checkable
class Batching(Protocol):
    """A Claude that takes many questions together."""

    async def batch(self, asked: Sequence[Asked]) -> list[Answer | ClaudeError] | None:
        """Return the answers, or what went wrong, in their order; None where that can't be done at all."""


async def ask_all(claude: Claude, asked: Sequence[Asked], *, batch: bool) -> list[Answer | ClaudeError]:
    """Return the answers to some questions, or what went wrong, in their order."""
    if batch and len(asked) > 1 and isinstance(claude, Batching):
        answers = await claude.batch(asked)
        if answers is not None:
            return answers
    few = asyncio.Semaphore(AT_ONCE)

    async def ask(prompt: Prompt, question: Question) -> Answer | ClaudeError:
        async with few:
            try:
                return await claude.ask(prompt, question)
            except ClaudeError as error:
                return error

    return await asyncio.gather(*(ask(*one) for one in asked))
