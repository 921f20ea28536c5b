"""Circuit breaker: stops calls to a server that refuses us, until a pause is over or the key changes (faults
C2).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.clock import Clock
from bot.core.logging import keep_out_of_log
from bot.llm.errors import ClaudeDenied, Denial

log = logging.getLogger(__name__)

PAUSE_SECONDS = 900.0

_MEND_KEY = (
    "into config.env: it is taken at the next message. One from the environment is taken after a restart."
)
MEND: dict[Denial, str] = {
    "key": f"Write a valid one {_MEND_KEY}",
    "permission": f"Allow it in the account's console, or write another anthropic_api_key {_MEND_KEY}",
    "billing": "See to the billing in the account's console; the next try comes within 15 minutes.",
}
WHAT: dict[Denial, str] = {
    "key": "the model's server refuses the key (anthropic_api_key)",
    "permission": "the model's server does not let this key use the model",
    "billing": "the model's server asks for payment",
}
OVER = "Over: the model's server answers again."


@dataclass(frozen=True, slots=True)
class Lockout:
    """The reason of the server's refusal, and its time."""

    what: Denial
    since: datetime

    def __str__(self) -> str:
        return f"Nobody has been answered since {self.since:%Y-%m-%d %H:%M} UTC: {WHAT[self.what]}."


class Breaker:
    """Open from a denial until the next answer; after each pause questions are let through again.

    `fresh_key` returns the current key in the settings, "" if none can be read; `tell` is called when the
    breaker opens, `ease` when it closes.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        fresh_key: Callable[[], str] = lambda: "",
        tell: Callable[[str], None] = lambda _: None,
        ease: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.lockout: Lockout | None = None
        self._clock = clock
        self._fresh_key = fresh_key
        self._tell = tell
        self._ease = ease
        self._error = ClaudeDenied("")
        self._refused_key = ""
        self._until = 0.0

    def admit(self, key: str) -> str:
        """Return the key to use: `key`, or a newer one; raise ClaudeDenied while the breaker is open."""
        if self.lockout is None:
            return key
        fresh = self._fresh_key()
        if fresh not in ("", self._refused_key, key):
            keep_out_of_log(fresh)
            log.info("The settings hold another key: it is tried.")
            self._until = 0.0
            return fresh
        if self._clock.monotonic() >= self._until:
            return key
        denial = self._error.what
        raise ClaudeDenied(f"{WHAT[denial]}. {MEND[denial]}", denial)

    def open(self, error: ClaudeDenied, key: str) -> None:
        """Block calls for a while: the server refuses a key, or its account."""
        earlier, known = self.lockout, (self._error.what, self._refused_key)
        self._error, self._refused_key = error, key
        self._until = self._clock.monotonic() + PAUSE_SECONDS
        if earlier is None or known != (error.what, key):
            self.lockout = Lockout(error.what, earlier.since if earlier else self._clock.now())
            self._tell(f"Nobody is answered: {WHAT[error.what]} ({error}). {MEND[error.what]}")

    def close(self) -> None:
        """Admit all calls: the server has answered."""
        if self.lockout is not None:
            self.lockout = None
            self._ease(OVER)
