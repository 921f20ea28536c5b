"""Named errors with their facts."""

import errno
import traceback
from pathlib import Path


class MasqueradeError(Exception):
    """Any error that this program raises on purpose; its text is a sentence for a person."""


class ConfigurationError(MasqueradeError):
    """The operator has to change something before the bot can run; exit code 78 (sysexits EX_CONFIG)."""


class DiscordUnreachable(MasqueradeError):  # noqa: N818
    """Discord can't be reached; a retry later may work, so a supervisor may restart."""


class DatabaseUnreachable(MasqueradeError):  # noqa: N818
    """The database is unusable now: away, locked, or full; a retry later may work."""


class AlreadyRunningError(ConfigurationError):
    """Another process holds the data folder."""


class DiskFull(MasqueradeError):  # noqa: N818
    """The disk is full; another start later may work."""


def unwritable(what: str, error: OSError) -> MasqueradeError:
    """Return the operator's error for a file or folder that can't be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"There is no room left for {what}: free some disk space and try again.")
    if isinstance(error, FileExistsError | NotADirectoryError):
        place = error.filename or what
        return ConfigurationError(
            f"{place} is a file where a folder has to be: move it, or name another place."
        )
    return ConfigurationError(
        f"{what} can't be written: {error.strerror}. Let this user write there, or name another place."
    )


class SpeakingError(MasqueradeError):
    """A part of a reply was not posted."""


class Unsayable(SpeakingError):  # noqa: N818
    """This place refuses posts: blocked, forbidden or deleted. A retry is pointless."""


class Unpostable(SpeakingError):  # noqa: N818
    """This part can't be posted anywhere: Discord rejects its content."""


class Gone(Unpostable):
    """The message to change does not exist any more."""


class Unsaid(SpeakingError):  # noqa: N818
    """Posting failed for now; the part stays queued and is retried."""


class Interrupted(SpeakingError):  # noqa: N818
    """Somebody interrupted a reply that was spoken aloud: only `text` of it was heard.

    The heard words became the message `message_id`; None if nothing was heard.
    """

    def __init__(self, message_id: int | None, text: str) -> None:
        super().__init__("somebody spoke in between")
        self.message_id = message_id
        self.text = text


class Unspeakable(MasqueradeError):  # noqa: N818
    """A text can't be spoken now; it is posted in writing instead."""


class Unperceived(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """An attachment can't be perceived; the text says why, for the log, without any of its content."""


def place_in_code(error: BaseException) -> str:
    """Return the file and line that raised an error: its message may hold a user's words."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return "a library"
    frame, line = frames[-1]
    return f"{Path(frame.f_code.co_filename).name}:{line}"
