"""The walk of a message: noted, decided about, and answered."""

import logging
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime

from bot.conversation.attention.batching import Batcher
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.decision import Decision, Reason
from bot.conversation.following import Following
from bot.conversation.intake import Intake
from bot.conversation.queue import Room, Rooms
from bot.conversation.reply import Batch, Replies
from bot.conversation.safety import Courtesy
from bot.conversation.speakers import Casting
from bot.conversation.text.names import clean_text
from bot.conversation.turns import Decided
from bot.conversation.types import Mouth, Utterance
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
        """Take in one message and, if a character is meant to, answer it.

        `gapless` says that everything before it in its channel was heard.
        """
        heard = replace(heard, text=clean_text(heard.text))
        with self._intake.walking(heard.message_id):
            try:
                if rules := await self._intake.accept(heard, mouth, gapless=gapless):
                    self._attention.spoke(heard)
                    await self._consider(heard, mouth, rules=rules)
                    await self._following.follow(heard.where.channel_id, mouth)
            except DatabaseError as error:
                log.error("Can't remember anything now: %s", error)  # noqa: TRY400 - it says it all
                await self._courtesy.cannot_remember(heard, mouth)

    async def resume(self, heard: Utterance, mouth: Mouth) -> None:
        """Go on with a message that a crash left behind after it was noted."""
        if self._intake.is_on_the_way(heard.message_id):
            return
        with self._intake.walking(heard.message_id):
            heard = replace(heard, text=clean_text(heard.text))
            if received := await self._intake.received(heard):
                await self._consider(heard, mouth, received=received)
                await self._following.follow(heard.where.channel_id, mouth)

    async def close(self, *, within: float) -> bool:
        """Let what is being said be finished, for at most `within` seconds; say whether all was.

        What is not finished then is broken off, and taken up again after the next start.
        """
        finished = await self._rooms.drain(within)
        await self._replies.close()
        await self._intake.break_off()
        return finished

    async def _consider(
        self,
        heard: Utterance,
        mouth: Mouth,
        *,
        received: datetime | None = None,
        rules: HouseRules | None = None,
    ) -> None:
        """Decide; what may be answered waits for its turn, alone or with what came meanwhile."""
        considered = await self._attention.consider(heard, mouth, received=received, rules=rules)
        if isinstance(considered, Decided):
            if room := self._rooms.busy(heard.where.channel_id):
                room.heard(heard)
            await self._intake.close([considered])
            await self._courtesy.turn_away(heard, mouth, considered.decision.reason)
        elif not self._rooms.closing:  # else the claim stays open: it is answered after the restart
            async with self._rooms.enter(heard.where.channel_id) as room:
                room.wait(considered)
                async with room.lock:
                    if room.waiting:
                        await self._answer_all(room, mouth)

    async def _answer_all(self, room: Room, mouth: Mouth) -> None:
        """Answer what waits in this room and is to be answered: with one reply, where one heard all of it."""
        begun = min(listener.at for listener in room.waiting)
        async with AsyncExitStack() as typing:
            if called := any(listener.called for listener in room.waiting):
                await typing.enter_async_context(mouth.typing())
            await room.quiet()
            heard, decided = await self._attention.wanted(room, room.take_all())
            for listener in heard:
                await self._courtesy.look_after(listener.utterance, listener.mouth)
            if heard and not called:
                await typing.enter_async_context(mouth.typing())
            batch = Batch(tuple(heard), tuple(decided), begun, self._attention.refused_by_now)
            while batch.heard:
                batch = await self._answer(room, batch)
            room.end()

    async def _answer(self, room: Room, batch: Batch) -> Batch:
        """Let one character answer what it heard; return what is left for others."""
        lineup = await self._speakers.lineup(batch.utterances)
        role = self._speakers.company.by_slug.get(lineup.first) if lineup else None
        theirs, rest = batch.split(lineup.heard if lineup else {batch.newest.message_id})
        if lineup and role:
            cues = () if theirs.newest.from_bot else self._speakers.cues(lineup, theirs.newest)
            await self._replies.give(role, room, replace(theirs, then=cues))
        else:  # nobody is there, or the character was let go while others spoke
            nobody = Decision(reply=False, reason=Reason.NOBODY)
            await self._intake.close([replace(one, decision=nobody) for one in theirs.decided])
        return rest
