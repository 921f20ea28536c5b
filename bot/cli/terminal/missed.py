"""Reports of files that could not be perceived: once per file, with the reason."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from bot.app import App
from bot.cli.terminal.files import fetched
from bot.conversation.perception import LARGEST, MOST_FILES
from bot.conversation.types import Utterance
from database import DatabaseError
from memory.attachments import READ, Attachment, AttachmentKind, attachments_of

REHEARSAL = "The rehearsal voice can't see pictures and reads no files."
NO_WORDS = "no words were found in it"
TOO_LARGE = "it is too large"
UNKNOWN_KIND = "it is neither a picture nor a text, a PDF or a recording"
NO_SENSE = "that is switched off, or a package is missing; python main.py doctor says which"
_PERCEPTION = logging.getLogger("bot.conversation.perception")
_DONE = {
    AttachmentKind.PICTURE: "looked at",
    AttachmentKind.VOICE: "listened to",
}


class Missed:
    """Collects reasons for unperceived files, from the log and from checks beforehand."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._gathered: dict[int, tuple[Attachment, str]] = {}
        self._told = set[int]()
        self._rehearsal_told = False
        # The reports must not depend on the configured log level.
        _PERCEPTION.setLevel(logging.INFO)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Collect messages of the perception while one line is answered."""
        ear = _Ear(self._gathered)
        _PERCEPTION.addHandler(ear)
        try:
            yield
        finally:
            _PERCEPTION.removeHandler(ear)

    async def notes(self, heard: Utterance) -> list[str]:
        """Return a line for each unperceived file that was not reported yet."""
        for attachment, why in self._known_beforehand(heard.attachments):
            self._gathered.setdefault(attachment.id, (attachment, why))
        for attachment in await self._wordless(heard):
            self._gathered.setdefault(attachment.id, (attachment, NO_WORDS))
        found = [pair for key, pair in self._gathered.items() if key not in self._told]
        self._told |= self._gathered.keys()
        self._gathered.clear()
        return [
            *self._once_in_a_rehearsal(heard.attachments),
            *(_note(attachment, why) for attachment, why in found),
        ]

    def _known_beforehand(self, shown: Iterable[Attachment]) -> Iterator[tuple[Attachment, str]]:
        counts = dict[str, int]()
        for attachment in shown:
            done = _done(attachment)
            counts[done] = counts.get(done, 0) + 1
            if not self._passed_over(attachment) and (why := self._why_not(attachment, counts[done])):
                yield attachment, why

    def _why_not(self, attachment: Attachment, number: int) -> str:
        """Return why a file, the `number`th of its kind, can't be perceived; "" if no reason is known."""
        senses = self._app.perception.senses
        pictured = attachment.kind is AttachmentKind.PICTURE
        if attachment.kind is AttachmentKind.FILE:
            return UNKNOWN_KIND
        heard_with = senses.ear if attachment.kind is AttachmentKind.VOICE else senses.reader
        if (senses.eye if pictured else heard_with) is None:
            return NO_SENSE
        if attachment.size > LARGEST[attachment.kind]:
            return TOO_LARGE
        most = senses.most_pictures if pictured else MOST_FILES
        return f"of one message, {most} are at most" if number > most else ""

    async def _wordless(self, heard: Utterance) -> list[Attachment]:
        """Return the files of a line without recognised words."""
        if not any(attachment.kind in READ for attachment in heard.attachments):
            return []
        try:
            async with self._app.database.read() as db:
                line = await db.messages.get(heard.message_id)
        except DatabaseError:  # reported by the reply already
            return []
        return (
            [attachment for attachment in attachments_of(line.attachments) if attachment.fault]
            if line
            else []
        )

    def _passed_over(self, attachment: Attachment) -> bool:
        """Return whether the current model ignores such files."""
        return self._app.server.rehearsal and attachment.kind is not AttachmentKind.VOICE

    def _once_in_a_rehearsal(self, shown: Iterable[Attachment]) -> list[str]:
        if self._rehearsal_told or not any(self._passed_over(attachment) for attachment in shown):
            return []
        self._rehearsal_told = True
        return [REHEARSAL]


class _Ear(logging.Handler):
    """Records which file the log calls unperceived, and why."""

    def __init__(self, gathered: dict[int, tuple[Attachment, str]]) -> None:
        super().__init__(logging.INFO)
        self._gathered = gathered

    def emit(self, record: logging.LogRecord) -> None:
        said, _, why = record.getMessage().partition(": ")
        attachment = fetched.get()
        if attachment is not None and "can't be" in said:
            self._gathered[attachment.id] = attachment, why


def _done(attachment: Attachment) -> str:
    return _DONE.get(attachment.kind, "read")


def _note(attachment: Attachment, why: str) -> str:
    return f"({attachment.name} was not {_done(attachment)}: {why})"
