"""Claude within a budget: the cost of each call is held before it, and booked after it (C86)."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from bot.llm.budget import Budgets, Held, Level
from bot.llm.client import Answer, Batching, Claude
from bot.llm.errors import ClaudeCut, ClaudeError, ClaudeTimeout, ClaudeUnavailable, OverBudget
from bot.llm.pricing import BATCHED, Price, Prices
from bot.llm.types import Model, ModelCall, Prompt, Question
from bot.settings.allowance import NOTHING, Amount
from database import DatabaseError

log = logging.getLogger(__name__)

EXTRAS = frozenset({"vote", "addressees", "appraisal", "status", "look", "musings"})
"""Purposes of optional calls: they stop when a budget runs short."""
SPARING = ("cheap", "budget")
"""The expert mark of replies in a short budget: the model, and the reason."""
BYTES_A_TOKEN = 2.5
"""The minimum of bytes per token: English has four, Chinese about two and a half."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """The maximum costs of calls. `free` stands for a local server; an unknown model counts as the most
    expensive.

    Other servers are free if they are listed in `free_servers`.
    """

    prices: Prices
    free: bool = False
    free_servers: frozenset[str] = frozenset()

    def most(self, prompt: Prompt, question: Question, share: float = 1.0) -> Amount:
        """Return the maximum cost of a call at this share of the price."""
        tokens = round(len(prompt.text.encode()) / BYTES_A_TOKEN) + prompt.picture_tokens
        price = self._price(str(Model(question.model, question.server)))
        dearest = max(price.input, price.cache_write_5m, price.cache_write_1h)
        dollars = (tokens * dearest + question.max_tokens * price.output) / 1_000_000
        free = self.is_free(question.server)
        return Amount.of(0.0 if free else dollars * share, tokens + question.max_tokens)

    def of(self, call: ModelCall) -> Amount | None:
        """Return the real cost of a call; None if the server did not report it."""
        if call.usage.output is None:
            return None
        cost = call.cost
        if cost is None:
            cost = 0.0 if self.is_free(call.server) else self._price(call.model).cost(call.usage)
        return Amount.of(cost or 0.0, (call.usage.prompt or 0) + call.usage.output)

    def is_free(self, server: str) -> bool:
        """Say whether a server is free of charge; "" is the main one."""
        return server in self.free_servers if server else self.free

    def _price(self, model: str) -> Price:
        return self.prices.of(model) or self.prices.dearest


class Budgeted:
    """Wraps another Claude, and calls it while the budget lasts.

    When a budget runs short, optional calls are refused, and `cheap_model` writes replies.
    """

    def __init__(self, claude: Claude, budgets: Budgets, tariff: Tariff, *, cheap_model: str) -> None:
        self._claude = claude
        self._budgets = budgets
        self._tariff = tariff
        self._cheap_model = cheap_model

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        """Return the answer; raise OverBudget if the budget is too small, else the client's errors."""
        asked, held = await self._admitted(prompt, question)
        spent = held.amount  # an interrupted call may have to be paid
        try:
            answer = await self._claude.ask(prompt, asked)
            spent = self._tariff.of(answer.call) or spent
        except ClaudeError as error:
            spent = self._paid(error, held)
            raise
        finally:
            self._budgets.settle(held, spent)
        same = (asked.model, asked.server) == (question.model, question.server)
        return answer if same else replace(answer, expert=SPARING)

    async def batch(self, asked: Sequence[tuple[Prompt, Question]]) -> list[Answer | ClaudeError] | None:
        """Return the answers, in their order, with OverBudget for those beyond the budget."""
        if not isinstance(self._claude, Batching):
            return None
        found: list[Held | ClaudeError] = []
        with ExitStack() as broken_off:
            broken_off.callback(self._let_go, found, paid=False)
            for question in asked:
                found.append(await self._held_or_not(*question))  # noqa: PERF401 - cut off, some are held
            broken_off.pop_all()
        paid = [question for question, held in zip(asked, found, strict=True) if isinstance(held, Held)]
        with ExitStack() as broken_off:
            broken_off.callback(self._let_go, found, paid=True)
            answers = await self._claude.batch(paid) if paid else []
            broken_off.pop_all()
        if answers is None:
            self._let_go(found, paid=False)
            return None
        left = iter(answers)
        return [self._booked(held, next(left)) if isinstance(held, Held) else held for held in found]

    async def close(self) -> None:
        """Store the cost of the last calls, and close connections."""
        try:
            await self._budgets.keep()
        except DatabaseError as error:
            log.error("What the last calls came to is not noted: %s", error)  # noqa: TRY400
        await self._claude.close()

    async def _spared(self, question: Question, most: Amount) -> Question:
        """Return the question as the budget permits it: with the cheap model if it is short."""
        level = await self._budgets.level_of(most, user_id=question.user_id, channel_id=question.channel_id)
        if level is Level.FREE:
            return question
        if question.purpose in EXTRAS:
            raise OverBudget(f"a budget runs short, and it is no time for a {question.purpose}")
        # A free model saves nothing, and another model takes as many tokens.
        if question.purpose == "reply" and self._cheap_model and not self._tariff.is_free(question.server):
            return replace(question, model=self._cheap_model, server="", effort="off")
        return question

    async def _admitted(
        self, prompt: Prompt, question: Question, *, share: float = 1.0
    ) -> tuple[Question, Held]:
        """Return the permitted question, and the amount held for it; raise OverBudget if it is refused."""
        try:
            question = await self._spared(question, self._tariff.most(prompt, question, share))
            most = self._tariff.most(prompt, question, share)
            held = await self._budgets.hold(
                most,
                user_id=question.user_id,
                channel_id=question.channel_id,
                # A background call may exceed a rest that is still enough for replies.
                lasting=question.purpose == "reply",
            )
        except DatabaseError as error:
            raise ClaudeUnavailable(f"the budget can't be noted: {error}") from error
        return question, held

    async def _held_or_not(self, prompt: Prompt, question: Question) -> Held | ClaudeError:
        try:
            return (await self._admitted(prompt, question, share=BATCHED))[1]
        except ClaudeError as error:
            return error

    def _booked(self, held: Held, answer: Answer | ClaudeError) -> Answer | ClaudeError:
        if isinstance(answer, ClaudeError):
            self._budgets.settle(held, self._paid(answer, held))
        else:
            self._budgets.settle(held, self._tariff.of(answer.call) or held.amount)
        return answer

    def _let_go(self, found: Sequence[Held | ClaudeError], *, paid: bool) -> None:
        for held in found:
            if isinstance(held, Held):
                self._budgets.settle(held, held.amount if paid else NOTHING)

    def _paid(self, error: ClaudeError, held: Held) -> Amount:
        """Return the cost of a failed call: an interrupted one may have to be paid."""
        reported = self._tariff.of(error.call) if error.call else None
        if reported is not None:
            return reported
        return held.amount if isinstance(error, (ClaudeTimeout, ClaudeCut)) else NOTHING
