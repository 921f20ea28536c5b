"""Thinking of an answer: recall, compose, type, pledge; and thinking again when what it answers changes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bot.conversation import turns
from bot.conversation.appraising import Appraiser, Exchange
from bot.conversation.backstage import Backstage
from bot.conversation.company import Role
from bot.conversation.context import recall
from bot.conversation.decision import Decision, Reason, Trace
from bot.conversation.etiquette import Errors
from bot.conversation.generation import Voice, compose
from bot.conversation.queue import Listener, Room
from bot.conversation.text.emotes import named
from bot.conversation.text.names import speaker_label
from bot.conversation.text.split import split
from bot.conversation.text.typing import remaining_seconds
from bot.conversation.turns import Decided, Occasion, Pledge
from bot.conversation.types import Recollection, Reply, Utterance, Wish
from bot.core.errors import SpeakingError
from bot.llm.types import Call
from bot.memory.recall import Finding
from database import UnitOfWork
from database.models import Cue
from personas.character import names_of
from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone

log = logging.getLogger(__name__)

Still = Callable[[Listener], Awaitable[Decision | None]]
ROUNDS = 3
MOST_KNOWN = 50
"""Facts of the prompt's head that are noted for /why at most."""
"""Times that an answer is thought of at most, while people edit what it answers."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it: `decided` with a pledge to say, or none, and `calls` not booked yet.

    What is not answered, or not any more, is `passed`. `tokens` is the size of the talk in this place.
    """

    pledge: Pledge | None = None
    decided: tuple[Decided, ...] = ()
    passed: tuple[Decided, ...] = ()
    calls: tuple[Call, ...] = ()
    tokens: int = 0


class Answering:
    """The stages "recall", "compose" and "pledge" of the walk."""

    def __init__(
        self,
        role: Role,
        behind: Backstage,
        *,
        finding: Finding,
        notice: Callable[[Utterance], Awaitable[str | None]],
    ) -> None:
        self._role = role
        self._database = behind.database
        self._claude = behind.claude
        self._voice = behind.voice
        self._manner = behind.manner
        self._etiquette = behind.etiquette
        self._budgets = behind.budgets
        self._clock = behind.clock
        self._rng = behind.rng
        self._casting = behind.casting
        self._staging = behind.staging
        self._reached = behind.reached
        self._appraiser = Appraiser(
            behind.claude, behind.manner.attention.voters.model, behind.manner.attention.voters.deadline
        )
        self._finding = finding
        self._notice = notice

    async def answer(
        self,
        room: Room,
        heard: Sequence[Listener],
        decided: Sequence[Decided],
        *,
        begun: float,
        still: Still,
        then: Sequence[Cue] = (),
        cue: Cue | None = None,
    ) -> Answered:
        """Think of an answer, type it, and write it down once nothing changed meanwhile (C17).

        `then` says who is to speak after that, and `cue` why this one speaks, where nobody asked it.

        `begun` is when the first of what is answered came in, in monotonic seconds: thinking counts as
        typing (D09). `still` tells why what was edited is not to be answered any more.
        """
        dropped: list[Decided] = []
        try:
            answered = await self._answer(
                room, list(heard), list(decided), begun, still, dropped, Occasion(tuple(then), cue)
            )
        finally:
            room.end()
        return replace(answered, passed=(*answered.passed, *dropped))

    async def _answer(
        self,
        room: Room,
        heard: list[Listener],
        decided: list[Decided],
        begun: float,
        still: Still,
        dropped: list[Decided],
        occasion: Occasion,
    ) -> Answered:
        calls: tuple[Call, ...] = ()
        signal: Errors | None = None
        for again in range(ROUNDS):
            left = room.begin(heard)
            if again:
                await _drop(left, decided, still, dropped)
            if not left:
                return _not_answered(decided, Reason.DELETED, calls)
            sendable, remembered, voice = await self._recall(left, occasion.cue)
            if not sendable:
                return _not_answered(_of(left, decided), Reason.UNSENDABLE, calls)
            reply, (tone, asked) = await asyncio.gather(
                self._compose(left, remembered, voice, noting=occasion.cue is None),
                self._tone(left[-1].utterance),  # told while Claude thinks
            )
            calls += (*reply.calls, *asked)
            if reply.fallback:
                signal = "silent" if occasion.cue else signal or self._signal(left[-1], reply, decided)
                if signal != "reply":
                    reason = Reason.BUDGET if reply.unpaid else Reason.NO_ANSWER
                    return await self._show(signal, left, _of(left, decided), calls, reason)
            kind, paid = await self._appraised(left[-1].utterance, reply, occasion)
            calls += paid
            occasion = replace(occasion, kind=kind, tone=tone, toned=left[-1].utterance.message_id)
            if await room.unchanged(self._typing_seconds(reply, begun, remembered.stage.tempo)):
                break
        return await self._pledge(decided, remembered, replace(reply, calls=calls), occasion)

    async def _recall(self, heard: Sequence[Listener], cue: Cue | None) -> tuple[bool, Recollection, Voice]:
        """Return whether the place can be written to, what it may know, and the voice to answer in."""
        now, newest = self._clock.now(), heard[-1].utterance
        channel_id = newest.where.channel_id
        search = await self._finding.search([one.utterance for one in heard])
        async with self._database.read() as db:
            channel = await db.channels.get(channel_id)
            seat = await db.seats.get(channel_id, self._role.slug)
            remembered = await recall(
                db,
                newest.where,
                seat,
                character=self._role.character,
                addressed=search.addressed,
                now=now,
                extent=self._manner.extent,
                tokens=self._voice.tokens,
            )
            voice = self._voice.for_(premium=await db.users.is_premium(newest.author_id))
            material = await self._finding.read(db, newest.where, search, now=now)
            setting = await self._staging.read(
                db,
                self._role,
                newest.where,
                channel=channel,
                heard=[one.utterance for one in heard],
                cue=cue,
                emotes=heard[-1].mouth.emotes,
                replying=cue is None,
            )
            if cue is not None:
                remembered = await _up_to_now(db, remembered, channel_id)
        remembered = await self._finding.completed(remembered, material, search, now=now)
        remembered = await self._staging.staged(self._role, remembered, setting, seat)
        self._reached("recalled")
        until = channel.unsendable_until if channel else None
        return until is None or until <= now, remembered, voice

    async def _compose(
        self, heard: Sequence[Listener], remembered: Recollection, voice: Voice, *, noting: bool
    ) -> Reply:
        noted = [await self._notice(one.utterance) for one in heard] if noting else []
        reply = await compose(
            self._claude,
            voice,
            self._role.character,
            remembered,
            [one.utterance for one in heard],
            now=self._clock.now(),
            rng=self._rng,
            show=heard[-1].mouth.show,
            wish=Wish(note=" ".join(one for one in noted if one)),
            emotes=heard[-1].mouth.emotes,
        )
        self._reached("composed")
        return reply

    async def _tone(self, newest: Utterance) -> tuple[Tone | None, tuple[Call, ...]]:
        """Return what a person did with what they said; characters and bots are no person's business."""
        if newest.from_bot:
            return None, ()
        return await self._appraiser.tone(
            newest.text if newest.words is None else newest.words,
            label=speaker_label(newest.author_name, newest.author_id),
            names=names_of(self._role.character),
            person_id=newest.author_id,
            channel_id=newest.where.channel_id,
        )

    async def _appraised(
        self, newest: Utterance, reply: Reply, occasion: Occasion
    ) -> tuple[Interaction | None, tuple[Call, ...]]:
        """Return what a reply does with what another character said; nothing where none did."""
        if occasion.cue is None or reply.fallback or not self._staging.is_another(newest, self._role):
            return None, ()
        exchange = Exchange(
            newest.author_name, newest.text, self._role.name, named(reply.text), (newest.author_name,)
        )
        return await self._appraiser.appraise(exchange, channel_id=newest.where.channel_id)

    def _signal(self, newest: Listener, reply: Reply, decided: Sequence[Decided]) -> Errors:
        """Return how a fault is shown; who only might have been joined did not ask for an answer."""
        asked = any(one.decision.reason is not Reason.VOTE for one in decided)
        heard = newest.utterance
        if reply.unpaid and not (asked and self._budgets.tell_once(heard.author_id, heard.where.guild_id)):
            return "silent"
        return self._etiquette.signal(heard, lasting=reply.lasting, asked=asked, once=not reply.unpaid)

    async def _show(
        self,
        signal: Errors,
        left: Sequence[Listener],
        decided: Sequence[Decided],
        calls: tuple[Call, ...],
        reason: Reason,
    ) -> Answered:
        if signal == "react":
            try:
                await left[-1].mouth.react(left[-1].utterance.message_id)
            except SpeakingError as error:
                channel_id = left[-1].utterance.where.channel_id
                log.warning("Can't react in channel %s: %s", channel_id, error)
        return _not_answered(decided, reason, calls, signal=signal)

    def _typing_seconds(self, reply: Reply, begun: float, tempo: float) -> float:
        spent = self._clock.monotonic() - begun
        first = split(reply.text, self._manner.longest_message)[0]
        return remaining_seconds(first, self._manner.pace.at(tempo), self._rng, spent=spent)

    async def _cast_id(self, db: UnitOfWork, answered: Utterance) -> int:
        """Return who hears an answer: who speaks, and whoever heard what it answers and is still there.

        Who comes in between hears the next message; who is sent out until it is said did not hear it either.
        """
        return await self._casting.hearers(db, answered.message_id, answered.where, speaker=self._role.slug)

    async def _pledge(
        self, decided: Sequence[Decided], remembered: Recollection, reply: Reply, occasion: Occasion
    ) -> Answered:
        """Write the reply down, to what was not deleted until now: it is said next, whatever happens."""
        async with self._database.begin() as db:
            open_ids = await _open(db, decided, occasion.cue)
            answered = tuple(
                replace(one, trace=_drawing_on(one.trace, remembered))
                for one in decided
                if one.utterance.message_id in open_ids
            )
            if not answered:
                return _not_answered(decided, Reason.DELETED, reply.calls)
            pledge = await turns.pledge(
                db,
                answered,
                remembered,
                reply,
                character=self._role.slug,
                limit=self._manner.longest_message,
                at=self._clock.now(),
                cast_id=await self._cast_id(db, answered[-1].utterance),
                occasion=occasion,
            )
            gone = [one for one in decided if one.utterance.message_id not in open_ids]
            await turns.close(db, gone, at=self._clock.now())
        if reply.fallback:
            answered = tuple(replace(one, trace=replace(one.trace, signal="reply")) for one in answered)
        self._reached("pledged")
        log.info(
            "%s replies in channel %s%s because: %s (%d in, %d out)",
            self._role.slug,
            pledge.channel_id,
            " with a fallback line" if reply.fallback else "",
            answered[-1].decision.reason,
            sum(call.usage.prompt or 0 for call in reply.calls),
            sum(call.usage.output or 0 for call in reply.calls),
        )
        return Answered(pledge=pledge, decided=answered, tokens=remembered.tokens)


async def _up_to_now(db: UnitOfWork, remembered: Recollection, channel_id: int) -> Recollection:
    """Return what is remembered for words that answer no message: they stand behind all that was said.

    Others may have heard more than who speaks, and their transcripts must only grow.
    """
    last, floor = await db.reminders.last_position(), await db.seats.highest_floor(channel_id)
    return replace(remembered, heard_through=max(remembered.heard_through, last, floor // 2))


async def _open(db: UnitOfWork, decided: Sequence[Decided], cue: Cue | None) -> set[int]:
    """Return what is still to be answered."""
    ids = [one.utterance.message_id for one in decided]
    if cue is None:
        return await db.turns.still_open(ids)
    return set(ids) if await db.cues.is_open(cue.id) else set()


async def _drop(left: list[Listener], decided: list[Decided], still: Still, dropped: list[Decided]) -> None:
    """Move what is not to be answered any more, in the form it was edited to, from the one to the other."""
    for one in list(left):
        refusal = await still(one)
        if refusal is not None:
            left.remove(one)
            edited = next(each for each in decided if each.utterance is one.utterance)
            decided.remove(edited)
            dropped.append(replace(edited, decision=refusal))


def _drawing_on(trace: Trace, remembered: Recollection) -> Trace:
    """Return a trace that says what the reply could draw on, by id (C67)."""
    found: dict[str, list[int]] = {"fact": [], "line": []}
    for one in remembered.recalled:
        found[one.kind].append(one.id)
    known = remembered.head.ids[:MOST_KNOWN]
    recalled, lines = tuple(found["fact"]), tuple(found["line"])
    lore = remembered.stage.entries[:MOST_KNOWN]
    return replace(trace, recalled=recalled, lines=lines, known=known, lore=lore)


def _of(left: Sequence[Listener], decided: Sequence[Decided]) -> tuple[Decided, ...]:
    """Return the decisions about what is left to be answered."""
    ids = {one.utterance.message_id for one in left}
    return tuple(one for one in decided if one.utterance.message_id in ids)


def _not_answered(
    decided: Sequence[Decided], reason: Reason, calls: tuple[Call, ...], *, signal: str = ""
) -> Answered:
    decision = Decision(reply=False, reason=reason)
    passed = tuple(
        replace(one, decision=decision, trace=replace(one.trace, signal=signal)) for one in decided
    )
    return Answered(passed=passed, calls=calls)
