"""What can go wrong, by name, with the facts in it."""

import errno
import traceback
from pathlib import Path


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


class DiskFull(MasqueradeError):  # noqa: N818
    """There is no room left for a file; starting again later may work."""


def unwritable(what: str, error: OSError) -> MasqueradeError:
    """Return what it means for the operator that a file or folder can't be written."""
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
    """This place can't be written to: blocked, forbidden or gone. Trying again is pointless."""


class Unpostable(SpeakingError):  # noqa: N818
    """This part can't be posted anywhere: Discord does not take it as it is."""


class Gone(Unpostable):
    """The message that was to be changed is not there any more."""


class Unsaid(SpeakingError):  # noqa: N818
    """Posting failed for now; the part stays pledged and is tried again."""


class Interrupted(SpeakingError):  # noqa: N818
    """Somebody spoke while a reply was spoken aloud: only `text` of it was heard.

    The words that were heard became the message `message_id`; it is None where nothing was.
    """

    def __init__(self, message_id: int | None, text: str) -> None:
        super().__init__("somebody spoke in between")
        self.message_id = message_id
        self.text = text


class Unspeakable(MasqueradeError):  # noqa: N818
    """A text can't be spoken now; it is written instead."""


class Unperceived(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """An attachment can't be made out; the text says why, for the log, without a word of what it holds."""


def place_in_code(error: BaseException) -> str:
    """Return the file and line in which an error was raised: its message may hold a user's words."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return "a library"
    frame, line = frames[-1]
    return f"{Path(frame.f_code.co_filename).name}:{line}"
