"""Thinking of an answer: recall, compose, type, pledge; and thinking again when what it answers changes."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from bot.claude.client import Claude
from bot.clock import Clock
from bot.conversation import turns
from bot.conversation.etiquette import Errors, Etiquette
from bot.conversation.finding import Finding
from bot.conversation.manner import Manner
from bot.conversation.pacing import remaining_seconds
from bot.conversation.recall import recall
from bot.conversation.replying import Voice, compose
from bot.conversation.rooms import Listener, Room
from bot.conversation.splitting import split
from bot.conversation.turns import Decided, Pledge
from bot.decision import Decision, Reason, Trace
from bot.errors import SpeakingError
from bot.turn import Call, Recollection, Reply, Utterance, Wish
from database import Database
from personas.character import Character

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
        *,
        database: Database,
        claude: Claude,
        character: Character,
        voice: Voice,
        manner: Manner,
        etiquette: Etiquette,
        clock: Clock,
        rng: Random,
        finding: Finding,
        notice: Callable[[Utterance], Awaitable[str | None]],
        reached: Callable[[str], None],
    ) -> None:
        self._database = database
        self._claude = claude
        self._character = character
        self._voice = voice
        self._manner = manner
        self._etiquette = etiquette
        self._clock = clock
        self._rng = rng
        self._finding = finding
        self._notice = notice
        self._reached = reached

    async def answer(
        self,
        room: Room,
        heard: Sequence[Listener],
        decided: Sequence[Decided],
        *,
        begun: float,
        still: Still,
    ) -> Answered:
        """Think of an answer, type it, and write it down once nothing changed meanwhile (C17).

        `begun` is when the first of what is answered came in, in monotonic seconds: thinking counts as
        typing (D09). `still` tells why what was edited is not to be answered any more.
        """
        dropped: list[Decided] = []
        try:
            answered = await self._answer(room, list(heard), list(decided), begun, still, dropped)
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
    ) -> Answered:
        calls: tuple[Call, ...] = ()
        signal: Errors | None = None
        for again in range(ROUNDS):
            left = room.begin(heard)
            if again:
                await _drop(left, decided, still, dropped)
            if not left:
                return _not_answered(decided, Reason.DELETED, calls)
            sendable, remembered, voice = await self._recall(left)
            if not sendable:
                return _not_answered(_of(left, decided), Reason.UNSENDABLE, calls)
            reply = await self._compose(left, remembered, voice)
            calls += reply.calls
            if reply.fallback:
                signal = signal or self._signal(left[-1], reply, decided)
                if signal != "reply":
                    return await self._show(signal, left, _of(left, decided), calls)
            if await room.unchanged(self._typing_seconds(reply, begun)):
                break
        return await self._pledge(decided, remembered, replace(reply, calls=calls))

    async def _recall(self, heard: Sequence[Listener]) -> tuple[bool, Recollection, Voice]:
        """Return whether the place can be written to, what it may know, and the voice to answer in."""
        now, newest = self._clock.now(), heard[-1].utterance
        channel_id = newest.where.channel_id
        search = await self._finding.search([one.utterance for one in heard])
        async with self._database.read() as db:
            channel = await db.channels.get(channel_id)
            remembered = await recall(
                db,
                newest.where,
                channel,
                character=self._character,
                addressed=search.addressed,
                now=now,
                extent=self._manner.extent,
                tokens=self._voice.tokens,
            )
            voice = self._voice.for_(premium=await db.users.is_premium(newest.author_id))
            material = await self._finding.read(db, newest.where, search, now=now)
        remembered = await self._finding.completed(remembered, material, search, now=now)
        self._reached("recalled")
        until = channel.unsendable_until if channel else None
        return until is None or until <= now, remembered, voice

    async def _compose(self, heard: Sequence[Listener], remembered: Recollection, voice: Voice) -> Reply:
        noted = [await self._notice(one.utterance) for one in heard]
        reply = await compose(
            self._claude,
            voice,
            self._character,
            remembered,
            [one.utterance for one in heard],
            now=self._clock.now(),
            rng=self._rng,
            show=heard[-1].mouth.show,
            wish=Wish(note=" ".join(one for one in noted if one)),
        )
        self._reached("composed")
        return reply

    def _signal(self, newest: Listener, reply: Reply, decided: Sequence[Decided]) -> Errors:
        """Return how a fault is shown; who only might have been joined did not ask for an answer."""
        asked = any(one.decision.reason is not Reason.VOTE for one in decided)
        return self._etiquette.signal(newest.utterance, lasting=reply.lasting, asked=asked)

    async def _show(
        self, signal: Errors, left: Sequence[Listener], decided: Sequence[Decided], calls: tuple[Call, ...]
    ) -> Answered:
        if signal == "react":
            try:
                await left[-1].mouth.react(left[-1].utterance.message_id)
            except SpeakingError as error:
                channel_id = left[-1].utterance.where.channel_id
                log.warning("Can't react in channel %s: %s", channel_id, error)
        return _not_answered(decided, Reason.NO_ANSWER, calls, signal=signal)

    def _typing_seconds(self, reply: Reply, begun: float) -> float:
        spent = self._clock.monotonic() - begun
        first = split(reply.text, self._manner.longest_message)[0]
        return remaining_seconds(first, self._manner.pace, self._rng, spent=spent)

    async def _pledge(self, decided: Sequence[Decided], remembered: Recollection, reply: Reply) -> Answered:
        """Write the reply down, to what was not deleted until now: it is said next, whatever happens."""
        async with self._database.begin() as db:
            open_ids = await db.turns.still_open([one.utterance.message_id for one in decided])
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
                character=self._character.slug,
                limit=self._manner.longest_message,
                at=self._clock.now(),
            )
            gone = [one for one in decided if one.utterance.message_id not in open_ids]
            await turns.close(db, gone, at=self._clock.now())
        if reply.fallback:
            answered = tuple(replace(one, trace=replace(one.trace, signal="reply")) for one in answered)
        self._reached("pledged")
        log.info(
            "Replying in channel %s%s because: %s (%d in, %d out)",
            pledge.channel_id,
            " with a fallback line" if reply.fallback else "",
            answered[-1].decision.reason,
            sum(call.usage.prompt or 0 for call in reply.calls),
            sum(call.usage.output or 0 for call in reply.calls),
        )
        return Answered(pledge=pledge, decided=answered, tokens=remembered.tokens)


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
    return replace(trace, recalled=tuple(found["fact"]), lines=tuple(found["line"]), known=known)


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
