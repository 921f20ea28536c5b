"""Choice of the waiting messages that are answered: direct calls, or messages that the vote accepts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from bot.conversation.attention.decide import Deciding, cost_of
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.attention.vote import Ballot
from bot.conversation.decision import WEIGHED, Decision, Reason
from bot.conversation.perception import Perception
from bot.conversation.queue import ChannelQueue, QueuedMessage
from bot.conversation.turns import Decided
from bot.conversation.types import Mouth, Utterance
from bot.core.clock import Runtime
from bot.llm.types import ModelCall

OUR_OWN_DOING = (Reason.ANSWERED, Reason.COOLDOWN)
LOOKED_AT_ANEW_AFTER = 1.0
"""Seconds in a channel's queue after which the rules judge a message again."""


class PassOver(Protocol):
    """Records that messages are not answered, and books calls."""

    async def __call__(self, decided: Sequence[Decided], calls: Sequence[ModelCall] = ()) -> None: ...


class Batcher:
    """The "vote" stage of the pipeline; callers hold the channel's lock."""

    def __init__(
        self, perception: Perception, deciding: Deciding, pass_over: PassOver, runtime: Runtime
    ) -> None:
        self._perception = perception
        self._deciding = deciding
        self._pass_over = pass_over
        self._clock, self._reached = runtime.clock, runtime.reached

    def spoke(self, heard: Utterance) -> None:
        """Note that somebody spoke; turn-taking in the channel depends on it."""
        if not heard.where.place.private:
            self._deciding.turns.spoke(heard)

    async def consider(
        self, heard: Utterance, mouth: Mouth, *, received: datetime, rules: HouseRules | None
    ) -> QueuedMessage | Decided:
        """Return the message if it may be answered, else the decision against it.

        `received` is the moment by which a message from before a restart is judged. `rules` are the rules of
        the place, if they were just read. A voice message is transcribed first, since it may contain a name.
        """
        if rules is None or not rules.forbids(heard):
            heard = await self._perception.listen(heard)
        at = self._clock.monotonic()
        considered = await self._deciding.decide(heard, me=mouth.me, at=at, received=received, house=rules)
        self._reached("attended")
        decision = considered.decision
        if decision is None and not self._deciding.votes:
            decision = Decision(reply=False, reason=Reason.UNADDRESSED)
        if decision is not None and not decision.reply:
            return Decided(heard, decision, considered.trace, considered.calls)
        called = decision is not None
        return QueuedMessage(heard, considered, mouth, received=at, at=self._clock.monotonic(), called=called)

    async def wanted(
        self, room: ChannelQueue, waiting: Sequence[QueuedMessage]
    ) -> tuple[list[QueuedMessage], list[Decided]]:
        """Return the messages to answer, and decisions against the others.

        Messages that address nobody are put to the vote, unless something else is answered anyway: that reply
        has read them too.
        """
        waiting = [await self._judged_again(message) for message in waiting]
        dropped = [message for message in waiting if message.called and not _wants_reply(message)]
        called = [message for message in waiting if message.called and _wants_reply(message)]
        rest = [message for message in waiting if not message.called]
        await self._pass_over([_decided(message) for message in dropped])
        if not called:
            return await self._vote(room, rest)
        authors = {message.utterance.author_id for message in called}
        aside = [message for message in rest if message.utterance.author_id not in authors]
        beside = Decision(reply=False, reason=Reason.ANSWERED)
        await self._pass_over([_decided(message, beside) for message in aside])
        burst = [message for message in waiting if message not in dropped and message not in aside]
        # The reply addresses the last message: a call comes after the rest of the burst, a person after a
        # bot.
        burst.sort(key=lambda message: (message.called, not message.utterance.from_bot))
        first = called[-1].considered.decision
        return burst, [_decided(message, message.considered.decision or first) for message in burst]

    async def refused_by_now(self, message: QueuedMessage) -> Decision | None:
        """Return why an edited message must not be answered any more; None if it still may.

        A message that called the character is not judged again for having too little content.
        """
        considered = await self._deciding.wanted_still(
            message.utterance, message.considered, me=message.mouth.me
        )
        decision = considered.decision
        if decision is None or decision.reply or decision.reason in OUR_OWN_DOING:
            return None
        return None if message.called and decision.reason in WEIGHED else decision

    async def _judged_again(self, message: QueuedMessage) -> QueuedMessage:
        """Apply the rules again after a wait: a bot's count may have grown, or the author may have been
        denied.
        """
        waited = self._clock.monotonic() - message.at >= LOOKED_AT_ANEW_AFTER
        if not (message.utterance.from_bot or waited) or message.utterance.where.place.private:
            return message
        considered = await self._deciding.wanted_still(
            message.utterance, message.considered, me=message.mouth.me
        )
        return replace(message, considered=considered, called=considered.decision is not None)

    async def _vote(
        self, room: ChannelQueue, heard: list[QueuedMessage]
    ) -> tuple[list[QueuedMessage], list[Decided]]:
        """Put to the vote whether the character joins in; return nothing to answer if it does not.

        A message that is edited meanwhile is voted on once more. A direct call interrupts the vote: the
        messages that it was about wait behind the call.
        """
        calls: tuple[ModelCall, ...] = ()
        for again in (False, True):
            heard = await self._still_to_be_voted_on(room.begin(heard), again=again)
            if not heard:
                await self._pass_over([], calls)
                return [], []
            utterances = [message.utterance for message in heard]
            replies = max(message.considered.bot_replies for message in heard)
            ballot = await self._deciding.put_to_vote(utterances, bot_replies=replies, interrupt=room.called)
            calls += ballot.calls
            if ballot.interrupted:
                first = replace(heard[0].considered, calls=heard[0].considered.calls + calls)
                room.put_back([replace(heard[0], considered=first), *heard[1:]])
                return [], []
            if not room.changed:
                break
        self._reached("voted")
        decided = self._voted(heard, ballot, calls)
        if ballot.carried:
            return heard, decided
        await self._pass_over(decided)
        return [], []

    async def _still_to_be_voted_on(self, heard: list[QueuedMessage], *, again: bool) -> list[QueuedMessage]:
        """Return the remaining messages of `heard`; edited messages go through the rules again."""
        left = []
        for message in heard:
            refusal = await self.refused_by_now(message) if again else None
            if refusal is None:
                left.append(message)
            else:
                await self._pass_over([_decided(message, refusal)])
        return left

    def _voted(
        self, heard: Sequence[QueuedMessage], ballot: Ballot, calls: tuple[ModelCall, ...]
    ) -> list[Decided]:
        """Return the vote's decision about each message; its cost stands with the first message."""
        reason = Reason.VOTE if ballot.carried else Reason.OUTVOTED if ballot.held else Reason.NO_VOTE
        decision = Decision(reply=ballot.carried, reason=reason)
        decided = []
        for number, message in enumerate(heard):
            paid = (*message.considered.calls, *(calls if number == 0 else ()))
            trace = replace(
                message.considered.trace,
                votes=ballot.votes,
                seconds=round(self._clock.monotonic() - message.received, 3),
                cost=cost_of(paid),
                voted_for=ballot.character if ballot.held and number == 0 else "",
                carried=ballot.carried and number == 0,
            )
            decided.append(Decided(message.utterance, decision, trace, paid))
        return decided


def _wants_reply(message: QueuedMessage) -> bool:
    decision = message.considered.decision
    return decision is not None and decision.reply


def _decided(message: QueuedMessage, decision: Decision | None = None) -> Decided:
    settled = decision or message.considered.decision
    assert settled is not None
    return Decided(message.utterance, settled, message.considered.trace, message.considered.calls)
