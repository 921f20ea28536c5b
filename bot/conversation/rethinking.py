"""Another attempt at a reply: the answered messages as they were then, and additional wishes."""

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from bot.conversation import turns
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.reader import ContextReader
from bot.conversation.generation import Composer
from bot.conversation.text.names import clean_text, render_line, speaker_label
from bot.conversation.types import NO_EMOTES, Recollection, Utterance, Wish
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _, n_
from database import Database, UnitOfWork
from database.models import MessageRow, Turn
from memory.places import Where

MOST_THOUGHTS, WITHIN_SECONDS = 30, 600.0
"""The maximum number of attempts that a person may request, within this many seconds."""
ANYWHERE = 0
"""The beginning of every transcript."""

NO_THOUGHT = _("I could think of nothing just now. Try again in a moment.")
THINKING = _("I am still thinking about what you asked for before. Wait for that first.")
ENOUGH = n_(
    "You had me think again very often just now. Try again in {count} minute.",
    "You had me think again very often just now. Try again in {count} minutes.",
)
CHANGED = _("What was said here has changed while I was thinking, so I let it be. Try again.")


class CannotRemake(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """Raised if a reply can't be changed; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Requester:
    """The person who wants a reply changed, with Discord's data about them."""

    id: int
    name: str
    roles: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Thought:
    """A new reply, and everything that was read for it."""

    text: str
    heard: tuple[Utterance, ...]
    remembered: Recollection
    before: int
    at: datetime


class Rethinking:
    """Generates replies outside the pipeline. Their cost is booked in any case."""

    def __init__(self, database: Database, reader: ContextReader, composer: Composer, clock: Clock) -> None:
        self._database = database
        self._reader = reader
        self._composer = composer
        self._clock = clock
        self._thinking: set[tuple[str, int]] = set()
        self._thought: dict[tuple[str, int], deque[float]] = {}

    @contextmanager
    def one_at_a_time(self, character: str, person_id: int) -> Iterator[None]:
        """Limit a person to one attempt at a time, and to a number in a row.

        Raises CannotRemake.
        """
        now, key = self._clock.monotonic(), (character, person_id)
        past = self._thought.setdefault(key, deque(maxlen=MOST_THOUGHTS))
        if key in self._thinking:
            raise CannotRemake(THINKING)
        if len(past) == MOST_THOUGHTS and now - past[0] < WITHIN_SECONDS:
            minutes = ceil((WITHIN_SECONDS - (now - past[0])) / 60)
            raise CannotRemake(ENOUGH.format(count=minutes))
        past.append(now)
        self._thinking.add(key)
        try:
            yield
        finally:
            self._thinking.discard(key)

    async def think(
        self,
        role: PlayedCharacter,
        asker: Requester,
        turn: Turn,
        where: Where,
        *,
        before: int,
        note: str,
        context: str = "",
        emotes: Mapping[str, str] = NO_EMOTES,
    ) -> Thought:
        """Generate a reply from the log before a place.

        The person's remark about it, the `context`, remains the person's words. Raises CannotRemake.
        """
        now = self._clock.now()
        async with self._database.read() as db:
            heard = tuple(await self._heard(db, turn, asker, where))
            cue = await db.cues.of_turn(turn.id)
        remembered = await self._reader.read(
            role, heard, cue=cue, emotes=emotes, before=before, answers=False
        )
        label = f"{speaker_label(asker.name, asker.id)} (out of character, about your next message)"
        context = clean_text(context).strip()
        reply = await self._composer.compose(
            role.character,
            remembered,
            heard,
            wish=Wish((render_line(label, context),) if context else (), note),
            emotes=emotes,
        )
        async with self._database.begin() as db:
            await turns.note_reply_calls(db, reply.calls, turn, turn.id, remembered)
        if reply.fallback:
            raise CannotRemake(reply.text if reply.unpaid else NO_THOUGHT)
        return Thought(reply.text, heard, remembered, before, now)

    async def check(self, db: UnitOfWork, role: PlayedCharacter, thought: Thought) -> None:
        """Raise CannotRemake if any source of a reply was edited or forgotten meanwhile."""
        where = thought.heard[0].where
        lines = thought.remembered.lines
        floor = min((line.place for line in lines), default=ANYWHERE)
        rows = await db.messages.transcript(
            where.channel_id,
            role.slug,
            since=min((line.said_at for line in lines), default=thought.at),
            floor=floor,
        )
        now = {(row.place, row.text) for row in rows}
        if any((line.place, line.text) not in now for line in lines if not line.of_picture):
            raise CannotRemake(CHANGED)
        again = await self._reader.recall(db, role, thought.heard, before=thought.before, now=thought.at)
        known = _sources(again) >= _sources(thought.remembered)
        if not known or not await self._reader.stands(db, thought.remembered):
            raise CannotRemake(CHANGED)

    async def _heard(self, db: UnitOfWork, turn: Turn, asker: Requester, where: Where) -> list[Utterance]:
        """Return the answered messages in their current form; the person's last message if none is left."""
        answered = await db.turns.answered_by(turn.id) or [turn.trigger_id]
        lines = [line for message_id in answered if (line := await db.messages.get(message_id))]
        if lines:
            return [utterance_of(line, where) for line in lines]
        return [
            Utterance(
                message_id=turn.trigger_id,
                author_id=asker.id,
                author_name=asker.name,
                text="",
                sent_at=turn.pledged_at,
                where=where,
            )
        ]


def _sources(remembered: Recollection) -> set[object]:
    """Return the notes and memories in a recollection, wherever in the prompt they stand."""
    known = (*remembered.head.known, *remembered.fresh)
    memories: set[object] = {
        (knowledge.speaker, *memory) for knowledge in known for memory in knowledge.memories
    }
    return memories | set(remembered.head.episodes)


def utterance_of(line: MessageRow, where: Where) -> Utterance:
    """Return a line of the log as an utterance."""
    return Utterance(
        message_id=line.id,
        author_id=line.author_id,
        author_name=line.author_name,
        text=line.text,
        sent_at=line.sent_at,
        where=where,
        from_bot=line.from_bot,
    )
