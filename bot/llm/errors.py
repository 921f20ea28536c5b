"""Errors of model calls."""

from typing import TYPE_CHECKING, Literal

from bot.core.errors import MasqueradeError

if TYPE_CHECKING:
    from bot.llm.types import ModelCall


Denial = Literal["key", "permission", "billing"]


class ClaudeError(MasqueradeError):
    """A call to Claude returned nothing that can be posted."""

    outcome = "failed"

    call: "ModelCall | None" = None  # for the books: set once the client gives up
    before: "tuple[ModelCall, ...]" = ()
    """Earlier calls for the same answer that failed too."""
    status: int = 0
    """The HTTP status of a server's answer; 0 without an answer."""
    unreached: bool = False
    """Whether no server was reached: nothing was sent, or paid."""

    @property
    def calls(self) -> "tuple[ModelCall, ...]":
        """All calls for this answer, for the books."""
        return (*self.before, self.call) if self.call else self.before


class ClaudeTimeout(ClaudeError):  # noqa: N818 - the field calls it a timeout
    """The call's total deadline passed."""

    outcome = "timeout"


class ClaudeUnavailable(ClaudeError):  # noqa: N818
    """The server is overloaded, limits us, is broken, or could not be reached."""

    outcome = "unavailable"


class ClaudeRejected(ClaudeError):  # noqa: N818
    """The request itself is wrong: a retry is pointless (400, 404, 422)."""

    outcome = "rejected"


class PromptTooLong(ClaudeRejected):
    """The request is larger than the model takes (400 'prompt is too long', 413)."""

    outcome = "too long"


class ClaudeDenied(ClaudeError):  # noqa: N818
    """Calls will fail until the operator acts on `what` (401, 402, 403)."""

    outcome = "denied"

    def __init__(self, said: str, what: Denial = "key") -> None:
        super().__init__(said)
        self.what = what


class ClaudeRefused(ClaudeError):  # noqa: N818
    """The model declined to answer."""

    outcome = "refused"


class ClaudeEmpty(ClaudeError):  # noqa: N818
    """The answer held no text."""

    outcome = "empty"


class ClaudeCut(ClaudeError):  # noqa: N818
    """The answer ended without a stop reason: half a reply is no reply."""

    outcome = "cut"


class ClaudeInterrupted(ClaudeError):  # noqa: N818
    """Somebody interrupted the spoken answer: `heard` is the spoken part, and the rest is not needed."""

    outcome = "interrupted"

    def __init__(self, heard: str) -> None:
        super().__init__("somebody spoke in between")
        self.heard = heard


class OverBudget(ClaudeError):  # noqa: N818
    """Today's budget is spent, or too small; no call was made (C86).

    `line` is told to people, out of character; "" if nobody waits for an answer.
    """

    outcome = "over budget"

    def __init__(self, why: str, *, line: str = "") -> None:
        super().__init__(why)
        self.line = line
