"""The walk of one message: hear, note, attend, recall, compose, pledge, say, settle."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from random import Random

from bot.claude.client import Claude
from bot.clock import Clock
from bot.consolidation import Consolidation
from bot.conversation import turns
from bot.conversation.answering import Answering
from bot.conversation.choosing import Choosing
from bot.conversation.chronicle import Chronicle
from bot.conversation.compaction import Compaction
from bot.conversation.deciding import Deciding
from bot.conversation.etiquette import Etiquette
from bot.conversation.finding import Finding
from bot.conversation.forgetting import Forgetting
from bot.conversation.house_rules import HouseRules
from bot.conversation.manner import Manner
from bot.conversation.naming import addresses, clean_text
from bot.conversation.remaking import Remaking
from bot.conversation.replying import Voice
from bot.conversation.rethinking import Rethinking
from bot.conversation.rooms import Listener, Room, Rooms
from bot.conversation.saying import PLACES, MouthOf, Saying
from bot.conversation.turns import Decided
from bot.decision import Decision, Reason
from bot.embedding import Embedding
from bot.erasing import Eraser
from bot.errors import SpeakingError
from bot.leaving import Leaving
from bot.meaning import Meaning
from bot.memories import Memories
from bot.privacy import Privacy
from bot.reminder_words import ReminderWording
from bot.reminders import Reminders
from bot.reminding import Reminding
from bot.turn import Call, Mouth, Part, Place, Utterance
from database import Database, DatabaseError
from memory.telling import remembered_in
from personas.character import Character, names_of

log = logging.getLogger(__name__)

BREAK_OFF_SECONDS = 5.0
IN_VAIN = (Reason.OUTVOTED, Reason.NO_VOTE, Reason.NO_ANSWER)
"""Silence that was thought about, and paid for."""


class Conversation:
    """Everything that one character hears and says.

    `on_stage` is told the name of each stage once it is behind: a test can stop the process there.
    `on_decided` are told what was decided about each message.
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
        meaning: Meaning | None = None,
        on_stage: Callable[[str], None] | None = None,
    ) -> None:
        self.character = character
        self.on_decided: list[Callable[[Decided], None]] = []
        self._database = database
        self._manner = manner
        self._clock = clock
        self._rng = rng
        self._reached = on_stage or (lambda _stage: None)
        self._rooms = Rooms(clock)
        self._etiquette = Etiquette(manner.errors, clock)
        self._on_the_way: dict[int, asyncio.Task[object]] = {}
        self._open_memory(claude, voice, meaning or Meaning(None))
        self._deciding = Deciding(
            database=database,
            claude=claude,
            character=character,
            how=manner.attention,
            clock=clock,
            rng=rng,
        )
        self._choosing = Choosing(self._deciding, pass_over=self._pass, clock=clock, reached=self._reached)
        self._saying = Saying(
            database=database,
            pace=manner.pace,
            clock=clock,
            rng=rng,
            name=character.name,
            resume_within=manner.resume_within,
            gone=self.chronicle.deleted,
            reached=self._reached,
        )
        self._answering = Answering(
            database=database,
            claude=claude,
            character=character,
            voice=voice,
            manner=manner,
            etiquette=self._etiquette,
            clock=clock,
            rng=rng,
            finding=self.finding,
            notice=self._note_wish,
            reached=self._reached,
        )
        self._open_beside(claude, voice)

    def _open_memory(self, claude: Claude, voice: Voice, meaning: Meaning) -> None:
        """Make what keeps, finds and forgets what was said."""
        self.eraser = Eraser(self._database, self._manner.dumps)
        self.memories = Memories(
            database=self._database,
            character=self.character,
            claude=claude,
            voice=voice,
            clock=self._clock,
            eraser=self.eraser,
            manner=self._manner,
        )
        self.compaction = Compaction(
            database=self._database,
            claude=claude,
            character=self.character,
            voice=voice,
            extent=self._manner.extent,
            memories=self.memories,
            deadline=self._manner.summary_deadline,
            clock=self._clock,
        )
        self.chronicle = Chronicle(
            database=self._database,
            rooms=self._rooms,
            eraser=self.eraser,
            compaction=self.compaction,
            clock=self._clock,
            decisions_kept=self._manner.decisions_kept,
            consent=self._manner.consent,
        )
        self.forgetting = Forgetting(
            database=self._database,
            rooms=self._rooms,
            eraser=self.eraser,
            compaction=self.compaction,
            clock=self._clock,
        )
        self.privacy = Privacy(
            database=self._database,
            memories=self.memories,
            consent=self._manner.consent,
            asks_after=self._manner.asks_after,
            leaving=Leaving(
                database=self._database,
                rooms=self._rooms,
                eraser=self.eraser,
                compaction=self.compaction,
                dumps=self._manner.dumps,
                backups_kept=self._manner.backups_kept,
                clock=self._clock,
            ),
            clock=self._clock,
        )
        self.meaning = meaning
        self.embedding = Embedding(self._database, self.meaning, self._manner.consent)
        self.consolidation = Consolidation(
            database=self._database,
            claude=claude,
            character=self.character,
            memories=self.memories,
            meaning=self.meaning,
            manner=self._manner,
            clock=self._clock,
            reached=self._reached,
        )
        self.finding = Finding(
            self.character.slug, self.meaning, budget=self._manner.recalled, tokens=voice.tokens
        )

    async def _note_wish(self, heard: Utterance) -> str | None:
        """Note what the character is asked to remember; return what to say of it at the prompt's end."""
        reminded = await self.reminders.notice(heard)
        if reminded is not None or heard.from_bot or not addresses(heard, names_of(self.character)):
            return reminded
        said = clean_text(heard.text if heard.words is None else heard.words)
        return await self.memories.note_wish(heard, remembered_in(said, names=names_of(self.character)))

    def _open_beside(self, claude: Claude, voice: Voice) -> None:
        """Make what speaks without a message to answer: other takes on a reply, and what is due at a time."""
        self.remaking = Remaking(
            database=self._database,
            rethinking=Rethinking(
                database=self._database,
                claude=claude,
                character=self.character,
                voice=voice,
                manner=self._manner,
                finding=self.finding,
                clock=self._clock,
            ),
            character=self.character,
            longest_message=self._manner.longest_message,
            rooms=self._rooms,
            saying=self._saying,
            clock=self._clock,
            reached=self._reached,
        )
        self.reminders = Reminders(
            database=self._database,
            character=self.character,
            clock=self._clock,
            eraser=self.eraser,
            may_learn=self.privacy.may_learn,
        )
        self.reminding = Reminding(
            database=self._database,
            wording=ReminderWording(claude=claude, character=self.character, voice=voice, clock=self._clock),
            character=self.character,
            longest_message=self._manner.longest_message,
            clock=self._clock,
            rooms=self._rooms,
            saying=self._saying,
            reached=self._reached,
        )

    async def take_turn(self, heard: Utterance, mouth: Mouth, *, gapless: bool = True) -> None:
        """Take in one message and, if the character is meant to, answer it.

        `gapless` says that everything before it in its channel was heard.
        """
        heard = replace(heard, text=clean_text(heard.text))
        with self._walking(heard.message_id):
            try:
                if house := await self._note(heard, gapless=gapless):
                    await self._consider(heard, mouth, house=house)
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
                await self.chronicle.edited(heard.where.channel_id, heard.message_id, heard.text)
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
        await self.reminding.renew()
        return await self._saying.finish(self._rooms, mouth_of)

    async def close(self, *, within: float) -> bool:
        """Let what is being said be finished, for at most `within` seconds; say whether all was.

        What is not finished then is broken off, and taken up again after the next start.
        """
        finished = await self._rooms.drain(within)
        await self.compaction.close()
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

    async def _note(self, heard: Utterance, *, gapless: bool = True) -> HouseRules | None:
        """Claim the message and log it, in one transaction; None when it was claimed before."""
        async with self._database.begin() as db:
            house = await turns.note(db, heard, at=self._clock.now(), gapless=gapless)
        if house:
            self._deciding.turns.spoke(heard)
            self._reached("noted")
        return house

    async def _consider(
        self,
        heard: Utterance,
        mouth: Mouth,
        *,
        received: datetime | None = None,
        house: HouseRules | None = None,
    ) -> None:
        """Decide; what may be answered waits for its turn, alone or with what came meanwhile."""
        at = self._clock.monotonic()
        considered = await self._deciding.decide(heard, me=mouth.me, at=at, received=received, house=house)
        self._reached("attended")
        channel_id = heard.where.channel_id
        decision = considered.decision
        if decision is None and not self._deciding.votes:
            decision = Decision(reply=False, reason=Reason.UNADDRESSED)
        if decision is not None and not decision.reply:
            if room := self._rooms.busy(channel_id):
                room.heard(heard)
            await self._pass([Decided(heard, decision, considered.trace, considered.calls)])
            return
        if self._rooms.closing:
            return  # the claim stays open: it is answered after the restart
        async with self._rooms.enter(channel_id) as room:
            room.wait(Listener(heard, considered, mouth, received=at, at=self._clock.monotonic()))
            async with room.lock:
                if room.waiting:
                    await self._answer_all(room, mouth)

    async def _answer_all(self, room: Room, mouth: Mouth) -> None:
        """Answer with one reply what waits in this room and is to be answered."""
        begun = min(one.at for one in room.waiting)
        async with AsyncExitStack() as typing:
            if called := any(one.called for one in room.waiting):
                await typing.enter_async_context(mouth.typing())
            await room.quiet(shortest=self._manner.burst_quiet, longest=self._manner.burst_longest)
            heard, decided = await self._choosing.wanted(room, room.take_all())
            if not heard:
                room.end()
                return
            if not called:
                await typing.enter_async_context(mouth.typing())
            answered = await self._answering.answer(
                room, heard, decided, begun=begun, still=self._choosing.refused_by_now
            )
            await self._pass(answered.passed, answered.calls)
            if answered.pledge is None:
                return
            self._tell(answered.decided)
            await self._saying.say(answered.pledge, heard[-1].mouth, spent=float("inf"))
            if answered.tokens > self._manner.extent.condensed:
                self.compaction.begin(heard[-1].utterance.where)

    async def _pass(self, decided: Sequence[Decided], calls: Sequence[Call] = ()) -> None:
        """Keep that messages are not answered, and why; what was paid for a reply all the same."""
        if not decided and not calls:
            return
        async with self._database.begin() as db:
            await turns.close(db, decided, at=self._clock.now())
            await turns.note_calls(db, calls)
            in_vain = [one.utterance for one in decided if one.decision.reason in IN_VAIN]
            await turns.count_bots(db, in_vain, replied_at=None)
        self._reached("passed")
        self._tell(decided)

    def _tell(self, decided: Sequence[Decided]) -> None:
        for one in decided:
            for listen in self.on_decided:
                listen(one)

    async def _say_cannot_remember(self, heard: Utterance, mouth: Mouth) -> None:
        """Answer, once an hour, although nothing can be written down (faults B7).

        Without a database there are no house rules to look at, so only what is meant for nobody else
        gets this answer.
        """
        direct = heard.where.place is Place.DM or heard.mentions_me or heard.replies_to_me
        if heard.from_bot or not (direct or heard.where.place.private):
            return
        if self._etiquette.signal(heard, lasting=True) != "reply":
            return
        line = self._rng.choice(self.character.fallback_lines)
        part = Part(1, line, f"n{heard.message_id}")  # not the nonce of a reply that may still come
        try:
            await mouth.say(part, to=heard.author_id)
        except SpeakingError as error:
            log.warning("Can't write in channel %s: %s", heard.where.channel_id, error)

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
