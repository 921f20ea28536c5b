"""Consent, retention periods, and reasons for refusals."""

from datetime import timedelta
from enum import Enum, auto
from typing import Literal

Consent = Literal["opt_in", "opt_out", "off"]
"""Who may be remembered without asking for it: people who agreed, people who did not refuse, nobody (D03)."""
LOG_KEPT = timedelta(hours=24)
WAITING_KEPT = timedelta(days=7)
"""Retention of talk that waits for a summary or fact extraction while all attempts fail."""
SOFT_KEPT = timedelta(days=14)
"""Time after a person's last visit until facts that are not kept expire (C59, D18)."""


# Refusals: a code with figures; the caller has the wording.


class Refusal(Enum):
    """Reasons, with the figures that accompany each."""

    OFF = auto()
    """The operator has disabled memory."""
    FOR_ADULTS = auto()
    """`character` is for adults only, and `where` is not an adult channel."""
    FULL = auto()
    """The person has reached the maximum number of memories, `most`."""
    UNKNOWN = auto()
    """No memory has this `number`."""
    NO_STATE = auto()
    """The earlier state no longer exists."""
    NO_SERVER = auto()
    """A memory from outside a server can't be shared with a server."""
    UNUSABLE = auto()
    """The text is empty or longer than `longest` characters."""
    SECRETS = auto()
    """The text contains a password, a number or an address."""
    TAKEN_BACK = auto()
    """The source message was deleted or edited meanwhile."""
    NO_SUCH_DAY = auto()
    """The day is in the future or before 2015."""


class MemoryRefused(Exception):  # noqa: N818 - a refusal is no program error
    """A memory can't be stored, changed or shown."""

    def __init__(self, refusal: Refusal, **figures: object) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.figures = figures
