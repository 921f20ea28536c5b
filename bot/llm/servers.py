"""Several servers as one client: each question goes to its server; models without vision get no pictures."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.clock import Clock
from bot.llm.client import Answer, AnthropicClaude
from bot.llm.errors import ClaudeError, ClaudeRejected, PromptTooLong
from bot.llm.types import Model, Prompt, Question

log = logging.getLogger(__name__)

BLIND_FOR = 24 * 3600.0
"""Seconds for which a model that rejected a picture gets none: after an update it may have vision."""
_UNSEEING = frozenset({400, 404, 415, 422, 500})
"""Status codes of servers that reject pictures; implementations differ."""


class Servers:
    """Asks a question's server, by its label."""

    def __init__(self, main: AnthropicClaude, others: Mapping[str, AnthropicClaude], clock: Clock) -> None:
        self._clients = {"": main, **others}
        self._clock = clock
        self._blind: dict[Model, float] = {}
        self._seeing: set[Model] = set()
        """Models that accepted a picture once: later rejections concern a single picture."""

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        """Return the answer, or raise a ClaudeError; a model without vision is asked without the pictures."""
        client, model = self._clients[question.server], Model(question.model, question.server)
        if not prompt.pictures:
            return await client.ask(prompt, question)
        begun = self._clock.monotonic()
        if begun < self._blind.get(model, begun):
            if question.purpose == "look":
                raise ClaudeRejected("the model can't see")
            return await client.ask(prompt.without_pictures(), question)
        try:
            answer = await client.ask(prompt, question)
        except ClaudeError as error:
            left = question.deadline - (self._clock.monotonic() - begun)
            blame = error.status in _UNSEEING and not isinstance(error, PromptTooLong)
            # A description without its picture would make no sense.
            if not blame or left <= 0 or question.purpose == "look":
                raise
            answer = await _again(client, prompt.without_pictures(), replace(question, deadline=left), error)
            self._blame(model)  # only now it is certain that the pictures were the cause
        else:
            self._seeing.add(model)
        return answer

    def _blame(self, model: Model) -> None:
        """Record that a model rejected a picture, unless it accepted another one before."""
        if model in self._seeing:
            log.warning("%s refused a picture, and was asked without it.", model)
            return
        self._blind[model] = self._clock.monotonic() + BLIND_FOR
        log.warning("%s can't see pictures, and is shown none for a day: set vision_model.", model)

    async def batch(self, asked: Sequence[tuple[Prompt, Question]]) -> list[Answer | ClaudeError] | None:
        """Return the answers of the common server; None if the questions have different ones."""
        servers = {question.server for _, question in asked}
        return await self._clients[servers.pop()].batch(asked) if len(servers) == 1 else None

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()


async def _again(client: AnthropicClaude, prompt: Prompt, question: Question, first: ClaudeError) -> Answer:
    try:
        answer = await client.ask(prompt, question)
    except ClaudeError as error:
        error.before = first.calls
        raise
    return replace(answer, before=first.calls)
