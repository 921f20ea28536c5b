"""Claude within a budget: each call is set aside before it is made, and booked when it is over (C86)."""

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
"""What a character can do without: it stops where a budget runs short."""
SPARING = ("cheap", "budget")
"""Who answers where a budget runs short, and why."""
BYTES_A_TOKEN = 2.5
"""Bytes of a prompt that become one token at least: English has four, Chinese some two and a half."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """What calls cost at most. `free` stands for a local server; an unknown model counts as the dearest.

    Of the servers besides it those that are named in `free_servers` cost nothing.
    """

    prices: Prices
    free: bool = False
    free_servers: frozenset[str] = frozenset()

    def most(self, prompt: Prompt, question: Question, share: float = 1.0) -> Amount:
        """Return what a call may come to at most, where it costs that share of the price."""
        tokens = round(len(prompt.text.encode()) / BYTES_A_TOKEN) + prompt.picture_tokens
        price = self._price(str(Model(question.model, question.server)))
        dearest = max(price.input, price.cache_write_5m, price.cache_write_1h)
        dollars = (tokens * dearest + question.max_tokens * price.output) / 1_000_000
        free = self.is_free(question.server)
        return Amount.of(0.0 if free else dollars * share, tokens + question.max_tokens)

    def of(self, call: ModelCall) -> Amount | None:
        """Return what a call came to; None where the server did not say."""
        if call.usage.output is None:
            return None
        cost = call.cost
        if cost is None:
            cost = 0.0 if self.is_free(call.server) else self._price(call.model).cost(call.usage)
        return Amount.of(cost or 0.0, (call.usage.prompt or 0) + call.usage.output)

    def is_free(self, server: str) -> bool:
        """Say whether a server costs nothing; "" is the one that all else is asked of."""
        return server in self.free_servers if server else self.free

    def _price(self, model: str) -> Price:
        return self.prices.of(model) or self.prices.dearest


class Budgeted:
    """Asks another Claude, as long as there is something to pay it with.

    Where a budget runs short, what nobody asked for is not paid, and `cheap_model` writes replies.
    """

    def __init__(self, claude: Claude, budgets: Budgets, tariff: Tariff, *, cheap_model: str) -> None:
        self._claude = claude
        self._budgets = budgets
        self._tariff = tariff
        self._cheap_model = cheap_model

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        """Return the answer; raise OverBudget where it can't be paid, else what the other one raises."""
        asked, held = await self._admitted(prompt, question)
        spent = held.amount  # what was broken off may have to be paid
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
        """Return the answers to those that can be paid, and OverBudget for the others, in their order."""
        if not isinstance(self._claude, Batching):
            return None
        found: list[Held | ClaudeError] = []
        with ExitStack() as broken_off:
            broken_off.callback(self._let_go, found, paid=False)
            for one in asked:
                found.append(await self._held_or_not(*one))  # noqa: PERF401 - cut off, some are held
            broken_off.pop_all()
        paid = [one for one, held in zip(asked, found, strict=True) if isinstance(held, Held)]
        with ExitStack() as broken_off:
            broken_off.callback(self._let_go, found, paid=True)
            answers = await self._claude.batch(paid) if paid else []
            broken_off.pop_all()
        if answers is None:
            self._let_go(found, paid=False)
            return None
        left = iter(answers)
        return [self._booked(one, next(left)) if isinstance(one, Held) else one for one in found]

    async def close(self) -> None:
        """Write down what the last calls came to, and let go of the connections."""
        try:
            await self._budgets.keep()
        except DatabaseError as error:
            log.error("What the last calls came to is not noted: %s", error)  # noqa: TRY400
        await self._claude.close()

    async def _spared(self, question: Question, most: Amount) -> Question:
        """Return how a question is asked as things stand with who pays for it, if it costs so much."""
        level = await self._budgets.level_of(most, user_id=question.user_id, channel_id=question.channel_id)
        if level is Level.FREE:
            return question
        if question.purpose in EXTRAS:
            raise OverBudget(f"a budget runs short, and it is no time for a {question.purpose}")
        # What costs nothing can't be spared, and another model takes as many tokens.
        if question.purpose == "reply" and self._cheap_model and not self._tariff.is_free(question.server):
            return replace(question, model=self._cheap_model, server="", effort="off")
        return question

    async def _admitted(
        self, prompt: Prompt, question: Question, *, share: float = 1.0
    ) -> tuple[Question, Held]:
        """Return how a question is asked, and what is held for it; raise OverBudget where it is not asked."""
        try:
            question = await self._spared(question, self._tariff.most(prompt, question, share))
            most = self._tariff.most(prompt, question, share)
            held = await self._budgets.hold(
                most,
                user_id=question.user_id,
                channel_id=question.channel_id,
                # What is done beside talk may be larger than what is left, which still holds replies.
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
        for one in found:
            if isinstance(one, Held):
                self._budgets.settle(one, one.amount if paid else NOTHING)

    def _paid(self, error: ClaudeError, held: Held) -> Amount:
        """Return what a call came to that brought nothing: what broke off may have to be paid."""
        reported = self._tariff.of(error.call) if error.call else None
        if reported is not None:
            return reported
        return held.amount if isinstance(error, (ClaudeTimeout, ClaudeCut)) else NOTHING
