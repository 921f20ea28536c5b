"""The intake: each message of a channel is logged once, in the order of arrival (faults D19)."""

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
"""The minimum seconds between two notices to a person that their flood is not read entirely."""
IN_VAIN = (Reason.OUTVOTED, Reason.NO_VOTE, Reason.NO_ANSWER)
"""Reasons for silence after a paid call."""


async def nothing_new() -> None:
    """The default: characters without files never change."""


@dataclass(slots=True)
class Hooks:
    """Callbacks of features, each called at one point of the pipeline.

    `refresh` reloads changed character files before each message. `on_decision` receives each decision after
    it is stored. `first_words` may post something before a character with a greeting answers: it receives the
    newest message, with the channel's lock held.
    """

    refresh: Callable[[], Awaitable[object]] = nothing_new
    on_decision: list[Callable[[Decided], None]] = field(default_factory=list)
    first_words: list[Callable[[Utterance, Mouth], Awaitable[object]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Noted:
    """A message that was logged when it was `received`; the place's rules if they were just read."""

    heard: Utterance
    rules: HouseRules | None
    received: datetime


class Intake:
    """Claims each message and stores the decision about it."""

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
        """Yield a message after those before it in the channel are logged; None if it is ignored.

        Of a flood only the newest messages are read, and the author gets a notice.
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
        """Return a channel's unfinished messages, and those missed since, which are logged now.

        The order is that of the channel, before all later arrivals. While `walking` is open the messages
        count as being processed.
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
        """Claim a message and log it, in one transaction; None if it was claimed before, or deleted.

        A message that was deleted or edited before is logged in its current form (C17, C63).
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
        """Store the decision not to answer messages, with the calls for a reply that were paid for."""
        if not decided and not calls:
            return
        async with self._database.begin(brief=True) as db:
            await turns.close(db, decided, at=self._clock.now())
            await turns.note_calls(db, calls, character)
            in_vain = [item.utterance for item in decided if item.decision.reason in IN_VAIN]
            await turns.count_bots(db, in_vain, replied_at=None)
        self._reached("passed")
        self.tell(decided)

    def tell(self, decided: Sequence[Decided]) -> None:
        """Tell the features about decisions."""
        for decision in decided:
            for listen in self._hooks.on_decision:
                listen(decision)

    # Messages from before a restart.

    async def _left_behind(self, heard: Utterance) -> Noted | None:
        """Return a logged message without a decision; it may have been edited since."""
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
        """Return (channel id, message id) of logged messages without a decision, oldest first."""
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
        """Mark messages as being processed: an open claim of these was not abandoned."""
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
        """Let pending writes finish, and cancel the rest: the next start resumes it."""
        await self._let_writers_finish()
        walking = {task for tasks in self._on_the_way.values() for task in tasks}
        unfinished = walking - {asyncio.current_task()}
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=BREAK_OFF_SECONDS)

    async def _let_writers_finish(self) -> None:
        """Wait until earlier writers have committed: writers queue."""
        try:
            async with self._database.begin() as db:
                await db.states.get("")  # without a statement there is no transaction to queue for
        except DatabaseError as error:
            log.error("What was heard last may not be noted: %s", error)  # noqa: TRY400
