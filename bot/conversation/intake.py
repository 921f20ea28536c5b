"""The intake: each message of a channel is noted once, in the order in which it came in (faults D19)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.conversation import turns
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.decision import Reason
from bot.conversation.message_log import MessageLog
from bot.conversation.outbox import PLACES
from bot.conversation.queue import ChannelQueue, Rooms
from bot.conversation.speakers import Casting
from bot.conversation.text.names import clean_text
from bot.conversation.turns import Decided
from bot.conversation.types import Arrival, Backlog, Mouth, Utterance, as_edited
from bot.core.clock import Runtime
from bot.core.cooldown import Cooldown
from bot.core.errors import SpeakingError
from bot.llm.types import ModelCall
from database import Database, DatabaseError
from memory.attachments import json_of, without_attachments

log = logging.getLogger(__name__)

BREAK_OFF_SECONDS = 5.0
FLOOD_SECONDS = 60.0
"""Somebody who floods is shown once in so long that not all of it is heard."""
IN_VAIN = (Reason.OUTVOTED, Reason.NO_VOTE, Reason.NO_ANSWER)
"""Silence that was thought about, and paid for."""


async def nothing_new() -> None:
    """Characters without files of their own stay as they are."""


@dataclass(slots=True)
class Hooks:
    """What features add to the walk: each of these is called at one point of it.

    `refresh` reads characters whose files have changed, before each message. `on_decision` is told what was
    decided about each message, once that is written down. `first_words` may say something before a character
    that has a greeting answers: they are shown the newest message, with the lock of the channel held.
    """

    refresh: Callable[[], Awaitable[object]] = nothing_new
    on_decision: list[Callable[[Decided], None]] = field(default_factory=list)
    first_words: list[Callable[[Utterance, Mouth], Awaitable[object]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Noted:
    """A message that was noted when it was `received`; the rules of its place where they were just read."""

    heard: Utterance
    rules: HouseRules | None
    received: datetime


class Intake:
    """Claims each message and writes down what was decided about it."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        rooms: Rooms,
        casting: Casting,
        hooks: Hooks,
        message_log: MessageLog,
        *,
        resume_within: timedelta,
    ) -> None:
        self._database = database
        self._clock, self._reached = runtime.clock, runtime.reached
        self._rooms = rooms
        self._casting = casting
        self._hooks = hooks
        self._message_log = message_log
        self._resume_within = resume_within
        self._flooded = Cooldown[int](runtime.clock, FLOOD_SECONDS)
        self._on_the_way: dict[int, list[asyncio.Task[object]]] = {}

    @asynccontextmanager
    async def in_order(self, arrival: Arrival) -> AsyncIterator[Utterance | None]:
        """Look at a message when those before it in the channel are noted; None where it is not heard.

        Of a flood the newest is heard, and its author is shown that.
        """
        async with self._rooms.arriving(arrival.channel_id, arrival.author_id) as admitted:
            yield await self._looked_at(arrival) if admitted else None
        if not admitted and self._flooded.first(arrival.author_id):
            log.warning("User %d sends more than can be heard", arrival.author_id)
            with suppress(SpeakingError):
                await arrival.mouth().react(arrival.message_id)

    async def catch_up(
        self, room: ChannelQueue, channel_id: int, backlog: Backlog, walking: ExitStack
    ) -> list[Noted]:
        """Return what was left behind in a channel, and what was missed there since, which is noted now.

        In its order, and before all that came in there later. For as long as `walking` is open the messages
        are on their way.
        """
        found = list[Noted]()
        async with self._rooms.arriving(channel_id, missed=True):
            try:
                for left in await backlog.left():
                    if not self.is_on_the_way(left.message_id):
                        walking.enter_context(self.walking(left.message_id))
                        found += [each] if (each := await self._left_behind(left)) else []
                for arrival in await backlog.missed():
                    walking.enter_context(self.walking(arrival.message_id))
                    heard = await self._looked_at(arrival)
                    if heard and (each := await self.note(heard, gapless=backlog.gapless)):
                        room.noted(arrival.message_id)
                        found.append(each)
            except (DatabaseError, SpeakingError) as error:
                log.error("Not all that was said in channel %d is known: %s", channel_id, error)  # noqa: TRY400
            else:
                backlog.caught_up()
        return found

    async def _looked_at(self, arrival: Arrival) -> Utterance | None:
        heard = await arrival.look()
        if heard is None:
            return None
        await self._hooks.refresh()
        return replace(heard, text=clean_text(heard.text))

    async def note(self, heard: Utterance, *, gapless: bool = True) -> Noted | None:
        """Claim a message and log it, in one transaction; None where it was claimed before, or is gone.

        What was deleted or edited before it was noted is noted as it is now (C17, C63).
        """
        received = self._clock.now()
        async with self._database.begin(brief=True) as db:
            cast_id = await self._casting.cast_id(db, heard.where)
            kept_out = await self._casting.kept_out(db, heard.where)
            unheard = bool(kept_out) and not await self._casting.present(db, heard.where)
            if heard.message_id in self._message_log.latest:
                _, latest = self._message_log.latest[heard.message_id]
                if latest is None:
                    return None
                heard = as_edited(heard, *latest.of(json_of(heard.attachments)))
            house = await turns.note(
                db, heard, at=received, gapless=gapless, cast_id=cast_id, unheard=unheard
            )
        if house is None:
            return None
        self._reached("noted")
        return Noted(heard, house, received)

    async def close(
        self, decided: Sequence[Decided], calls: Sequence[ModelCall] = (), *, character: str = ""
    ) -> None:
        """Keep that messages are not answered, and why; what was paid for a reply all the same."""
        if not decided and not calls:
            return
        async with self._database.begin(brief=True) as db:
            await turns.close(db, decided, at=self._clock.now())
            await turns.note_calls(db, calls, character)
            in_vain = [one.utterance for one in decided if one.decision.reason in IN_VAIN]
            await turns.count_bots(db, in_vain, replied_at=None)
        self._reached("passed")
        self.tell(decided)

    def tell(self, decided: Sequence[Decided]) -> None:
        """Tell the features what was decided."""
        for one in decided:
            for listen in self._hooks.on_decision:
                listen(one)

    # What a stop left behind.

    async def _left_behind(self, heard: Utterance) -> Noted | None:
        """Return a message that was noted, if nothing was decided about it; it may have been edited since."""
        async with self._database.read(brief=True) as db:
            received = await db.turns.open_since(heard.message_id)
        if received is None:
            return None
        words = without_attachments(clean_text(heard.text), heard.attachments)
        await self._message_log.edited(
            heard.where.channel_id, heard.message_id, words, heard.attachments, in_turn=True
        )
        return Noted(heard, None, received)

    async def left_open(self) -> list[tuple[int, int]]:
        """Return (channel id, message id) of what was noted and then left behind, oldest first."""
        async with self._database.read() as db:
            claims = await db.turns.open_claims(self._clock.now() - self._resume_within, PLACES)
        return [
            (claim.channel_id, claim.message_id)
            for claim in claims
            if not self.is_on_the_way(claim.message_id)
        ]

    def is_on_the_way(self, message_id: int) -> bool:
        return message_id in self._on_the_way

    @contextmanager
    def walking(self, message_id: int) -> Iterator[None]:
        """Know which messages are on their way: an open claim of these was not left behind."""
        task = asyncio.current_task()
        assert task is not None
        self._on_the_way.setdefault(message_id, []).append(task)
        try:
            yield
        finally:
            self._on_the_way[message_id].remove(task)
            if not self._on_the_way[message_id]:
                del self._on_the_way[message_id]

    async def break_off(self) -> None:
        """Let what is being written be finished, and break off the rest: the next start takes it up."""
        await self._let_writers_finish()
        walking = {task for tasks in self._on_the_way.values() for task in tasks}
        unfinished = walking - {asyncio.current_task()}
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=BREAK_OFF_SECONDS)

    async def _let_writers_finish(self) -> None:
        """Return when whoever was noting a message before us has done so: writers queue."""
        try:
            async with self._database.begin() as db:
                await db.states.get("")  # without a statement there is no transaction to queue for
        except DatabaseError as error:
            log.error("What was heard last may not be noted: %s", error)  # noqa: TRY400
