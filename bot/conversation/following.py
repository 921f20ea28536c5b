"""Characters that speak after another: called together, joining in, or in a scene (C26, C27)."""

import logging
from datetime import timedelta

from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.company import PlayedCharacter
from bot.conversation.decision import Considered, Decision, Reason, Trace
from bot.conversation.effects import SCENE
from bot.conversation.outbox import PLACES, MouthOf
from bot.conversation.queue import ChannelQueue, QueuedMessage, Rooms
from bot.conversation.reply import Batch, Replies
from bot.conversation.rethinking import utterance_of
from bot.conversation.speakers import Casting
from bot.conversation.turns import Decided
from bot.conversation.types import Mouth, Utterance
from bot.core.clock import Clock
from database import Database, DatabaseError, UnitOfWork
from database.models import Channel, CueRow, MessageRow
from memory.places import Where, where_of

log = logging.getLogger(__name__)

GONE, LATE, SPOKEN, NOT_HERE = "what it follows is gone", "somebody spoke meanwhile", "spoke", "not there"
NOTHING, STALE = "nothing came to mind", "too long ago"
SWITCHED_OFF = "switched off here"
MOST_IN_A_ROW = 50
"""The maximum number of cues processed in one go per channel: a scene has no more lines."""


class Following:
    """Lets the characters with a cue speak, one after another."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rooms: Rooms,
        casting: Casting,
        replies: Replies,
        *,
        within: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rooms = rooms
        self._casting = casting
        self._replies = replies
        self._within = within
        self._at_it: set[int] = set()
        self._asked_again: set[int] = set()

    async def resume(self, mouth_of: MouthOf) -> None:
        """Process the cues that a restart or a fault left."""
        async with self._database.read(brief=True) as db:
            channels = await db.cues.waiting(self._clock.now() - self._within, PLACES)
        for channel_id in channels:
            if channel_id not in self._at_it:
                await self.follow(channel_id, mouth_of(channel_id))

    async def follow(self, channel_id: int, mouth: Mouth) -> None:
        """Let every character with a cue in a channel speak, in order; new direct calls go first."""
        if channel_id in self._at_it:
            self._asked_again.add(channel_id)  # the loop may just have found no cue
        if len(self._casting.company) < 2 or channel_id in self._at_it:
            return
        self._at_it.add(channel_id)
        try:
            for _ in range(MOST_IN_A_ROW):
                self._asked_again.discard(channel_id)
                async with self._database.read(brief=True) as db:
                    cue = await db.cues.next(channel_id)
                if self._rooms.closing or (cue is None and channel_id not in self._asked_again):
                    return
                if cue is None:
                    continue
                await self._clock.sleep(cue.delay)
                async with self._rooms.enter(channel_id) as room, room.lock:
                    await self._take(room, cue, mouth)
        except DatabaseError as error:
            log.error("Nobody can join in now in channel %s: %s", channel_id, error)  # noqa: TRY400
        finally:
            self._at_it.discard(channel_id)
            self._asked_again.discard(channel_id)

    async def _take(self, room: ChannelQueue, cue: CueRow, mouth: Mouth) -> None:
        """Let one character speak, or store why it won't."""
        async with self._database.read(brief=True) as db:
            if not await db.cues.is_open(cue.id):
                return
            channel = await db.channels.get(cue.channel_id)
            line = await db.messages.get(cue.message_id)
            why = await self._refused(db, cue, line, channel)
        role = self._casting.company.by_slug.get(cue.character)
        if why is None and role is not None and channel is not None:
            heard = utterance_of(line, where_of(channel)) if line else opening(cue, where_of(channel))
            if await self._speak(room, cue, role, heard, mouth):
                return
        async with self._database.begin(brief=True) as db:
            why = why or NOTHING
            await db.cues.close(cue.id, ended=why)
            if cue.scene_id is not None:
                await db.cues.end_scene(cue.scene_id, ended=why, at=self._clock.now())

    async def _refused(
        self, db: UnitOfWork, cue: CueRow, line: MessageRow | None, channel: Channel | None
    ) -> str | None:
        """Return why a character must not speak any more: for example, it is absent now, or was then."""
        if cue.made_at < self._clock.now() - self._within:
            return STALE
        if channel is None or cue.character not in self._casting.company.by_slug:
            return NOT_HERE
        if not HouseRules(await db.channels.rules(channel.guild_id)).active(where_of(channel)):
            return SWITCHED_OFF
        if line is None and cue.reason != SCENE:
            return GONE
        audience = await self._casting.heard(db, line.cast_id if line else None, where_of(channel))
        if cue.character not in {role.slug for role in audience}:
            return NOT_HERE
        taken_up = line is not None and line.character is not None and cue.reason != SCENE
        late = taken_up and await db.messages.spoken_since(cue.channel_id, cue.message_id)
        return LATE if late else None

    async def _speak(
        self, room: ChannelQueue, cue: CueRow, role: PlayedCharacter, heard: Utterance, mouth: Mouth
    ) -> bool:
        """Generate and post its line; return False if there was no line."""
        own, at = mouth.speaking_as(role.speaker), self._clock.monotonic()
        decision = Decision(reply=True, reason=Reason.CUE)
        considered = Considered(decision, Trace(), self._clock.now(), 0, ())
        listener = QueuedMessage(heard, considered, own, received=at, at=at, called=True)
        batch = Batch((listener,), (Decided(heard, decision, Trace()),), begun=at, cue=cue)
        async with own.typing():
            return await self._replies.give(role, room, batch)


def opening(cue: CueRow, where: Where) -> Utterance:
    """Return the utterance that opens a scene: nobody has said anything yet."""
    return Utterance(
        message_id=cue.message_id,
        author_id=0,
        author_name="nobody",
        text="",
        sent_at=cue.made_at,
        where=where,
        from_bot=True,
    )
