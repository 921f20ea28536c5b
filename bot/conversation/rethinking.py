"""Thinking about a reply once more: what it answers, as it was then, and what is wished of it besides."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from random import Random

from bot.conversation import turns
from bot.conversation.company import Role
from bot.conversation.config import Manner
from bot.conversation.context import recall
from bot.conversation.generation import Voice, compose
from bot.conversation.situation import Staging
from bot.conversation.text.names import clean_text, render_line, speaker_label
from bot.conversation.types import NO_EMOTES, Recollection, Utterance, Where, Wish
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _, n_
from bot.llm.client import Claude
from bot.memory.recall import Finding
from database import Database, UnitOfWork
from database.models import Message, Turn

MOST_THOUGHTS, WITHIN_SECONDS = 30, 600.0
"""Times that somebody may have the character think again, and within how long."""
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
    """A reply can't be changed; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants a reply changed, and what Discord says of them."""

    id: int
    name: str
    roles: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Thought:
    """What the character thought of, and everything that it had read for that."""

    text: str
    heard: tuple[Utterance, ...]
    remembered: Recollection
    before: int
    at: datetime


class Rethinking:
    """Thinks of replies beside the walk. What it costs is on the books, whatever becomes of it."""

    def __init__(
        self,
        *,
        database: Database,
        claude: Claude,
        role: Role,
        voice: Voice,
        manner: Manner,
        finding: Finding,
        staging: Staging,
        clock: Clock,
    ) -> None:
        self._database = database
        self._claude = claude
        self._role = role
        self._voice = voice
        self._manner = manner
        self._finding = finding
        self._staging = staging
        self._clock = clock
        self._thinking: set[int] = set()
        self._thought: dict[int, deque[float]] = {}

    @contextmanager
    def one_at_a_time(self, person_id: int) -> Iterator[None]:
        """Let somebody have one thing thought about, and not too many one after another.

        Raises CannotRemake.
        """
        now = self._clock.monotonic()
        past = self._thought.setdefault(person_id, deque(maxlen=MOST_THOUGHTS))
        if person_id in self._thinking:
            raise CannotRemake(THINKING)
        if len(past) == MOST_THOUGHTS and now - past[0] < WITHIN_SECONDS:
            minutes = ceil((WITHIN_SECONDS - (now - past[0])) / 60)
            raise CannotRemake(ENOUGH.format(count=minutes))
        past.append(now)
        self._thinking.add(person_id)
        try:
            yield
        finally:
            self._thinking.discard(person_id)

    async def think(
        self,
        asker: Asker,
        turn: Turn,
        where: Where,
        *,
        before: int,
        note: str,
        context: str = "",
        emotes: Mapping[str, str] = NO_EMOTES,
    ) -> Thought:
        """Think of what to say, knowing what stood in the log before a place.

        What the asker says about it, the `context`, stays the asker's words. Raises CannotRemake.
        """
        now = self._clock.now()
        async with self._database.read() as db:
            heard = tuple(await self._heard(db, turn, asker, where))
        search = await self._finding.search(heard)
        async with self._database.read() as db:
            remembered = await self._recall(db, where, heard, before=before, now=now)
            material = await self._finding.read(db, where, search, now=now)
            premium = await db.users.is_premium(asker.id)
            setting = await self._staging.read(
                db,
                self._role,
                where,
                channel=await db.channels.get(where.channel_id),
                heard=heard,
                cue=await db.cues.of_turn(turn.id),
                emotes=emotes,
            )
            seat = await db.seats.get(where.channel_id, self._role.slug)
        remembered = await self._finding.completed(remembered, material, search, now=now)
        remembered = await self._staging.staged(self._role, remembered, setting, seat)
        label = f"{speaker_label(asker.name, asker.id)} (out of character, about your next message)"
        context = clean_text(context).strip()
        reply = await compose(
            self._claude,
            self._voice.for_(premium=premium),
            self._role.character,
            remembered,
            heard,
            now=now,
            rng=Random(),  # for a line of its own, which is not said here
            wish=Wish((render_line(label, context),) if context else (), note),
            emotes=emotes,
        )
        async with self._database.begin() as db:
            await turns.note_calls(db, reply.calls)
        if reply.fallback:
            raise CannotRemake(reply.text if reply.unpaid else NO_THOUGHT)
        return Thought(reply.text, heard, remembered, before, now)

    async def check(self, db: UnitOfWork, thought: Thought) -> None:
        """Raise CannotRemake if anything that a thought comes from was edited or forgotten meanwhile."""
        where = thought.heard[0].where
        lines = thought.remembered.lines
        floor = min((line.place for line in lines), default=ANYWHERE)
        rows = await db.messages.transcript(
            where.channel_id,
            self._role.slug,
            since=min((line.said_at for line in lines), default=thought.at),
            floor=floor,
        )
        now = {(row.place, row.text) for row in rows}
        if any((line.place, line.text) not in now for line in lines):
            raise CannotRemake(CHANGED)
        again = await self._recall(db, where, thought.heard, before=thought.before, now=thought.at)
        known = _knows(again) >= _knows(thought.remembered)
        if not known or not await self._finding.stands(db, thought.remembered.recalled):
            raise CannotRemake(CHANGED)

    async def _heard(self, db: UnitOfWork, turn: Turn, asker: Asker, where: Where) -> list[Utterance]:
        """Return what a reply answers, as it is by now; the asker's last word if nothing of it is left."""
        answered = await db.turns.answered_by(turn.id) or [turn.trigger_id]
        lines = [line for one in answered if (line := await db.messages.get(one))]
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

    async def _recall(
        self, db: UnitOfWork, where: Where, heard: Sequence[Utterance], *, before: int, now: datetime
    ) -> Recollection:
        return await recall(
            db,
            where,
            await db.seats.get(where.channel_id, self._role.slug),
            character=self._role.character,
            addressed={one.author_id for one in heard},
            now=now,
            extent=self._manner.extent,
            tokens=self._voice.tokens,
            before=before,
        )


def _knows(remembered: Recollection) -> set[object]:
    """Return the notes and memories that came to mind, wherever in the prompt they stand."""
    known = (*remembered.head.known, *remembered.fresh)
    memories: set[object] = {(one.speaker, *memory) for one in known for memory in one.memories}
    return memories | set(remembered.head.episodes)


def utterance_of(line: Message, where: Where) -> Utterance:
    """Return a line of the log as it was heard."""
    return Utterance(
        message_id=line.id,
        author_id=line.author_id,
        author_name=line.author_name,
        text=line.text,
        sent_at=line.sent_at,
        where=where,
        from_bot=line.from_bot,
    )
