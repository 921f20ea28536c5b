"""Display of one reply while the model writes it: posting and editing its messages."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bot.conversation.config import Streaming
from bot.conversation.text.growing import is_presentable
from bot.conversation.text.split import split
from bot.conversation.types import GrownReply, Mouth, Part, Showing, Utterance
from bot.core.clock import Runtime
from bot.core.errors import Gone, SpeakingError, Unpostable, Unsaid, Unsayable
from database import Database, DatabaseError
from database.models import CueRow, Draft

log = logging.getLogger(__name__)

SLOW = 1.0
"""An edit that took this many seconds was delayed by Discord: the next one waits for twice as long."""


@dataclass(frozen=True, slots=True)
class ReplyTrigger:
    """The cause of a growing reply: the newest message or a cue; its speaker and place."""

    character: str
    mouth: Mouth
    newest: Utterance
    message_ids: frozenset[int]
    cue: CueRow | None = None

    @property
    def mark(self) -> str:
        """The prefix of the nonces of the reply's messages."""
        return f"q{self.cue.id}" if self.cue else f"r{self.newest.message_id}"

    def is_shown_by(self, draft: Draft) -> bool:
        """Say whether a draft from before a restart belongs to the same reply."""
        asked = draft.mark.startswith("r") and draft.trigger_id in self.message_ids
        return draft.character == self.character and (draft.mark == self.mark if self.cue else asked)


class GrowingReply:
    """One reply that is displayed while it is written.

    One task posts and edits sequentially; it always displays the newest text.
    """

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        how: Streaming,
        cause: ReplyTrigger,
        limit: int,
        *,
        stale: Callable[[], bool],
        is_gone: Callable[[int], bool],
    ) -> None:
        self._database = database
        self._clock, self._reached = runtime.clock, runtime.reached
        self._how = how
        self._cause = cause
        self._stale, self._is_gone = stale, is_gone
        self._limit = limit
        self.standing: list[tuple[Draft, str]] = []
        """The messages that display it, with their text; "" if the text is unknown."""
        self.lost = False
        """Whether somebody deleted a message of it: then the reply is dropped."""
        self._over = False
        self._nonces_used = False
        self._showable: Callable[[str], str] = str
        self._text = ""
        self._held_back = True
        self._resting = True
        self._news = asyncio.Event()
        self._acting = asyncio.Lock()
        self._next_edit = self._clock.monotonic()
        self._unknown: Draft | None = None
        """A message that may have been posted: Discord did not confirm it."""

    @property
    def drafts(self) -> list[Draft]:
        return [draft for draft, _ in self.standing]

    @property
    def grown(self) -> GrownReply:
        """The messages as parts; with a nonce that may have been used Discord would post nothing new."""
        parts = tuple(
            Part(number, text, draft.nonce, draft.message_id)
            for number, (draft, text) in enumerate(self.standing, 1)
        )
        return GrownReply(parts, f"{self._cause.mark}b" if self._nonces_used else self._cause.mark)

    def begin(self, showable: Callable[[str], str]) -> Showing:
        """Start or restart the display of the part of the text that `showable` returns."""
        self._showable = showable
        self._show("")
        self._resting = False
        return Showing(self._show, replaceable=True)

    def stop(self) -> None:
        """Stop the display, and use other nonces for posts: the state of the channel is unknown."""
        self._over = self._nonces_used = True

    async def rest(self) -> None:
        """Pause the display; a post or an edit in progress is finished first."""
        self._resting = True
        async with self._acting:
            if self._unknown is not None:
                await self._find_unconfirmed(self._unknown)
            self.lost = self.lost or any(self._is_gone(draft.message_id or 0) for draft in self.drafts)

    def pause_left(self) -> float:
        """Return the seconds until the next edit is allowed."""
        return max(self._next_edit - self._clock.monotonic(), 0.0)

    async def keep_up(self) -> None:
        """Post and edit until the display ends."""
        while not self._over:
            await self._news.wait()
            self._news.clear()
            while (step := self._next()) is not None:
                number, text = step
                if number < len(self.standing) and (left := self.pause_left()) > 0:
                    await self._clock.sleep(left)
                    continue
                async with self._acting:
                    await self._show_in_channel(number, text)

    def _show(self, text: str) -> None:
        self._text = text
        self._held_back = self._held_back or not text
        self._news.set()

    def _next(self) -> tuple[int, str] | None:
        """Return the next message to change and its text; None if all messages are up to date."""
        if self._over or self._resting or self._stale():
            return None
        shown = self._showable(self._text)
        if self._held_back and not is_presentable(shown, after=self._how.after):
            return None
        self._held_back = False
        words = [text for _, text in self.standing]
        return next(
            (
                (number, text)
                for number, text in enumerate(split(shown, self._limit))
                if words[number : number + 1] != [text]
            ),
            None,
        )

    async def _show_in_channel(self, number: int, text: str) -> None:
        try:
            if number == len(self.standing):
                await self._post(text)
            else:
                await self._edit(number, text)
        except Gone:
            self.lost = self._over = True
        except Unsaid as error:
            log.info("A reply can't be shown as it grows: %s", error)
            if number == len(self.standing):  # it may have been posted all the same
                self.stop()
        except (SpeakingError, DatabaseError) as error:
            log.warning("A reply is not shown as it grows: %s", error)
            self._over, self._unknown = True, None

    async def _post(self, text: str) -> None:
        """Store the intent to post a message, post it, and store its id."""
        cause, number = self._cause, len(self.standing) + 1
        heard = cause.newest
        draft = Draft(
            mark=cause.mark,
            character=cause.character,
            number=number,
            channel_id=heard.where.channel_id,
            trigger_id=heard.message_id,
            addressee_id=heard.author_id,
            nonce=f"{cause.mark}.{number}",
            first_text=text,
            opened_at=self._clock.now(),
        )
        async with self._database.begin(brief=True) as db:
            await db.drafts.open(draft)
        self._reached("drafted")
        self._unknown = draft
        try:
            message_id = await cause.mouth.say(Part(number, text, draft.nonce), to=heard.author_id)
        except (Unsayable, Unpostable):  # it was not posted
            await self._close(draft)
            raise
        self._unknown = None
        self._reached("draft_posted")
        draft.message_id = message_id
        self.standing.append((draft, text))
        self._next_edit = self._clock.monotonic() + self._how.gap
        async with self._database.begin(brief=True) as db:
            await db.drafts.posted(draft, message_id)
        self._reached("draft_noted")

    async def _close(self, draft: Draft) -> None:
        async with self._database.begin(brief=True) as db:
            await db.drafts.close(draft.channel_id, draft.character, [draft.nonce])

    async def _find_unconfirmed(self, draft: Draft) -> None:
        """Find a part of the reply in the channel that Discord did not confirm."""
        with suppress(SpeakingError):
            draft.message_id = await message_of(self._database, draft, self._cause.mouth)
        if draft.message_id is not None:
            self.standing.append((draft, ""))
            self._unknown = None

    async def _edit(self, number: int, text: str) -> None:
        draft, _ = self.standing[number]
        assert draft.message_id is not None
        begun = self._clock.monotonic()
        self.standing[number] = draft, ""  # a failed edit leaves the text unknown
        try:
            await self._cause.mouth.edit(draft.message_id, text)
            self.standing[number] = draft, text
        finally:
            now = self._clock.monotonic()
            slow = now - begun > SLOW or not self.standing[number][1]
            self._next_edit = now + self._how.gap * (2 if slow else 1)
        self._reached("edited")


async def message_of(database: Database, draft: Draft, mouth: Mouth) -> int | None:
    """Return the id of a draft's message; None if it was not posted. Raises a SpeakingError."""
    if draft.message_id is not None:
        return draft.message_id
    async with database.read(brief=True) as db:
        known = await db.turns.posted(draft.channel_id, after=draft.trigger_id)
    part = Part(draft.number, draft.first_text, draft.nonce)
    return await mouth.find(part, after=draft.trigger_id, known=known)
