"""The intake: each message is noted once, in the order in which its author said it (faults D19)."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.conversation import turns
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.decision import Reason
from bot.conversation.message_log import MessageLog
from bot.conversation.outbox import PLACES
from bot.conversation.speakers import Casting
from bot.conversation.turns import Decided
from bot.conversation.types import Mouth, Utterance
from bot.core.cooldown import Once
from bot.core.errors import SpeakingError
from bot.core.runtime import Runtime
from bot.llm.types import Call
from database import Database, DatabaseError

log = logging.getLogger(__name__)

BREAK_OFF_SECONDS = 5.0
FLOOD_SECONDS = 60.0
"""Somebody who floods is shown once in so long that not all of it is heard."""
MOST_WAITING = 1_000
"""Messages of one person that wait at most: of more, the oldest are not heard."""
IN_VAIN = (Reason.OUTVOTED, Reason.NO_VOTE, Reason.NO_ANSWER)
"""Silence that was thought about, and paid for."""


async def nothing_new() -> None:
    """Characters without files of their own stay as they are."""


@dataclass(slots=True)
class Hooks:
    """What features add to the walk: each of these is called at one point of it.

    `refresh` reads characters whose files have changed, before each message. `on_decision` is told what was
    decided about each message, once that is written down. `before_reply` may say something first: it is
    shown the newest message, with the lock of the channel held.
    """

    refresh: Callable[[], Awaitable[object]] = nothing_new
    on_decision: list[Callable[[Decided], None]] = field(default_factory=list)
    before_reply: list[Callable[[Utterance, Mouth], Awaitable[object]]] = field(default_factory=list)


class Turnstile:
    """Lets everybody's next message in as soon as their last one is through; nobody waits for others."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: dict[int, deque[asyncio.Future[bool]]] = {}

    @asynccontextmanager
    async def passing(self, person_id: int) -> AsyncIterator[bool]:
        """Wait for one's turn; False where so much came after it that it is let go."""
        queue = self._waiting.get(person_id)
        if queue is None:
            queue = self._waiting[person_id] = deque()
        elif not await self._in_turn(person_id, queue):
            yield False
            return
        try:
            yield True
        finally:
            self._let_next_in(person_id, queue)

    async def _in_turn(self, person_id: int, queue: deque[asyncio.Future[bool]]) -> bool:
        mine: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        queue.append(mine)
        if len(queue) > self._most:
            queue.popleft().set_result(False)
        try:
            return await mine
        except asyncio.CancelledError:
            if mine in queue:
                queue.remove(mine)
            elif mine.done() and not mine.cancelled() and mine.result():
                self._let_next_in(person_id, queue)
            raise

    def _let_next_in(self, person_id: int, queue: deque[asyncio.Future[bool]]) -> None:
        if not self._let_next_in_of(queue):
            del self._waiting[person_id]

    def _let_next_in_of(self, queue: deque[asyncio.Future[bool]]) -> bool:
        while queue:
            following = queue.popleft()
            if not following.done():
                following.set_result(True)
                return True
        return False


class Intake:
    """Claims each message and writes down what was decided about it."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        casting: Casting,
        hooks: Hooks,
        message_log: MessageLog,
        *,
        resume_within: timedelta,
    ) -> None:
        self._database = database
        self._clock, self._reached = runtime.clock, runtime.reached
        self._casting = casting
        self._hooks = hooks
        self._message_log = message_log
        self._resume_within = resume_within
        self._turnstile = Turnstile()
        self._flooded = Once[int](runtime.clock, FLOOD_SECONDS)
        self._on_the_way: dict[int, asyncio.Task[object]] = {}

    async def accept(self, heard: Utterance, mouth: Mouth, *, gapless: bool) -> HouseRules | None:
        """Note a message when those before it of the same person are noted; of a flood, the newest.

        Return the rules of the place; None where the message was claimed before, or is not heard.
        """
        async with self._turnstile.passing(heard.author_id) as admitted:
            if admitted:
                await self._hooks.refresh()
                return await self._note(heard, gapless=gapless)
        if self._flooded.first(heard.author_id):
            log.warning("User %d sends more than can be heard", heard.author_id)
            with suppress(SpeakingError):
                await mouth.react(heard.message_id)
        return None

    async def _note(self, heard: Utterance, *, gapless: bool) -> HouseRules | None:
        """Claim the message and log it, in one transaction."""
        async with self._database.begin() as db:
            cast_id = await self._casting.cast_id(db, heard.where)
            kept_out = await self._casting.kept_out(db, heard.where)
            house = await turns.note(
                db,
                heard,
                at=self._clock.now(),
                gapless=gapless,
                cast_id=cast_id,
                unheard=bool(kept_out) and not await self._casting.present(db, heard.where),
            )
        if house:
            self._reached("noted")
        return house

    async def close(self, decided: Sequence[Decided], calls: Sequence[Call] = ()) -> None:
        """Keep that messages are not answered, and why; what was paid for a reply all the same."""
        if not decided and not calls:
            return
        async with self._database.begin() as db:
            await turns.close(db, decided, at=self._clock.now())
            await turns.note_calls(db, calls)
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

    async def received(self, heard: Utterance) -> datetime | None:
        """Return when a message was noted that nothing was decided about; None where something was.

        It may have been edited since.
        """
        async with self._database.read() as db:
            received = await db.turns.open_since(heard.message_id)
        if received is not None:
            await self._message_log.edited(heard.where.channel_id, heard.message_id, heard.text)
        return received

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
        first = self._on_the_way.setdefault(message_id, task) is task
        try:
            yield
        finally:
            if first:
                del self._on_the_way[message_id]

    async def break_off(self) -> None:
        """Let what is being written be finished, and break off the rest: the next start takes it up."""
        await self._let_writers_finish()
        unfinished = [task for task in self._on_the_way.values() if task is not asyncio.current_task()]
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
