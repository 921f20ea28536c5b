"""The walk of one message: hear, note, attend, recall, compose, pledge, say, settle."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from bot.claude.client import Claude
from bot.clock import Clock
from bot.conversation import turns
from bot.conversation.attention import Circumstances, attend
from bot.conversation.naming import clean_text
from bot.conversation.pacing import Pace
from bot.conversation.recall import recall
from bot.conversation.replying import Voice, compose
from bot.conversation.rooms import Listener, Room, Rooms
from bot.conversation.saying import PLACES, MouthOf, Saying
from bot.conversation.turns import Pledge
from bot.errors import SpeakingError
from bot.turn import Mouth, Part, Place, Reason, Recollection, Reply, Utterance
from database import Database, DatabaseError
from personas.character import Character, names_of

log = logging.getLogger(__name__)

ONCE_AN_HOUR = 3600.0
BREAK_OFF_SECONDS = 5.0
LOG_KEPT = timedelta(hours=24)
CLAIMS_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the character behaves in a conversation; durations without a type are seconds."""

    pace: Pace
    burst_quiet: float = 2.0
    burst_longest: float = 8.0
    too_old: timedelta = timedelta(seconds=30)
    resume_within: timedelta = timedelta(minutes=15)
    transcript_tokens: int = 6000
    longest_message: int = 2000


class Conversation:
    """Everything that one character hears and says.

    `on_stage` is told the name of each stage once it is behind: a test can stop the process there.
    """

    def __init__(
        self,
        *,
        character: Character,
        database: Database,
        claude: Claude,
        voice: Voice,
        manner: Manner,
        clock: Clock,
        rng: Random,
        on_stage: Callable[[str], None] | None = None,
    ) -> None:
        self.character = character
        self._database = database
        self._claude = claude
        self._voice = voice
        self._manner = manner
        self._clock = clock
        self._rng = rng
        self._reached = on_stage or (lambda _stage: None)
        self._rooms = Rooms(clock)
        self._shown_at: dict[int, float] = {}
        self._on_the_way: dict[int, asyncio.Task[object]] = {}
        self._saying = Saying(
            database=database,
            pace=manner.pace,
            clock=clock,
            rng=rng,
            name=character.name,
            resume_within=manner.resume_within,
            reached=self._reached,
        )

    async def take_turn(self, heard: Utterance, mouth: Mouth, *, gapless: bool = True) -> None:
        """Take in one message and, if the character is meant to, answer it.

        `gapless` says that everything before it in its channel was heard.
        """
        heard = replace(heard, text=clean_text(heard.text))
        with self._walking(heard.message_id):
            try:
                if await self._note(heard, gapless=gapless):
                    await self._consider(heard, mouth)
            except DatabaseError as error:
                log.error("Can't remember anything now: %s", error)  # noqa: TRY400 - it says it all
                await self._say_cannot_remember(heard, mouth)

    async def resume(self, heard: Utterance, mouth: Mouth) -> None:
        """Go on with a message that a crash left behind after it was noted."""
        if heard.message_id in self._on_the_way:
            return
        with self._walking(heard.message_id):
            async with self._database.read() as db:
                received = await db.turns.open_since(heard.message_id)
            if received is not None:
                heard = replace(heard, text=clean_text(heard.text))
                await self._consider(heard, mouth, received=received)

    async def left_open(self) -> list[tuple[int, int]]:
        """Return (channel id, message id) of what was noted and then left behind, oldest first."""
        async with self._database.read() as db:
            since = self._clock.now() - self._manner.resume_within
            claims = await db.turns.open_claims(since, PLACES)
        return [
            (claim.channel_id, claim.message_id)
            for claim in claims
            if claim.message_id not in self._on_the_way
        ]

    async def finish(self, mouth_of: MouthOf) -> int:
        """Say what was pledged and not said; return how many replies that were."""
        return await self._saying.finish(self._rooms, mouth_of)

    async def watermarks(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Return the last message heard in each of the channels that are known."""
        async with self._database.read() as db:
            return await db.channels.watermarks(channel_ids)

    async def known(self, place: Place, *, limit: int) -> list[tuple[int, int]]:
        """Return (channel id, last message heard) of a kind of place, the liveliest first."""
        async with self._database.read() as db:
            return await db.channels.of_place(place, limit=limit)

    async def edited(self, message_id: int, text: str) -> None:
        """Take in an edit: what is not answered yet is answered in its new form."""
        async with self._database.begin() as db:
            await db.messages.edited(message_id, clean_text(text))

    async def deleted(self, channel_id: int, message_ids: set[int]) -> None:
        """Take in that messages were deleted: they leave the log, and are not answered any more."""
        if room := self._rooms.busy(channel_id):
            room.forget(message_ids)
        async with self._database.begin() as db:
            await db.messages.forget(message_ids)
            await db.turns.close_open(message_ids, reason=Reason.DELETED)

    async def forget_channel(self, channel_id: int) -> int:
        """Forget what was said in a channel; return how many lines that was."""
        async with self._database.begin() as db:
            await db.turns.abandon(self._clock.now(), channel_id=channel_id)
            return await db.messages.forget_channel(channel_id)

    async def prune(self) -> None:
        """Let go of what is past its time: words after a day, the ids of messages after a week."""
        now = self._clock.now()
        async with self._database.begin() as db:
            await db.messages.prune(now - LOG_KEPT)
            await db.turns.abandon(now - LOG_KEPT)
            await db.turns.prune(now - CLAIMS_KEPT)

    async def close(self, *, within: float) -> bool:
        """Let what is being said be finished, for at most `within` seconds; say whether all was.

        What is not finished then is broken off, and taken up again after the next start.
        """
        finished = await self._rooms.drain(within)
        await self._let_writers_finish()
        unfinished = [task for task in self._on_the_way.values() if task is not asyncio.current_task()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=BREAK_OFF_SECONDS)
        return finished

    async def _let_writers_finish(self) -> None:
        """Return when whoever was noting a message before us has done so: writers queue."""
        try:
            async with self._database.begin() as db:
                await db.states.get("")  # without a statement there is no transaction to queue for
        except DatabaseError as error:
            log.error("What was heard last may not be noted: %s", error)  # noqa: TRY400

    # The stages, in the order in which a message walks through them.

    async def _note(self, heard: Utterance, *, gapless: bool = True) -> bool:
        """Claim the message and log it, in one transaction; False when it was claimed before."""
        async with self._database.begin() as db:
            noted = await turns.note(db, heard, at=self._clock.now(), gapless=gapless)
        if noted:
            self._reached("noted")
        return noted

    async def _consider(self, heard: Utterance, mouth: Mouth, *, received: datetime | None = None) -> None:
        """Decide; what is to be answered waits for its turn, alone or with what came meanwhile.

        What was `received` before a restart is judged by that moment: it was fresh then.
        """
        decision = attend(heard, self._circumstances(received))
        self._reached("attended")
        channel_id = heard.where.channel_id
        if not decision.reply:
            if room := self._rooms.busy(channel_id):
                room.heard(heard)
            await self._pass([heard.message_id], decision.reason)
            return
        if self._rooms.closing:
            return  # the claim stays open: it is answered after the restart
        async with self._rooms.enter(channel_id) as room:
            room.wait(Listener(heard, decision, mouth, at=self._clock.monotonic()))
            async with room.lock:
                if room.waiting:
                    await self._reply(room, mouth)

    async def _reply(self, room: Room, mouth: Mouth) -> None:
        """Answer everybody who waits in this room with one reply."""
        begun = min(one.at for one in room.waiting)
        async with mouth.typing():
            await room.quiet(shortest=self._manner.burst_quiet, longest=self._manner.burst_longest)
            heard = room.take_all()
            remembered = await self._recall(heard) if heard else None
            if remembered is None:
                return
            reply = await self._compose(heard, remembered)
            pledge = await self._pledge(heard, remembered, reply)
            if pledge is not None:
                spent = self._clock.monotonic() - begun
                await self._saying.say(pledge, heard[-1].mouth, spent=spent)

    async def _recall(self, heard: list[Listener]) -> Recollection | None:
        """Recall what this place may know; None when the place can't be written to for now."""
        now, channel_id = self._clock.now(), heard[-1].utterance.where.channel_id
        manner, tokens = self._manner, self._voice.tokens
        async with self._database.read() as db:
            channel = await db.channels.get(channel_id)
            remembered = await recall(
                db,
                channel_id,
                floor=channel.floor if channel else 0,
                name=self.character.name,
                now=now,
                budget=manner.transcript_tokens,
                tokens=tokens,
            )
        self._reached("recalled")
        if channel and channel.unsendable_until and channel.unsendable_until > now:
            await self._pass([one.utterance.message_id for one in heard], Reason.UNSENDABLE)
            return None
        return remembered

    async def _compose(self, heard: list[Listener], remembered: Recollection) -> Reply:
        reply = await compose(
            self._claude,
            self._voice,
            self.character,
            remembered,
            [one.utterance for one in heard],
            now=self._clock.now(),
            rng=self._rng,
            show=heard[-1].mouth.show,
        )
        self._reached("composed")
        return reply

    async def _pledge(self, heard: list[Listener], remembered: Recollection, reply: Reply) -> Pledge | None:
        """Write the reply down; None when there is nothing to be said."""
        newest = heard[-1]
        channel_id = newest.utterance.where.channel_id
        if reply.lasting and not self._first_this_hour(channel_id):
            await self._pass([one.utterance.message_id for one in heard], Reason.NO_ANSWER, reply)
            return None
        async with self._database.begin() as db:
            pledge = await turns.pledge(
                db,
                [(one.utterance, one.decision) for one in heard],
                remembered,
                reply,
                character=self.character.slug,
                limit=self._manner.longest_message,
                at=self._clock.now(),
            )
        self._reached("pledged")
        log.info(
            "Replying in channel %s because: %s (%d in, %d out)",
            channel_id,
            newest.decision.reason,
            sum(call.usage.prompt or 0 for call in reply.calls),
            sum(call.usage.output or 0 for call in reply.calls),
        )
        return pledge

    async def _pass(self, message_ids: list[int], reason: Reason, reply: Reply | None = None) -> None:
        """Keep that messages are not answered, and why; what was paid for a reply all the same."""
        async with self._database.begin() as db:
            await db.turns.close(message_ids, reason=reason)
            await turns.note_calls(db, reply.calls if reply else ())
        self._reached("passed")

    async def _say_cannot_remember(self, heard: Utterance, mouth: Mouth) -> None:
        """Answer, once an hour, although nothing can be written down (faults B7)."""
        channel_id = heard.where.channel_id
        if not attend(heard, self._circumstances()).reply or not self._first_this_hour(channel_id):
            return
        line = self._rng.choice(self.character.fallback_lines)
        part = Part(1, line, f"n{heard.message_id}")  # not the nonce of a reply that may still come
        try:
            await mouth.say(part, to=heard.author_id)
        except SpeakingError as error:
            log.warning("Can't write in channel %s: %s", channel_id, error)

    @contextmanager
    def _walking(self, message_id: int) -> Iterator[None]:
        """Know which messages are on their way: an open claim of these was not left behind."""
        task = asyncio.current_task()
        assert task is not None
        first = self._on_the_way.setdefault(message_id, task) is task
        try:
            yield
        finally:
            if first:
                del self._on_the_way[message_id]

    def _circumstances(self, received: datetime | None = None) -> Circumstances:
        now, too_old = received or self._clock.now(), self._manner.too_old
        return Circumstances(now=now, names=names_of(self.character), too_old=too_old)

    def _first_this_hour(self, channel_id: int) -> bool:
        """Say whether a lasting fault may be shown here: once per channel and hour (faults C2)."""
        last, now = self._shown_at.get(channel_id), self._clock.monotonic()
        if last is not None and now - last < ONCE_AN_HOUR:
            return False
        self._shown_at[channel_id] = now
        return True
