"""Generation of a reply: recall, compose, type, enqueue; repeated if the answered messages change."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace

from bot.conversation import turns
from bot.conversation.appraising import Appraiser, Exchange
from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Errors
from bot.conversation.context.reader import ContextReader
from bot.conversation.decision import Decision, Reason, Trace, english
from bot.conversation.drafts import Drafting
from bot.conversation.generation import Composer
from bot.conversation.growing_reply import GrowingReply, ReplyTrigger
from bot.conversation.intake import Hooks, Intake
from bot.conversation.outbox import Saying
from bot.conversation.perception import Perception
from bot.conversation.queue import ChannelQueue, QueuedMessage
from bot.conversation.safety import FaultSigns
from bot.conversation.speakers import Casting
from bot.conversation.summaries.service import Summaries
from bot.conversation.text.emotes import named
from bot.conversation.text.names import speaker_label
from bot.conversation.turns import Decided, Occasion, Pledge
from bot.conversation.types import Recollection, Reply, Showing, Sight, Utterance, Wish
from bot.core.clock import Runtime
from bot.core.errors import SpeakingError
from bot.llm.types import ModelCall
from bot.prompts import fill
from database import Database, UnitOfWork
from database.models import CueRow
from personas.character import names_of
from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone
from personas.relations.signs import tone_of
from personas.selection.mentions import about, spoken

log = logging.getLogger(__name__)

Still = Callable[[QueuedMessage], Awaitable[Decision | None]]
"""Returns why an edited message must not be answered any more; None if it still may."""
Notice = Callable[[PlayedCharacter, Utterance], Awaitable[str | None]]
"""Processes requests in a message; returns a note about them for the prompt's end."""
ROUNDS = 3
"""The maximum number of attempts at an answer while people edit their messages."""
MOST_KNOWN = 50
"""The maximum number of facts in the preamble that are recorded for /why."""


async def always(_: QueuedMessage) -> None:
    """The default: an edited message is always answered."""


async def nothing_noticed(_role: PlayedCharacter, _heard: Utterance) -> None:
    """The default: no requests."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that one reply answers, and the decisions about them, in the same order.

    `begun` is the arrival of the first one, in monotonic seconds: thinking counts as typing (D09). `then` are
    the cues of the next speakers, and `cue` this character's own, if nobody asked it. Messages after
    `through` are left to the next answer, or they would be answered twice.
    """

    heard: tuple[QueuedMessage, ...]
    decided: tuple[Decided, ...]
    begun: float
    still: Still = always
    through: int | None = None
    then: tuple[CueRow, ...] = ()
    cue: CueRow | None = None

    @property
    def utterances(self) -> list[Utterance]:
        return [listener.utterance for listener in self.heard]

    @property
    def newest(self) -> Utterance:
        return self.heard[-1].utterance

    def split(self, message_ids: Collection[int]) -> tuple["Batch", "Batch"]:
        """Return the batch of these messages, and the batch of the others."""
        return self._of(lambda message_id: message_id in message_ids), self._of(
            lambda message_id: message_id not in message_ids
        )

    def _of(self, wanted: Callable[[int], bool]) -> "Batch":
        heard = tuple(message for message in self.heard if wanted(message.utterance.message_id))
        decided = tuple(decision for decision in self.decided if wanted(decision.utterance.message_id))
        return replace(self, heard=heard, decided=decided)


@dataclass(frozen=True, slots=True)
class ReplyOutcome:
    """The result: `decided` with a reply to deliver, or none, and `calls` not booked yet.

    Messages without an answer are `passed`. `tokens` is the size of the place's conversation, and `sights`
    are the pictures that the answer saw.
    """

    pledge: Pledge | None = None
    decided: tuple[Decided, ...] = ()
    passed: tuple[Decided, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    tokens: int = 0
    sights: tuple[Sight, ...] = ()


class Answering:
    """The "recall", "compose" and "enqueue" stages of the pipeline."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        reader: ContextReader,
        composer: Composer,
        appraiser: Appraiser,
        casting: Casting,
        faults: FaultSigns,
        drafting: Drafting,
    ) -> None:
        self._database = database
        self._clock, self._reached = runtime.clock, runtime.reached
        self._reader = reader
        self._composer = composer
        self._appraiser = appraiser
        self._casting = casting
        self._faults = faults
        self._drafting = drafting
        self.notice: Notice = nothing_noticed
        """Is called with each message before the answer."""

    async def answer(self, role: PlayedCharacter, room: ChannelQueue, batch: Batch) -> ReplyOutcome:
        """Generate an answer, type it, and store it once nothing has changed meanwhile (C17)."""
        dropped: list[Decided] = []
        mouth = batch.heard[-1].mouth.speaking_as(role.speaker)
        heard = frozenset(utterance.message_id for utterance in batch.utterances)
        cause = ReplyTrigger(role.slug, mouth, batch.newest, heard, batch.cue)
        try:
            async with self._drafting.growing(cause, lambda: room.changed) as growing:
                answered = await self._answer(role, room, batch, dropped, growing)
            if growing and answered.pledge is None:
                await self._drafting.take_down(mouth, growing.drafts)
        finally:
            room.end()
        return replace(answered, passed=(*answered.passed, *dropped))

    async def _answer(
        self,
        role: PlayedCharacter,
        room: ChannelQueue,
        batch: Batch,
        dropped: list[Decided],
        growing: GrowingReply | None,
    ) -> ReplyOutcome:
        calls: tuple[ModelCall, ...] = ()
        signal: Errors | None = None
        decided, occasion = list(batch.decided), Occasion(batch.then, batch.cue)
        for again in range(ROUNDS):
            still_asked = {id(decision.utterance) for decision in decided}
            left = room.begin([message for message in batch.heard if id(message.utterance) in still_asked])
            if again:
                await _drop(left, decided, batch.still, dropped)
            if not left:
                return _not_answered(decided, Reason.DELETED, calls)
            remembered = await self._recall(role, left, batch)
            if not remembered.sendable:
                return _not_answered(_of(left, decided), Reason.UNSENDABLE, calls)
            reply, (tone, asked) = await asyncio.gather(
                self._compose(role, left, remembered, growing, noting=batch.cue is None),
                self._tone(role, left[-1].utterance),  # analysed while the model writes
            )
            calls += (*reply.calls, *asked)
            if reply.fallback:
                signal = "silent" if batch.cue else signal or self._signal(left[-1], reply, decided)
            if reason := _reason_for_silence(reply, signal, growing):
                await _show(signal, left[-1])
                return _not_answered(_of(left, decided), reason, calls, signal=signal or "")
            kind, paid = await self._appraised(role, left[-1].utterance, reply, occasion)
            calls += paid
            occasion = replace(occasion, kind=kind, tone=tone, toned=left[-1].utterance.message_id)
            if await room.unchanged(self._pause(batch, reply, remembered, growing)):
                break
        occasion = replace(occasion, grown=growing.grown if growing else None)
        return await self._pledge(role, decided, remembered, replace(reply, calls=calls), occasion)

    def _pause(
        self, batch: Batch, reply: Reply, remembered: Recollection, growing: GrowingReply | None
    ) -> float:
        """Return the seconds left for typing; 0 if the reply was displayed or spoken already."""
        if batch.newest.aloud:
            return 0.0
        if growing and not remembered.spoken:
            return growing.pause_left()
        return self._composer.typing_left(reply, remembered, since=batch.begun)

    async def _recall(
        self, role: PlayedCharacter, heard: Sequence[QueuedMessage], batch: Batch
    ) -> Recollection:
        remembered = await self._reader.read(
            role,
            [message.utterance for message in heard],
            cue=batch.cue,
            through=batch.through,
            emotes=heard[-1].mouth.emotes,
        )
        self._reached("recalled")
        return remembered

    async def _compose(
        self,
        role: PlayedCharacter,
        heard: Sequence[QueuedMessage],
        remembered: Recollection,
        growing: GrowingReply | None,
        *,
        noting: bool,
    ) -> Reply:
        noted = [await self.notice(role, message.utterance) for message in heard] if noting else []
        noted += [fill("call")] if heard[-1].utterance.aloud else []
        showing = self._showing(role, heard, remembered, growing)
        reply = await self._composer.compose(
            role.character,
            remembered,
            [message.utterance for message in heard],
            showing=showing,
            wish=Wish(note=" ".join(note for note in noted if note)),
            emotes=heard[-1].mouth.emotes,
        )
        if growing:
            await growing.rest()
        self._reached("composed")
        return reply

    def _showing(
        self,
        role: PlayedCharacter,
        heard: Sequence[QueuedMessage],
        remembered: Recollection,
        growing: GrowingReply | None,
    ) -> Showing | None:
        """Return where a reply is displayed, or spoken, while it is written; None if it is posted whole."""
        show = heard[-1].mouth.show
        showable = self._composer.showable(role.character, remembered, heard)
        if growing and not remembered.spoken:
            return growing.begin(showable)
        if show and heard[-1].utterance.aloud:
            speak = show
            return Showing(lambda text: speak(showable(text)))
        return Showing(show) if show else None

    async def _tone(
        self, role: PlayedCharacter, newest: Utterance
    ) -> tuple[Tone | None, tuple[ModelCall, ...]]:
        """Return the tone of a person's message; None for characters and bots."""
        if newest.from_bot:
            return None, ()
        words = newest.said
        reading = tone_of(words, names_of(role.character))
        if reading.sure:  # as nearly always: the model is only asked in doubt
            return reading.tone, ()
        return await self._appraiser.tone(
            words,
            reading.tone,
            label=speaker_label(newest.author_name, newest.author_id),
            person_id=newest.author_id,
            channel_id=newest.where.channel_id,
        )

    async def _appraised(
        self, role: PlayedCharacter, newest: Utterance, reply: Reply, occasion: Occasion
    ) -> tuple[Interaction | None, tuple[ModelCall, ...]]:
        """Return how a reply reacts to another character's line; nothing if it answers none."""
        if occasion.cue is None or reply.fallback or not self._casting.is_another(newest, role):
            return None, ()
        exchange = Exchange(
            newest.author_name, newest.text, role.name, named(reply.text), (newest.author_name,)
        )
        return await self._appraiser.appraise(exchange, channel_id=newest.where.channel_id)

    def _signal(self, newest: QueuedMessage, reply: Reply, decided: Sequence[Decided]) -> Errors:
        """Return how a fault is shown: a message that called nobody asked for no answer."""
        asked = any(item.decision.reason is not Reason.VOTE for item in decided)
        return self._faults.signal_of(newest.utterance, reply, asked=asked)

    async def _pledge(
        self,
        role: PlayedCharacter,
        decided: Sequence[Decided],
        remembered: Recollection,
        reply: Reply,
        occasion: Occasion,
    ) -> ReplyOutcome:
        """Store the reply to the messages not deleted until now: it is delivered next, whatever happens.

        Its audience is the speaker, and the characters that heard the answered message and are still present.
        Characters that enter meanwhile hear the next message; those sent out before delivery don't hear this
        one either.
        """
        async with self._database.begin(brief=True) as db:
            open_ids = await _open(db, decided, occasion.cue)
            answered = tuple(
                replace(item, trace=replace(_drawing_on(item.trace, remembered), expert=reply.expert))
                for item in decided
                if item.utterance.message_id in open_ids
            )
            if not answered:
                return _not_answered(decided, Reason.DELETED, reply.calls)
            newest = answered[-1].utterance
            pledge = await turns.pledge(
                db,
                answered,
                remembered,
                reply,
                character=role.slug,
                limit=self._composer.longest,
                at=self._clock.now(),
                cast_id=await self._casting.hearers(db, newest.message_id, newest.where, speaker=role.slug),
                occasion=replace(occasion, topic=_topic(role, answered)),
            )
            gone = [item for item in decided if item.utterance.message_id not in open_ids]
            await turns.close(db, gone, at=self._clock.now())
        if reply.fallback:
            answered = tuple(replace(item, trace=replace(item.trace, signal="reply")) for item in answered)
        self._reached("pledged")
        log.info(
            "%s replies in channel %s%s because: %s (%d in, %d out)",
            role.slug,
            pledge.channel_id,
            " with a fallback line" if reply.fallback else "",
            english(answered[-1].decision.reason),
            sum(call.usage.prompt or 0 for call in reply.calls),
            sum(call.usage.output or 0 for call in reply.calls),
        )
        return ReplyOutcome(pledge, answered, tokens=remembered.tokens, sights=remembered.sights)


class Replies:
    """Gives one reply: generated, stored, delivered; starts the follow-up work."""

    def __init__(
        self,
        answering: Answering,
        saying: Saying,
        summaries: Summaries,
        intake: Intake,
        hooks: Hooks,
        perception: Perception,
        *,
        condensed: int,
    ) -> None:
        self._perception = perception
        self._answering = answering
        self._saying = saying
        self._summaries = summaries
        self._intake = intake
        self._hooks = hooks
        self._condensed = condensed

    async def give(self, role: PlayedCharacter, room: ChannelQueue, batch: Batch) -> bool:
        """Let a character answer; say whether it did. The caller holds the channel's lock.

        From `condensed` tokens of conversation on, the older part is summarised.
        """
        where, mouth = batch.newest.where, batch.heard[-1].mouth
        if batch.cue is None and (role.character.greeting or role.character.greetings):
            for greet in self._hooks.first_words:
                await greet(batch.newest, mouth)
        own = mouth.speaking_as(role.speaker)
        answered = await self._answering.answer(role, room, batch)
        passed = [] if batch.cue else answered.passed
        await self._intake.close(passed, answered.calls, character=role.slug)
        if answered.pledge is None:
            return False
        if batch.cue is None:
            self._intake.tell(answered.decided)
        await self._saying.say(answered.pledge, own, spent=float("inf"))
        self._perception.describe(answered.sights, batch.newest)
        if answered.tokens > self._condensed:
            self._summaries.begin(role.slug, where)
        return True

    async def close(self) -> None:
        """Cancel summaries in progress: they start anew another time."""
        await self._summaries.close()
        await self._perception.close()


def _reason_for_silence(reply: Reply, signal: Errors | None, growing: GrowingReply | None) -> Reason | None:
    """Return why nothing is posted after all; None if the reply is."""
    if growing and growing.lost:
        return Reason.TAKEN_DOWN
    if not reply.fallback or signal == "reply":
        return None
    return Reason.BUDGET if reply.unpaid else Reason.NO_ANSWER


async def _show(signal: Errors | None, newest: QueuedMessage) -> None:
    if signal != "react":
        return
    try:
        await newest.mouth.react(newest.utterance.message_id)
    except SpeakingError as error:
        log.warning("Can't react in channel %s: %s", newest.utterance.where.channel_id, error)


async def _open(db: UnitOfWork, decided: Sequence[Decided], cue: CueRow | None) -> set[int]:
    """Return the messages that still need an answer."""
    ids = [item.utterance.message_id for item in decided]
    if cue is None:
        return await db.turns.still_open(ids)
    return set(ids) if await db.cues.is_open(cue.id) else set()


async def _drop(
    left: list[QueuedMessage], decided: list[Decided], still: Still, dropped: list[Decided]
) -> None:
    """Move messages whose edited form must not be answered from `left` to `dropped`."""
    for message in list(left):
        refusal = await still(message)
        if refusal is not None:
            left.remove(message)
            edited = next(each for each in decided if each.utterance is message.utterance)
            decided.remove(edited)
            dropped.append(replace(edited, decision=refusal))


def _drawing_on(trace: Trace, remembered: Recollection) -> Trace:
    """Return a trace with the sources of the reply, by id (C67)."""
    found: dict[str, list[int]] = {"fact": [], "line": []}
    for item in remembered.recalled:
        found[item.kind].append(item.id)
    known = remembered.head.ids[:MOST_KNOWN]
    recalled, lines = tuple(found["fact"]), tuple(found["line"])
    lore = remembered.stage.entries[:MOST_KNOWN]
    pictures = (f"picture {sight.message_id}" for sight in remembered.sights if sight.picture is not None)
    saw, guard = (*pictures, *remembered.read), remembered.stage.guard
    read = replace(trace, recalled=recalled, lines=lines, known=known, lore=lore, saw=saw, guard=guard)
    return replace(read, musings=tuple(musing.id for musing in remembered.stage.musings))


def _topic(role: PlayedCharacter, answered: Sequence[Decided]) -> str | None:
    """Return the first of a character's interests that came up, only in a server (F109)."""
    if not role.character.interests or answered[-1].utterance.where.place.private:
        return None
    said = spoken("\n".join(item.utterance.said for item in answered))
    return next(iter(about(said, role.character.interests)), None)


def _of(left: Sequence[QueuedMessage], decided: Sequence[Decided]) -> tuple[Decided, ...]:
    """Return the decisions about the remaining messages."""
    ids = {message.utterance.message_id for message in left}
    return tuple(item for item in decided if item.utterance.message_id in ids)


def _not_answered(
    decided: Sequence[Decided], reason: Reason, calls: tuple[ModelCall, ...], *, signal: str = ""
) -> ReplyOutcome:
    decision = Decision(reply=False, reason=reason)
    passed = tuple(
        replace(item, decision=decision, trace=replace(item.trace, signal=signal)) for item in decided
    )
    return ReplyOutcome(passed=passed, calls=calls)
