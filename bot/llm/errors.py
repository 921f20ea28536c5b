"""What can go wrong when a model is asked."""

from typing import TYPE_CHECKING, Literal

from bot.core.errors import MasqueradeError

if TYPE_CHECKING:
    from bot.llm.types import ModelCall


Denial = Literal["key", "permission", "billing"]


class ClaudeError(MasqueradeError):
    """A call to Claude brought nothing that can be said."""

    outcome = "failed"

    call: "ModelCall | None" = None  # for the books: set once the client gives up
    before: "tuple[ModelCall, ...]" = ()
    """Calls before it, for the same answer, that brought nothing either."""
    status: int = 0
    """What a server answered with, by HTTP; 0 where none answered."""
    unreached: bool = False
    """Whether no server was reached: nothing was sent, or paid."""

    @property
    def calls(self) -> "tuple[ModelCall, ...]":
        """Every call that it took, for the books."""
        return (*self.before, self.call) if self.call else self.before


class ClaudeTimeout(ClaudeError):  # noqa: N818 - the field calls it a timeout
    """The call's total deadline passed."""

    outcome = "timeout"


class ClaudeUnavailable(ClaudeError):  # noqa: N818
    """The server is overloaded, limits us, is broken, or could not be reached."""

    outcome = "unavailable"


class ClaudeRejected(ClaudeError):  # noqa: N818
    """The request itself is wrong: sending the same again is pointless (400, 404, 422)."""

    outcome = "rejected"


class PromptTooLong(ClaudeRejected):
    """The request is larger than the model takes (400 'prompt is too long', 413)."""

    outcome = "too long"


class ClaudeDenied(ClaudeError):  # noqa: N818
    """Nothing will work until the operator acts on `what` (401, 402, 403)."""

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
    """The answer broke off before the server said why it stopped: half a reply is none."""

    outcome = "cut"


class ClaudeInterrupted(ClaudeError):  # noqa: N818
    """Somebody spoke while the answer was spoken aloud: `heard` of it was, and no more is wanted."""

    outcome = "interrupted"

    def __init__(self, heard: str) -> None:
        super().__init__("somebody spoke in between")
        self.heard = heard


class OverBudget(ClaudeError):  # noqa: N818
    """What may be spent today is spent, or too little is left of it; nothing was asked (C86).

    `line` is what people are told, out of character; "" where nobody waits for an answer.
    """

    outcome = "over budget"

    def __init__(self, why: str, *, line: str = "") -> None:
        super().__init__(why)
        self.line = line
