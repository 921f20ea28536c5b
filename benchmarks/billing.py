"""What prompts cost: the books of one layout, with a prompt cache of its own."""

from collections.abc import Callable
from dataclasses import replace

from bot.llm import types
from bot.llm.pricing import Prices, load_prices
from tests.world.claude_cache import MODELS, NOTHING, Body, PromptCache, Usage, render, tokens_in


class Books:
    """Enters calls at the prices of their models; `clock` returns seconds and ages the cache."""

    def __init__(self, clock: Callable[[], float], prices: Prices | None = None) -> None:
        self._cache = PromptCache(clock, MODELS)
        self._prices = prices or load_prices(None)
        self.usage: dict[str, Usage] = {}
        self.spent: dict[str, float] = {}

    def enter(self, purpose: str, body: Body, answer: str) -> types.Usage:
        """Bill a request and its answer, and return the tokens as the server would report them."""
        model = str(body["model"])
        bill = self._cache.bill(model, render(body))
        self._cache.keep(model, bill)
        billed = replace(bill.usage, output_tokens=tokens_in(len(answer)))
        self.usage[purpose] = self.usage.get(purpose, NOTHING) + billed
        usage = types.Usage(
            input=billed.input_tokens,
            output=billed.output_tokens,
            cache_read=billed.cache_read_input_tokens,
            cache_write_5m=billed.ephemeral_5m_input_tokens,
            cache_write_1h=billed.ephemeral_1h_input_tokens,
        )
        cost = self._prices.cost(model, usage)
        if cost is None:
            raise ValueError(f"the price of {model} is not known")
        self.spent[purpose] = self.spent.get(purpose, 0.0) + cost
        return usage

    def hit_rate(self, purpose: str) -> float:
        """Return the share of what was read for a purpose that came from the cache, 0 to 1."""
        return self.usage.get(purpose, NOTHING).hit_rate
