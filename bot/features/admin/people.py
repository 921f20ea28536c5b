"""Whether anything may be kept of somebody by hand: only of those who agreed (D03, C51)."""

from collections.abc import Awaitable, Callable

from database import UnitOfWork

Agreed = Callable[[UnitOfWork, int], Awaitable[bool]]
"""Says within a transaction whether anything may be noted about a person."""
