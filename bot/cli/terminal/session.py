"""A person's chat session in a terminal, independent of its display."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from zlib import crc32

from bot.app import App
from bot.cli.terminal.files import ShownFiles, files_in
from bot.cli.terminal.missed import Missed
from bot.conversation.attention.explain import reason_in_words
from bot.conversation.company import PlayedCharacter
from bot.conversation.decision import Reason
from bot.conversation.forgetting import Length
from bot.conversation.rethinking import Requester
from bot.conversation.revisions import Remaking, Takes
from bot.conversation.text.names import clean_text, is_blank
from bot.conversation.types import Mouth, Utterance
from bot.core.clock import Clock
from bot.features.proactive.greetings import GreetingOccasion
from database import DatabaseError
from database.repositories.calls import Spending
from memory.attachments import with_attachments
from memory.places import Place, Where
from personas.character import Character

PERSON = 1
CHARACTER = 2
"""Ids of the person and of the characters, far below Discord's, as are those of `channel_of`."""

YOU = "you"
"""Name of the person at the keyboard: the login name is private, and "root" is no name."""
NOTICE = "Facts about you are noted from what you say, unless you would rather not."
NOBODY_HERE = "nobody hears you: /persona lists who could, /persona invite NAME lets one in"
HOW_TO_ANSWER = (
    "write /privacy yes or /privacy no; nothing changes without it, and /privacy says what is kept"
)
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_IDS_IN_ONE_TURN = 4096
NO_COST = "no cost"
NOTHING_COVERED = "Nothing is blacked out in what was said last."
_NOTHING_SPENT = Spending(calls=0, unpriced=0, cost=0.0, input_tokens=0, output_tokens=0)

log = logging.getLogger(__name__)


class TerminalMouth(Mouth, Protocol):
    """An outlet that records the ids of its messages."""

    @property
    def said(self) -> list[int]: ...

    async def note(self, text: str) -> None:
        """Show a note of the program."""

    async def reveal(self) -> str:
        """Show the spoilers of the last reply; return an additional note."""


def channel_of(character: Character) -> int:
    """Return the terminal's channel id for a bot's primary character, so that histories stay apart."""
    return CHARACTER + 1 + crc32(character.slug.encode())


class Ids:
    """Message ids in Discord's format: milliseconds, then a count. Each is higher than the last.

    The parts of a reply get ids close to the line before it: the next session knows only the last heard line
    of a channel, and has to start above both.
    """

    def __init__(self, clock: Clock, *, above: int = 0) -> None:
        self._clock = clock
        self._last = above

    def of_line(self) -> int:
        passed = self._clock.now() - _DISCORD_EPOCH
        self._last = max(self._last + 1, int(passed.total_seconds() * 1000) << 22)
        return self._last

    def of_part(self) -> int:
        self._last += 1
        return self._last


@dataclass(slots=True)
class Faults:
    """Reasons for a missing reply, as reported by the pipeline."""

    notice: str = ""
    warning: str = ""

    @property
    def reason(self) -> str:
        """The most helpful reason: notices for the operator take precedence over log lines."""
        return self.notice or self.warning


class TerminalSession:
    """The terminal's channel: its lines, its deletions and its costs."""

    def __init__(self, app: App, *, ids: Ids) -> None:
        self.app = app
        self._ids = ids
        self.messages = 0
        self.spending = _NOTHING_SPENT
        self._begun = app.clock.now()
        self.where = Where(channel_of(app.character), Place.TERMINAL)
        self._asker = Requester(PERSON, YOU)
        self.files = ShownFiles()
        self.missed = Missed(app)
        app.perception.fetch = self.files.fetch

    @property
    def character(self) -> Character:
        """The primary character."""
        return self.app.character

    @property
    def names(self) -> str:
        """The names of all characters, for a heading."""
        return ", ".join(role.name for role in self.app.company)

    @property
    def everybody(self) -> str:
        """The grammatical subject for all characters here."""
        return self.character.name if self.alone else "Everybody here"

    @property
    def alone(self) -> bool:
        """Whether there is only one character."""
        return len(self.app.company) == 1

    async def host(self) -> PlayedCharacter:
        """Return the character that commands refer to: the one that answers when nobody is called."""
        casting = self.app.casting
        async with self.app.database.read() as db:
            return await casting.host(db, self.where, await casting.present(db, self.where))

    async def welcome(self, mouth: TerminalMouth) -> None:
        """Post a greeting for a new person, before anything else."""
        if self.app.manner.greets:
            greetings = self.app.greetings
            await greetings.welcome(self._asker, self.where, mouth, key=self._ids.of_line())

    async def arrive(self, role: PlayedCharacter, mouth: TerminalMouth, *, absent: bool) -> None:
        """Let a newly admitted or chosen character greet; `absent` says that it was not here before."""
        arrival = GreetingOccasion(role, self.where, self._asker, self._ids.of_line(), absent)
        await self.app.greetings.arrive(arrival, mouth)

    def show(self, rest: str) -> Utterance | None:
        """Return the utterance for files named in a line; None if it names none."""
        paths, words = files_in(rest, named=True)
        return self.hear(words, paths) if paths else None

    def hear(self, line: str, paths: Sequence[Path] = ()) -> Utterance | None:
        """Return a typed line as an utterance, with files; None if it has no readable content."""
        attached = tuple(self.files.add(path, self._ids.of_line()) for path in paths)
        words = clean_text(line.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        text = with_attachments(words.strip() if attached else words, attached)
        if is_blank(text):
            return None
        self.messages += 1
        return Utterance(
            message_id=self._ids.of_line(),
            author_id=PERSON,
            author_name=YOU,
            text=text,
            sent_at=self.app.clock.now(),
            where=self.where,
            words=words if attached else None,
            attachments=attached,
        )

    async def exchange(self, heard: Utterance, mouth: TerminalMouth) -> str | None:
        """Run one turn. Return None, or a sentence on why there was no proper reply.

        A fallback answer is shown but does not become history.
        """
        before = len(mouth.said)
        with self._faults() as faults, self.missed.gathering():
            await self.app.conversation.take_turn(heard, mouth)
        said = mouth.said[before:]
        if said and await self._remembered(said[-1]):
            return None
        return faults.reason or await self._silence(heard)

    async def _silence(self, heard: Utterance) -> str:
        """Explain why a line was left unanswered, if that was decided."""
        async with self.app.database.read() as db:
            decided = await db.turns.decided(heard.message_id)
        if decided is None or decided[0].open or decided[1] is not None:
            return ""
        reason = decided[0].reason
        return NOBODY_HERE if reason == Reason.NOBODY.name else f"no answer: {reason_in_words(reason)}"

    async def follow(self, mouth: TerminalMouth) -> str:
        """Let the next speakers speak; return an error if one was reported."""
        with self._faults() as faults:
            await self.app.following.follow(self.where.channel_id, mouth)
        return faults.reason

    async def let_go(self) -> None:
        """Cancel all next speakers."""
        await self.app.message_log.let_go(self.where.channel_id)

    def next_id(self) -> int:
        """Return an id for a request outside the talk."""
        return self._ids.of_line()

    async def question(self, heard: Utterance) -> str:
        """Return the consent question to show after the answer to a line, once (C51)."""
        asking = await self.app.privacy.asks(heard)
        if asking is None:
            return ""
        character = (await self._last()).character
        asked = f"{character.name}: {character.memory_question}" if asking == "question" else NOTICE
        return f"{asked}\n({HOW_TO_ANSWER})"

    def note_said(self) -> int:
        """Return the message id of a posted part."""
        self.messages += 1
        return self._ids.of_part()

    async def forget(self) -> int:
        """Forget everything said here; return the number of lines."""
        return (await self.app.forgetting.reset(PERSON, self.where)).lines

    async def forget_last(self, count: int) -> int:
        """Forget the last exchanges; return the number of lines."""
        forgetting = self.app.forgetting
        pairs = await forgetting.pairs(PERSON, self.where, count=count)
        erased = await forgetting.forget_pairs(PERSON, self.where, {pair.turn_id for pair in pairs})
        return erased.lines

    # The last reply.

    @property
    def person_id(self) -> int:
        return PERSON

    async def takes(self) -> Takes:
        """Return the takes on the last reply; this and the next four methods raise CannotRemake."""
        return await self._revisions.takes((await self._last()).slug, self._asker, self.where)

    async def reroll(self, context: str) -> Takes:
        """Generate another take on the last reply."""
        slug = (await self._last()).slug
        return await self._revisions.another(slug, self._asker, self.where, context=context)

    async def choose(self, takes: Takes, number: int, mouth: TerminalMouth) -> Takes:
        """Switch to another take."""
        role = await self._last()
        return await self._revisions.choose(
            role.slug,
            self._asker,
            self.where,
            turn_id=takes.turn_id,
            number=number,
            mouth=mouth.speaking_as(role.speaker),
        )

    async def go_on(self, mouth: TerminalMouth) -> None:
        """Let the character continue its last reply."""
        role = await self._last()
        own = mouth.speaking_as(role.speaker)
        await self._revisions.go_on(role.slug, self._asker, self.where, mouth=own)

    async def rewrite(self, text: str, mouth: TerminalMouth) -> None:
        """Replace the text of the last reply."""
        role = await self._last()
        own = mouth.speaking_as(role.speaker)
        await self._revisions.rewrite(role.slug, self._asker, self.where, text, mouth=own)

    @property
    def _revisions(self) -> Remaking:
        return self.app.revisions

    async def _last(self) -> PlayedCharacter:
        """Return the character that last spoke to the person."""
        async with self.app.database.read() as db:
            latest = await db.turns.last_to(PERSON, self.where.channel_id, limit=1)
        company = self.app.company
        return company.by_slug.get(latest[0].character if latest else "", company.primary)

    async def standing(self) -> tuple[Length, int, bool]:
        """Return the length of the conversation, the number of memories, and whether facts are noted."""
        memories, host = self.app.memories, await self.host()
        return (
            await self.app.forgetting.length(PERSON, self.where),
            len(await memories.of(host.slug, PERSON)),
            await memories.learns(PERSON),
        )

    async def take_back(self, message_ids: set[int]) -> bool:
        """Take back the unanswered ones of these lines; return whether there were any."""
        async with self.app.database.read() as db:
            unanswered = {message_id for message_id in message_ids if await db.turns.open_since(message_id)}
        self.messages -= len(unanswered)
        await self.app.message_log.deleted(self.where.channel_id, unanswered)
        return bool(unanswered)

    def cost(self) -> str:
        """Describe the cost since the start; an unknown price is not shown as zero."""
        spent = self.spending
        if self.app.server.free:
            return NO_COST
        if spent.unpriced:
            return f"over ${spent.cost:.4f}" if spent.cost else "cost unknown"
        return f"${spent.cost:.4f}"

    async def count_cost(self) -> None:
        try:
            async with self.app.database.read() as db:
                self.spending = await db.calls.spending(since=self._begun)
        except DatabaseError as error:
            log.warning("Can't add up the cost: %s", error)

    async def _remembered(self, message_id: int) -> bool:
        try:
            async with self.app.database.read() as db:
                return await db.messages.get(message_id) is not None
        except DatabaseError:
            return False

    @contextmanager
    def _faults(self) -> Iterator[Faults]:
        """Collect reasons for faults during one turn."""
        faults = Faults()
        walk, listeners = logging.getLogger("bot.conversation"), self.app.tell_operator.listeners
        ear = _Ear(faults)

        def note(sentence: str) -> None:
            faults.notice = sentence

        walk.addHandler(ear)
        listeners.append(note)
        try:
            yield faults
        finally:
            listeners.remove(note)
            walk.removeHandler(ear)


class _Ear(logging.Handler):
    """Records the last warning."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        self._faults.warning = record.getMessage()


async def open_session(app: App) -> TerminalSession:
    """Return a session whose message ids exceed all earlier ones, even if the clock was set back."""
    channel_id = channel_of(app.character)
    heard = await app.message_log.watermarks([channel_id])
    above = heard.get(channel_id, 0) + _IDS_IN_ONE_TURN
    await app.message_log.let_go(channel_id)  # the replies under way when the last session ended
    return TerminalSession(app, ids=Ids(app.clock, above=above))
