"""Amounts in dollars and tokens, and daily limits on them (C86)."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

SPARING = 0.8
"""The share of a limit from which only direct requests are served, with the cheap model (C86)."""
_WRITTEN = re.compile(
    r"(?P<sign>\$)?\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<thousands>k|m)?\s*(?P<unit>usd|dollars?|tokens?)?"
)
NANO = 10**9
_TIMES = {None: 1, "k": 1_000, "m": 1_000_000}


class Unit(StrEnum):
    """The unit of a limit."""

    DOLLARS = "USD"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Amount:
    """The cost of model calls: billionths of a US dollar, and tokens in and out.

    Whole numbers: holding and releasing an amount must leave no remainder.
    """

    nanodollars: int = 0
    tokens: int = 0

    @classmethod
    def of(cls, dollars: float, tokens: int) -> Self:
        """Return an amount; a fraction of a billionth counts as one."""
        return cls(math.ceil(round(dollars * NANO, 3)), tokens)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.nanodollars + other.nanodollars, self.tokens + other.tokens)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.nanodollars - other.nanodollars, self.tokens - other.tokens)

    @property
    def dollars(self) -> float:
        return self.nanodollars / NANO

    def in_(self, unit: Unit) -> float:
        return self.dollars if unit is Unit.DOLLARS else self.tokens


NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Allowance:
    """A daily limit."""

    limit: float
    unit: Unit

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Parse "2 USD", "$0.50", "200000 tokens" or "200k tokens"; None for no limit ("none").

        Raises ValueError for anything else, and for a limit of zero.
        """
        words = text.strip().lower().replace(",", "").replace("_", "")
        if words in ("", "0", "none", "off"):
            return None
        found = _WRITTEN.fullmatch(words)
        if found is None or bool(found["sign"]) == bool(found["unit"]):
            raise ValueError(f"{text!r} is no limit: name a number, and dollars or tokens.")
        unit = Unit.TOKENS if (found["unit"] or "").startswith("token") else Unit.DOLLARS
        limit = float(found["number"]) * _TIMES[found["thousands"]]
        if not 0 < limit < 10**12:
            raise ValueError(f"{text!r} is no limit: nothing could be spent at all, or anything.")
        return cls(limit, unit)

    def __str__(self) -> str:
        return self.written(self.limit)

    def written(self, spent: float) -> str:
        """Return an amount in this limit's unit: "2.00 USD", "0.0015 USD" or "200000 tokens"."""
        if self.unit is Unit.TOKENS:
            return f"{spent:.0f} tokens"
        whole, _, parts = f"{spent:.6f}".partition(".")
        return f"{whole}.{parts.rstrip('0'):0<2} USD"

    def share(self, spent: Amount) -> float:
        """Return the share of the limit that was spent, 1 for all."""
        return spent.in_(self.unit) / self.limit

    def holds(self, spent: Amount) -> bool:
        """Say whether the limit permits an amount."""
        return spent.in_(self.unit) <= self.limit
