"""Cooldowns of messages: in memory only, so that nothing of them is ever stored."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from bot.core.clock import Clock

MOST_KEPT = 10_000
"""The maximum number of keys: the oldest are dropped first."""

Key = TypeVar("Key", bound=Hashable)


class Cooldown(Generic[Key]):
    """Says whether a key occurs for the first time within `seconds`; a restart forgets all keys."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._told: OrderedDict[Key, float] = OrderedDict()

    def first(self, key: Key) -> bool:
        """Say whether this is the first time, and record the key."""
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
        """Remove the key."""
        self._told.pop(key, None)
