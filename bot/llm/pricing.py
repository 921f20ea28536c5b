"""Prices of calls, from a table that operators can edit."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, ValidationError

from bot.core.errors import ConfigurationError
from bot.llm.types import Usage

BATCHED = 0.5
"""The share of the normal price for a call in a batch."""
BUILT_IN = Path(__file__).with_name("prices.toml")
_DATE = re.compile(r"-\d{8}$")


class Price(BaseModel):
    """US dollars for a million tokens of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: NonNegativeFloat
    output: NonNegativeFloat
    cache_write_5m: NonNegativeFloat
    cache_write_1h: NonNegativeFloat
    cache_read: NonNegativeFloat

    def cost(self, usage: Usage) -> float | None:
        """Return US dollars, or None if the server did not report its tokens."""
        if usage.input is None or usage.output is None:
            return None
        millionths = (
            usage.input * self.input
            + usage.output * self.output
            + usage.cache_write_5m * self.cache_write_5m
            + usage.cache_write_1h * self.cache_write_1h
            + usage.cache_read * self.cache_read
        )
        return millionths / 1_000_000


class Prices:
    """The price table."""

    def __init__(self, table: Mapping[str, Price]) -> None:
        self._table = dict(table)

    def of(self, model: str) -> Price | None:
        """Return a model's price; None if it is unknown (never zero, C87)."""
        return self._table.get(model) or self._table.get(_DATE.sub("", model))

    @property
    def dearest(self) -> Price:
        """The price of the most expensive model: an upper limit for unknown ones."""
        return max(self._table.values(), key=lambda price: price.output)

    def cost(self, model: str, usage: Usage, *, batched: bool = False) -> float | None:
        """Return the cost of a call in US dollars; None if it is unknown."""
        price = self.of(model)
        cost = price.cost(usage) if price else None
        return cost if cost is None or not batched else cost * BATCHED


def load_prices(path: Path | None, *, input_prices: Mapping[str, float] | None = None) -> Prices:
    """Read the price table; a file of the operator's own replaces the built-in rows it names.

    `input_prices` maps a word in a model's name ("haiku") to US dollars per input token: seed 000's
    cost_per_token_* keys (F062). Raises ConfigurationError naming the file and the fault.
    """
    table = _read(BUILT_IN)
    if path is not None:
        table |= _read(path)
    for word, dollars in (input_prices or {}).items():
        for model, price in table.items():
            if word in model:
                table[model] = price.model_copy(update={"input": dollars * 1_000_000})
    return Prices(table)


def _read(path: Path) -> dict[str, Price]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))
        return {model: Price.model_validate(row) for model, row in rows.items()}
    except OSError as error:
        raise ConfigurationError(f"price_file {path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"price_file {path} is not valid TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigurationError(f"price_file {path}: {where}: {first['msg']}.") from error
