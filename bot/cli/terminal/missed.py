"""What was shown in a terminal and not perceived: the person is told of each file once, with the reason."""

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
    """Gathers why files were not perceived, from the log and from what is known of them beforehand."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._gathered: dict[int, tuple[Attachment, str]] = {}
        self._told = set[int]()
        self._rehearsal_told = False
        # What is told here does not depend on how much is logged.
        _PERCEPTION.setLevel(logging.INFO)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Gather what perception says while one line is answered."""
        ear = _Ear(self._gathered)
        _PERCEPTION.addHandler(ear)
        try:
            yield
        finally:
            _PERCEPTION.removeHandler(ear)

    async def notes(self, heard: Utterance) -> list[str]:
        """Return a line for each file that was not perceived and has not been told of yet."""
        for one, why in self._known_beforehand(heard.attachments):
            self._gathered.setdefault(one.id, (one, why))
        for one in await self._wordless(heard):
            self._gathered.setdefault(one.id, (one, NO_WORDS))
        found = [pair for key, pair in self._gathered.items() if key not in self._told]
        self._told |= self._gathered.keys()
        self._gathered.clear()
        return [*self._once_in_a_rehearsal(heard.attachments), *(_note(one, why) for one, why in found)]

    def _known_beforehand(self, shown: Iterable[Attachment]) -> Iterator[tuple[Attachment, str]]:
        counts = dict[str, int]()
        for one in shown:
            done = _done(one)
            counts[done] = counts.get(done, 0) + 1
            if not self._passed_over(one) and (why := self._why_not(one, counts[done])):
                yield one, why

    def _why_not(self, one: Attachment, number: int) -> str:
        """Return why a file can't be perceived, the `number`th like it; "" where nothing is known."""
        senses = self._app.perception.senses
        pictured = one.kind is AttachmentKind.PICTURE
        if one.kind is AttachmentKind.FILE:
            return UNKNOWN_KIND
        heard_with = senses.ear if one.kind is AttachmentKind.VOICE else senses.reader
        if (senses.eye if pictured else heard_with) is None:
            return NO_SENSE
        if one.size > LARGEST[one.kind]:
            return TOO_LARGE
        most = senses.most_pictures if pictured else MOST_FILES
        return f"of one message, {most} are at most" if number > most else ""

    async def _wordless(self, heard: Utterance) -> list[Attachment]:
        """Return the files of a line in which no words were made out."""
        if not any(one.kind in READ for one in heard.attachments):
            return []
        try:
            async with self._app.database.read() as db:
                line = await db.messages.get(heard.message_id)
        except DatabaseError:  # whoever answers has said so
            return []
        return [one for one in attachments_of(line.attachments) if one.fault] if line else []

    def _passed_over(self, one: Attachment) -> bool:
        """Say whether the voice that speaks takes no notice of such a file."""
        return self._app.server.rehearsal and one.kind is not AttachmentKind.VOICE

    def _once_in_a_rehearsal(self, shown: Iterable[Attachment]) -> list[str]:
        if self._rehearsal_told or not any(self._passed_over(one) for one in shown):
            return []
        self._rehearsal_told = True
        return [REHEARSAL]


class _Ear(logging.Handler):
    """Puts down which file the log says can't be perceived, and why."""

    def __init__(self, gathered: dict[int, tuple[Attachment, str]]) -> None:
        super().__init__(logging.INFO)
        self._gathered = gathered

    def emit(self, record: logging.LogRecord) -> None:
        said, _, why = record.getMessage().partition(": ")
        one = fetched.get()
        if one is not None and "can't be" in said:
            self._gathered[one.id] = one, why


def _done(one: Attachment) -> str:
    return _DONE.get(one.kind, "read")


def _note(one: Attachment, why: str) -> str:
    return f"({one.name} was not {_done(one)}: {why})"
