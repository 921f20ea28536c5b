"""The pipeline of a message: logged, decided about, and answered."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace

from bot.conversation.attention.batching import Batcher
from bot.conversation.decision import Decision, Reason
from bot.conversation.following import Following
from bot.conversation.intake import Intake, Noted
from bot.conversation.queue import ChannelQueue, QueuedMessage, Rooms
from bot.conversation.reply import Batch, Replies
from bot.conversation.safety import Courtesy
from bot.conversation.speakers import Casting
from bot.conversation.turns import Decided
from bot.conversation.types import Arrival, Backlog, Mouth, Utterance, arrived
from database import DatabaseError

log = logging.getLogger(__name__)


class Conversation:
    """Everything that the characters hear and say."""

    def __init__(
        self,
        intake: Intake,
        attention: Batcher,
        rooms: Rooms,
        speakers: Casting,
        replies: Replies,
        following: Following,
        courtesy: Courtesy,
    ) -> None:
        self._intake = intake
        self._attention = attention
        self._rooms = rooms
        self._speakers = speakers
        self._replies = replies
        self._following = following
        self._courtesy = courtesy

    async def take_turn(self, heard: Utterance, mouth: Mouth, *, gapless: bool = True) -> None:
        """Process one message and answer it if a character should.

        `gapless` says that everything before it in its channel was read.
        """
        await self.hear(arrived(heard, mouth, gapless=gapless))

    async def hear(self, arrival: Arrival) -> Utterance | None:
        """Process an arrival in its turn, and answer it if a character should; return its utterance.

        Its position in the channel's order is taken before the first await.
        """
        heard: Utterance | None = None
        with self._intake.walking(arrival.message_id):
            try:
                async with self._rooms.enter(arrival.channel_id) as room:
                    async with self._intake.in_order(arrival) as heard:
                        noted = await self._intake.note(heard, gapless=arrival.gapless()) if heard else None
                        if noted:
                            room.noted(arrival.message_id)
                    if noted:
                        self._attention.spoke(noted.heard)
                        await self._consider(room, [noted], arrival.mouth())
            except (DatabaseError, OSError) as error:
                log.error("Can't remember anything now: %s", error)  # noqa: TRY400 - it says it all
                arrival.not_noted()
                if heard:
                    await self._courtesy.cannot_remember(heard, arrival.mouth())
        return heard

    async def catch_up(self, channel_id: int, backlog: Backlog, mouth: Mouth) -> None:
        """Process a channel's unanswered messages after a stop, and answer them together."""
        with ExitStack() as walking:
            async with self._rooms.enter(channel_id) as room:
                found = await self._intake.catch_up(room, channel_id, backlog, walking)
                try:
                    await self._consider(room, found, mouth)
                except DatabaseError as error:  # the claims stay open: the resuming job processes them
                    log.error("Can't answer what was missed: %s", error)  # noqa: TRY400

    async def close(self, *, within: float) -> bool:
        """Let replies in progress finish, for at most `within` seconds; say whether all did.

        The rest is cancelled, and resumed after the next start.
        """
        finished = await self._rooms.drain(within)
        await self._replies.close()
        await self._intake.break_off()
        return finished

    async def _consider(self, room: ChannelQueue, noted: Sequence[Noted], mouth: Mouth) -> None:
        """Decide; a message that may be answered waits for its turn, alone or with later ones."""
        try:
            listeners = await self._listeners(noted, mouth)
            if self._rooms.closing:  # the claims stay open for the next start
                listeners = []
            for listener in listeners:
                room.wait(listener)
        finally:
            room.considered(each.heard.message_id for each in noted)
        if listeners:
            async with room.lock:
                if room.waiting:
                    await self._answer_all(room, mouth)
        if noted and len(self._speakers.company) > 1:
            await self._following.follow(noted[0].heard.where.channel_id, mouth)

    async def _listeners(self, noted: Sequence[Noted], mouth: Mouth) -> list[QueuedMessage]:
        """Return the logged messages that may be answered."""
        if len(noted) == 1:
            found = [await self._listener(noted[0], mouth)]
        else:
            found = await asyncio.gather(*(self._listener(each, mouth) for each in noted))
        return [listener for listener in found if listener]

    async def _listener(self, noted: Noted, mouth: Mouth) -> QueuedMessage | None:
        """Return a message that may be answered; None if the decision is against it, which is stored and
        reported.
        """
        considered = await self._attention.consider(
            noted.heard, mouth, received=noted.received, rules=noted.rules
        )
        if not isinstance(considered, Decided):
            return considered
        heard = considered.utterance
        if room := self._rooms.busy(heard.where.channel_id):
            room.heard(heard)
        await self._intake.close([considered])
        await self._courtesy.turn_away(heard, mouth, considered.decision.reason)
        return None

    async def _answer_all(self, room: ChannelQueue, mouth: Mouth) -> None:
        """Answer the waiting messages of this channel: with one reply, if one character heard them all."""
        begun = min(listener.at for listener in room.waiting)
        async with AsyncExitStack() as typing:
            if called := any(listener.called for listener in room.waiting):
                await typing.enter_async_context(mouth.typing())
            await room.quiet()
            through = await room.all_considered()
            heard, decided = await self._attention.wanted(room, room.take_all())
            for listener in heard:
                await self._courtesy.look_after(listener.utterance, listener.mouth)
            if heard and not called:
                await typing.enter_async_context(mouth.typing())
            batch = Batch(tuple(heard), tuple(decided), begun, self._attention.refused_by_now, through)
            while batch.heard:
                batch = await self._answer(room, batch)
            room.end()

    async def _answer(self, room: ChannelQueue, batch: Batch) -> Batch:
        """Let one character answer the messages that it heard; return the rest for others."""
        lineup = await self._speakers.lineup(batch.utterances)
        role = self._speakers.company.by_slug.get(lineup.first) if lineup else None
        own, rest = batch.split(lineup.heard if lineup else {batch.newest.message_id})
        if lineup and role:
            cues = () if own.newest.from_bot else self._speakers.cues(lineup, own.newest)
            await self._replies.give(role, room, replace(own, then=cues))
        else:  # the character is absent, or was removed while others spoke
            nobody = Decision(reply=False, reason=Reason.NOBODY)
            await self._intake.close([replace(decision, decision=nobody) for decision in own.decided])
        return rest
