"""What can go wrong, by name, with the facts in it."""

from bot.turn import Call


class MasqueradeError(Exception):
    """Everything that this program raises on purpose; its text is a sentence for a person."""


class ConfigurationError(MasqueradeError):
    """The operator has to change something before the bot can run; exit code 78 (sysexits EX_CONFIG)."""


class DiscordUnreachable(MasqueradeError):  # noqa: N818
    """There is no way to Discord now; trying again later may work, so a supervisor may restart."""


class DatabaseUnreachable(MasqueradeError):  # noqa: N818
    """The database can't be used now: away, held by another, or full; trying again later may work."""


class AlreadyRunningError(ConfigurationError):
    """Another process holds the data folder."""


class ClaudeError(MasqueradeError):
    """A call to Claude brought nothing that can be said."""

    outcome = "failed"

    call: Call | None = None  # for the books: set once the client gives up


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
    """Key, permission or billing: nothing will work until the operator acts (401, 402, 403)."""

    outcome = "denied"


class ClaudeRefused(ClaudeError):  # noqa: N818
    """The model declined to answer."""

    outcome = "refused"


class ClaudeEmpty(ClaudeError):  # noqa: N818
    """The answer held no text."""

    outcome = "empty"


class ClaudeCut(ClaudeError):  # noqa: N818
    """The answer broke off before the server said why it stopped: half a reply is none."""

    outcome = "cut"


class OverBudget(ClaudeError):  # noqa: N818
    """What may be spent today is spent, or too little is left of it; nothing was asked (C86).

    `line` is what people are told, out of character; "" where nobody waits for an answer.
    """

    outcome = "over budget"

    def __init__(self, why: str, *, line: str = "") -> None:
        super().__init__(why)
        self.line = line


class SpeakingError(MasqueradeError):
    """A part of a reply was not posted."""


class Unsayable(SpeakingError):  # noqa: N818
    """This place can't be written to: blocked, forbidden or gone. Trying again is pointless."""


class Unpostable(SpeakingError):  # noqa: N818
    """This part can't be posted anywhere: Discord does not take it as it is."""


class Gone(Unpostable):
    """The message that was to be changed is not there any more."""


class Unsaid(SpeakingError):  # noqa: N818
    """Posting failed for now; the part stays pledged and is tried again."""
