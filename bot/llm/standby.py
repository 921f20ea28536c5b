"""Fallback to another model within the same deadline, if the first can't be asked."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.core.clock import Clock
from bot.llm.client import Answer, Batching, Claude
from bot.llm.errors import (
    ClaudeCut,
    ClaudeDenied,
    ClaudeError,
    ClaudeRejected,
    ClaudeTimeout,
    ClaudeUnavailable,
    PromptTooLong,
)
from bot.llm.types import Model, Prompt, Question

log = logging.getLogger(__name__)

SHARE = 2 / 3
"""The share of the deadline for the first model: the rest is for its fallback."""
TOLD_EVERY = 3600.0
IN_ITS_PLACE = ("general", "down")
DOWN = "{model} can't be asked ({error}): {instead} answers in its place."
_CANT = (ClaudeUnavailable, ClaudeTimeout, ClaudeCut, ClaudeDenied, ClaudeRejected)


class Standby:
    """Wraps another Claude, and repeats a failed question with its `instead` model.

    `tell` is called with the model that is down, once an hour.
    """

    def __init__(self, claude: Claude, clock: Clock, tell: Callable[[str], None]) -> None:
        self._claude = claude
        self._clock = clock
        self._tell = tell
        self._told: dict[Model, float] = {}

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        """Return the answer of either model; raise the ClaudeError of the last one asked."""
        if question.instead is None:
            return await self._claude.ask(prompt, question)
        begun, shown = self._clock.monotonic(), list[str]()
        try:
            return await self._claude.ask(prompt, _first(question, shown))
        except _CANT as error:
            left = question.deadline - (self._clock.monotonic() - begun)
            final = shown and question.on_again is None  # displayed words can't be replaced then
            if final or left <= 0 or _would_fail_too(question, question.instead, error):
                raise
            self._note(Model(question.model, question.server), question.instead, error)
            if shown and question.on_again:
                question.on_again()
            return await self._in_its_place(prompt, question, question.instead, left, error)

    async def batch(self, asked: Sequence[tuple[Prompt, Question]]) -> list[Answer | ClaudeError] | None:
        """Return the wrapped client's result: batches have no fallback."""
        return await self._claude.batch(asked) if isinstance(self._claude, Batching) else None

    async def close(self) -> None:
        await self._claude.close()

    async def _in_its_place(
        self, prompt: Prompt, question: Question, instead: Model, left: float, first: ClaudeError
    ) -> Answer:
        second = replace(question, model=instead.name, server=instead.server, instead=None, deadline=left)
        try:
            answer = await self._claude.ask(prompt, second)
        except ClaudeError as error:
            error.before = (*first.calls, *error.before)
            raise
        before = (*first.calls, *answer.before)
        return replace(answer, before=before, expert=answer.expert or IN_ITS_PLACE)

    def _note(self, model: Model, instead: Model, error: ClaudeError) -> None:
        now = self._clock.monotonic()
        if now - self._told.get(model, now - TOLD_EVERY) >= TOLD_EVERY:
            self._told[model] = now
            self._tell(DOWN.format(model=model, error=_reason(error), instead=instead))


def _would_fail_too(question: Question, instead: Model, error: ClaudeError) -> bool:
    """Say whether another model of the same server would fail as well."""
    return question.server == instead.server and (not error.status or isinstance(error, PromptTooLong))


def _reason(error: ClaudeError) -> str:
    """Return why a model can't be asked; a breaker's message concerns the main server's key."""
    refused = isinstance(error, ClaudeDenied) and not error.status
    return "its server refused us a moment ago" if refused else str(error)


def _first(question: Question, shown: list[str]) -> Question:
    """Return the question for the first model, with time left for the second; fills `shown`."""
    assert question.instead is not None
    on_text = question.on_text

    def show(piece: str) -> None:
        shown.append(piece)
        if on_text:
            on_text(piece)

    share = 1.0 if question.server == question.instead.server else SHARE
    return replace(question, deadline=question.deadline * share, on_text=show if on_text else None)
