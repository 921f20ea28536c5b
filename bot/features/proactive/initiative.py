"""Initiative: twice an hour, a character may by chance say something unprompted (F112, F113, C79)."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.conversation import turns
from bot.conversation.attention.decide import VOTED_ON, cost_of
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.attention.vote import Ballot, vote_prompt
from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Manner
from bot.conversation.context.situation import Staging
from bot.conversation.context.transcript import WINDOW, line_of
from bot.conversation.decision import DecisionStep, Note, Reason, RuleRemark, Trace, trace_json
from bot.conversation.proactive import NOBODY, Impulse, Unasked
from bot.conversation.queue import Rooms
from bot.conversation.rethinking import utterance_of
from bot.conversation.speakers import Casting
from bot.conversation.text.names import indented
from bot.conversation.turns import Pledge
from bot.conversation.types import Mouth, Recollection, Reply, Utterance
from bot.core.clock import Runtime
from bot.features.proactive.half_hours import HalfHours
from bot.llm.types import ModelCall, Prompt
from bot.prompts import fill
from database import Database, DatabaseError, UnitOfWork
from database.models import Channel
from database.repositories.messages import LatelySaid, LoggedLine
from database.repositories.states import status_key
from memory.places import Place, Where, where_of
from memory.sensitive.distress import reads_as_distress
from personas.initiative import SPOKEN_FIRST, InitiativeMoment, RemarkKind, Roll, roll, silence

log = logging.getLogger(__name__)

SECONDS = 60
"""Seconds between two checks for channels that are due."""
LINES = 12
"""Maximum number of lines that a remark draws on."""
TODAY = timedelta(days=2)
"""Period that contains all of today's messages, whatever the time zone."""
_STATE = "half hours in which it was rolled who speaks first"

MouthOf = Callable[[int], Mouth | None]
"""Return the outlet of a channel; None if the bot is not there or takes no part."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """State of a channel: its latest line, the characters that heard it, and the input of the rule."""

    channel: Channel
    last: LatelySaid
    there: tuple[PlayedCharacter, ...]
    moment: InitiativeMoment

    @property
    def where(self) -> Where:
        return where_of(self.channel)


class Initiative:
    """Lets characters speak first, in channels where admins allow it."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        rooms: Rooms,
        casting: Casting,
        staging: Staging,
        unasked: Unasked,
        manner: Manner,
    ) -> None:
        self._database = database
        self._clock, self._rng, self._reached = runtime.clock, runtime.rng, runtime.reached
        self._rooms = rooms
        self._casting = casting
        self._staging = staging
        self._unasked = unasked
        self._manner = manner
        self._bounds = manner.initiative
        self._half_hours = HalfHours(_STATE)
        self._at_it = asyncio.Lock()

    # Checking all channels.

    async def tick(self, mouth_of: MouthOf) -> int:
        """Roll for the channels whose moment in this half hour has come; return how many characters spoke.

        Moments missed during a downtime are skipped.
        """
        if self._rooms.closing or self._at_it.locked():
            return 0
        said = 0
        async with self._at_it:
            async with self._database.read() as db:
                venues = {str(channel.id): channel.id for channel in await db.remarks.venues()}
                due = await self._half_hours.due(db, venues, self._clock.now())
            for name in due:
                try:
                    said += await self._consider(venues[name], mouth_of, kept=tuple(venues))
                except DatabaseError as error:
                    log.error("Nobody can speak first in channel %s: %s", name, error)  # noqa: TRY400
        return said

    async def _consider(self, channel_id: int, mouth_of: MouthOf, *, kept: Sequence[str]) -> bool:
        """Roll for one channel, once per half hour, and let a character speak if the roll succeeds."""
        mouth = mouth_of(channel_id)
        if mouth is None or self._rooms.closing or self._rooms.busy(channel_id):
            return False
        async with self._database.begin() as db:
            if not await self._half_hours.take(db, str(channel_id), self._clock.now(), kept=kept):
                return False
            seen = await self._look(db, channel_id)
        self._reached("rolled")
        rolled = roll(self._bounds, seen.moment, self._rng) if seen else None
        if seen is None or rolled is None or rolled.kind is None:
            log.debug("Nobody speaks first in channel %s: %s", channel_id, rolled and rolled.silence)
            return False
        impulse = await self._impulse(seen, self._one_of(seen), rolled.kind, mouth)
        return impulse is not None and await self._speak(seen, impulse, rolled, mouth)

    async def _look(self, db: UnitOfWork, channel_id: int) -> ChannelState | None:
        """Return the state of a channel; None if nobody may speak first there now."""
        channel, now = await db.channels.get(channel_id), self._clock.now()
        if channel is None or not await self._is_open(db, channel):
            return None
        lately = await db.messages.lately(channel_id, since=now - WINDOW, limit=1)
        where, house = where_of(channel), HouseRules(await db.channels.rules(channel.guild_id))
        present = await self._casting.witnesses(db, lately[-1].id, where) if lately else ()
        if not lately or not present:
            return None
        last, own = lately[-1], house.chance(where)
        moment = InitiativeMoment(
            now=now.astimezone(self._manner.zone),
            own_last=last.from_bot or last.heard_through is not None,
            last_at=last.sent_at,
            today=await self._said(db, channel_id),
            profile=await self._casting.profile(db, where),
            considered=self._manner.attention.chance if own is None else own,
        )
        return ChannelState(channel, last, present, moment)

    async def _is_open(self, db: UnitOfWork, channel: Channel) -> bool:
        """Return whether speaking is allowed in a channel and nobody is about to speak anyway."""
        where, until = where_of(channel), channel.unsendable_until
        if not channel.speaks_first or where.place is not Place.GUILD:
            return False
        if until is not None and until > self._clock.now():
            return False
        if not HouseRules(await db.channels.rules(channel.guild_id)).active(where):
            return False
        return not (await db.cues.scene(channel.id) or await db.cues.next(channel.id))

    async def _said(self, db: UnitOfWork, channel_id: int) -> list[datetime]:
        return await db.remarks.times(SPOKEN_FIRST, since=self._clock.now() - TODAY, channel_id=channel_id)

    def _one_of(self, seen: ChannelState) -> PlayedCharacter:
        """Return the speaker: the channel's chosen character, otherwise a random one of those present."""
        chosen = next((role for role in seen.there if role.slug == seen.channel.chosen), None)
        weights = [self._manner.direction.weights.get(role.slug, 1.0) for role in seen.there]
        if chosen is not None or not any(weights):
            return chosen or seen.there[0]
        return self._rng.choices(seen.there, weights)[0]

    # One remark.

    async def _impulse(
        self, seen: ChannelState, role: PlayedCharacter, kind: RemarkKind, mouth: Mouth
    ) -> Impulse | None:
        """Return an impulse based on what the character heard from people who consented to that."""
        heard, where = self._occasion(seen), seen.where
        async with self._database.read() as db:
            rows, status = await self._talk(db, where, role), await self._status(db, role)
            by_people = any(row.heard_through is None for row in rows)
            fitting = _fitting(kind, by_people=by_people, status=bool(status))
            if fitting is None:
                return None
            seat = await db.channels.seat(where.channel_id, role.slug)
            setting = await self._staging.read(
                db,
                role,
                where,
                channel=seen.channel,
                heard=[heard],
                cue=None,
                emotes=mouth.speaking_as(role.speaker).emotes,
            )
        floor = min((row.place for row in rows), default=0)
        lines = tuple(line_of(row, role.slug) for row in rows)
        remembered = Recollection(lines, floor, heard_through=0, seated=seat is not None)
        remembered = await self._staging.staged(role, remembered, setting, seat)
        if fitting is RemarkKind.STATUS:
            mind = fill("initiative_mind", name=role.name, status=indented(status))
            stage = remembered.stage
            remembered = replace(remembered, stage=replace(stage, notes=(*stage.notes, mind)))
        note = fill(f"initiative_{fitting}", name=role.name)
        return Impulse(
            role, fitting, Reason.INITIATIVE, heard, remembered, note, f"i{seen.last.id}", seen.last.id
        )

    def _occasion(self, seen: ChannelState) -> Utterance:
        """Return an empty utterance by nobody, for the reply pipeline."""
        return Utterance(
            message_id=seen.last.id,
            author_id=NOBODY,
            author_name="nobody",
            text="",
            sent_at=self._clock.now(),
            where=seen.where,
            from_bot=True,
        )

    async def _talk(self, db: UnitOfWork, where: Where, role: PlayedCharacter) -> Sequence[LoggedLine]:
        """Return the latest lines to draw on: none by, or addressed to, people without consent."""
        consent = self._manner.consent
        if consent == "off":
            return ()
        since = self._clock.now() - WINDOW
        rows = await db.messages.agreed(
            where.channel_id, role.slug, since=since, consent=consent, limit=LINES
        )
        # A character never takes up distress unprompted (C91).
        return () if any(reads_as_distress(row.text) for row in rows) else rows

    async def _status(self, db: UnitOfWork, role: PlayedCharacter) -> str:
        """Return a character's status, or a status line of its file."""
        lines = role.character.status_lines
        known = await db.states.get(status_key(role.slug))
        return known or (self._rng.choice(lines) if lines else "")

    async def _speak(self, seen: ChannelState, impulse: Impulse, rolled: Roll, mouth: Mouth) -> bool:
        """Hold the vote, generate the remark, and post it if nothing changed meanwhile."""
        ballot = await self._vote(seen, impulse.role)
        calls, trace = ballot.calls, _trace(rolled, impulse.kind, ballot)
        if not ballot.carried:
            await self._book(calls, impulse.role)
            return False
        reply = await self._unasked.think(impulse, mouth, typing=True)
        channel_id = seen.channel.id
        async with self._rooms.enter(channel_id) as room, room.lock:
            async with self._database.begin() as db:
                pledge = await self._pledge(db, seen, impulse, reply, trace)
                unsaid = () if pledge else reply.calls
                turn_id = pledge.turn_id if pledge else None
                await turns.note_calls(db, (*calls, *unsaid), impulse.role.slug, turn_id=turn_id)
            if pledge is None:
                return False
            log.info("%s speaks first in channel %s: %s", impulse.role.slug, channel_id, impulse.kind)
            await self._unasked.say(pledge, impulse.role, mouth)
        return True

    async def _vote(self, seen: ChannelState, role: PlayedCharacter) -> Ballot:
        """Ask the voters, as before any unprompted reply."""

        async def prompt() -> Prompt | None:
            async with self._database.read() as db:
                line = await db.messages.get(seen.last.id)
                rows = await db.messages.transcript(
                    seen.channel.id, role.slug, since=self._clock.now() - WINDOW, limit=VOTED_ON
                )
            if line is None:
                return None
            return vote_prompt(
                role.character,
                [line_of(row, role.slug) for row in rows],
                [utterance_of(line, seen.where)],
                bot_replies=0,
                note=fill("initiative_vote", name=role.name),
            )

        return await self._unasked.vote(prompt, seen.channel.id)

    async def _pledge(
        self, db: UnitOfWork, seen: ChannelState, impulse: Impulse, reply: Reply, trace: Trace
    ) -> Pledge | None:
        """Store a remark; None if somebody spoke meanwhile or its topic changed."""
        now = await self._look(db, seen.channel.id)
        if reply.fallback or self._rooms.closing or now is None or now.last != seen.last:
            return None
        if impulse.role not in now.there or silence(self._bounds, now.moment):
            return None
        talk = await self._talk(db, seen.where, impulse.role)
        if tuple(line_of(row, impulse.role.slug) for row in talk) != impulse.remembered.lines:
            return None
        cast_id = await self._casting.hearers(db, seen.last.id, seen.where, speaker=impulse.role.slug)
        drawn_on = sorted({row.author_id for row in talk if row.heard_through is None})
        why = {**trace_json(trace), "of": drawn_on}
        return await self._unasked.pledge(db, impulse, reply, cast_id=cast_id, why=why)

    async def _book(self, calls: Sequence[ModelCall], role: PlayedCharacter) -> None:
        if calls:
            async with self._database.begin() as db:
                await turns.note_calls(db, calls, role.slug)


def _fitting(kind: RemarkKind, *, by_people: bool, status: bool) -> RemarkKind | None:
    """Return the remark's kind, or the other kind if the first lacks material."""
    possible = [
        candidate
        for candidate, able in ((RemarkKind.CONTEXTUAL, by_people), (RemarkKind.STATUS, status))
        if able
    ]
    return kind if kind in possible else next(iter(possible), None)


def _trace(rolled: Roll, kind: RemarkKind, ballot: Ballot) -> Trace:
    figures = {"kind": str(kind), "roll": round(rolled.rolled, 2), "chance": round(rolled.chance, 2)}
    remark = RuleRemark(Note.SPEAKS_FIRST, figures)
    return Trace(
        steps=(DecisionStep("speaks_first", remark),), votes=ballot.votes, cost=cost_of(ballot.calls)
    )
