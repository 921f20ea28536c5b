"""What is told once in a while: kept in memory alone, so that nothing of it is ever written down."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from bot.core.clock import Clock

MOST_KEPT = 10_000
"""Keys that are remembered at most: the oldest go first."""

Key = TypeVar("Key", bound=Hashable)


class Cooldown(Generic[Key]):
    """Says whether something is told for the first time within `seconds`; a restart forgets it."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._told: OrderedDict[Key, float] = OrderedDict()

    def first(self, key: Key) -> bool:
        """Say whether this is the first time, and take it as told."""
        now = self._clock.monotonic()
        last = self._told.get(key)
        if last is not None and now - last < self._seconds:
            return False
        self._told[key] = now
        self._told.move_to_end(key)
        while len(self._told) > MOST_KEPT:
            self._told.popitem(last=False)
        return True

    def forget(self, key: Key) -> None:
        """Take it as not told."""
        self._told.pop(key, None)
