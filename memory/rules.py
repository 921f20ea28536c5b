"""Of whom anything is kept, for how long, and why something is not."""

from datetime import timedelta
from enum import Enum, auto
from typing import Literal

Consent = Literal["opt_in", "opt_out", "off"]
"""About whom anything is noted without their asking: who agreed, who did not say no, nobody (D03)."""
LOG_KEPT = timedelta(hours=24)
WAITING_KEPT = timedelta(days=7)
"""For so long talk waits to be summed up, or for facts to be drawn, when every try fails."""
SOFT_KEPT = timedelta(days=14)
"""A fact that is not kept goes so long after its person was last there (C59, D18)."""


# Why something can't be kept, changed or shown: a code with figures; whoever shows it has the words.


class Refusal(Enum):
    """Each with the figures that come with it."""

    OFF = auto()
    """The operator lets nothing be remembered."""
    FOR_ADULTS = auto()
    """`character` is for adults only, and `where` is no place for it."""
    FULL = auto()
    """The person has as many memories as one may have: `most`."""
    UNKNOWN = auto()
    """There is no memory with this `number`."""
    NO_STATE = auto()
    """That earlier state is not there any more."""
    NO_SERVER = auto()
    """It was to come up in a whole server, and was said outside of any."""
    UNUSABLE = auto()
    """There are no words in it, or more than `longest` letters."""
    SECRETS = auto()
    """It holds a password, a number or an address."""
    TAKEN_BACK = auto()
    """The words were deleted or changed meanwhile."""
    NO_SUCH_DAY = auto()
    """Nothing can have changed on that day."""


class MemoryRefused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A memory can't be kept, changed or shown."""

    def __init__(self, refusal: Refusal, **figures: object) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.figures = figures
