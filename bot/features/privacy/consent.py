"""Consent to be remembered: question, answer, changes (C51, D03, D14), and reset (F078)."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.audit import Actor, AuditLog
from bot.conversation.attention.server_rules import EVERYWHERE
from bot.conversation.company import Company
from bot.conversation.decision import Reason
from bot.conversation.types import Utterance
from bot.core.clock import Clock
from bot.features.privacy.erase import Leaving, Receipt
from bot.features.privacy.export import Exporting, File
from bot.features.privacy.restore import Imported, Importing
from database import Database, DatabaseError
from database.repositories.consents import AnsweredIn, Resettable
from database.repositories.people import Holdings, Remaining
from memory.history import NOT_THEIRS
from memory.places import Where
from memory.rules import Consent
from memory.store import Memories, answered_in

log = logging.getLogger(__name__)

CALLED = tuple(reason.name for reason in (Reason.DM, Reason.CALL, Reason.MENTION, Reason.REPLY, Reason.NAME))
"""Reasons for an answer to somebody who addressed the character; a vote is none."""
MOST_SETTLED = 10_000
"""Maximum size of the cache of people known to have been asked or to have answered."""

Asking = Literal["question", "notice"]
"""A question for consent, or a notice that facts are noted unless the person declines."""


@dataclass(frozen=True, slots=True)
class ConsentOutcome:
    """Effect of an answer: `gone` memories were deleted by a "no"; `told` ones stay.

    `mode` is the consent mode: with "off" nothing is noted, whatever the answer.
    """

    agreed: bool
    mode: Consent
    gone: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True)
class ConsentStanding:
    """A person's consent: their answer (None without one), when they answered or were asked, and their data.

    `learning` says whether facts about them are noted at present.
    """

    mode: Consent
    answer: bool | None
    at: datetime | None
    learning: bool
    holdings: Holdings
    remaining: Remaining


class Privacy:
    """Asks people for consent, stores their answers, and shows them their data.

    They are asked once, after `asks_after` answers to them; with 0 never.
    """

    def __init__(
        self,
        *,
        database: Database,
        company: Company,
        memories: Memories,
        consent: Consent,
        asks_after: int,
        leaving: Leaving,
        clock: Clock,
    ) -> None:
        self._database = database
        self._company = company
        self._memories = memories
        self._clock = clock
        self.asks_after = asks_after
        self._leaving = leaving
        self._exporting = Exporting(database, clock)
        self._importing = Importing(database=database, company=company, memories=memories, clock=clock)
        self._settled: OrderedDict[int, None] = OrderedDict()
        self.mode = consent
        self.on_leaving: Callable[[int], object] = bool
        """Called with the id of a person who is about to be erased."""

    async def may_learn(self, person_id: int) -> bool:
        """Return whether facts about a person may be noted without their request (D03)."""
        return await self._memories.learns(person_id)

    async def asks(self, heard: Utterance) -> Asking | None:
        """Return whether to ask the speaker now, right after the reply to their message (C51).

        The decision is stored before the question is posted, so nobody is asked twice whatever happens. The
        first reply never comes with a question.
        """
        person_id = heard.author_id
        if self.mode == "off" or not self.asks_after or heard.from_bot or heard.from_self:
            return None
        if person_id in self._settled:
            return None
        try:
            asked = await self._is_ripe(person_id, heard.message_id) and await self._mark(
                person_id, heard.where
            )
        except DatabaseError as error:
            log.warning("Nobody can be asked now whether they may be remembered: %s", error)
            return None
        if not asked:
            return None
        return "question" if self.mode == "opt_in" else "notice"

    async def answer(self, person_id: int, agreed: bool, where: Where | None = None) -> ConsentOutcome:
        """Store a person's answer and its place; a "no" deletes facts noted without request at once (D14).

        What they told with /remember stays until they delete it.
        """
        gone = await self._memories.let_learn(person_id, agreed, where)
        told = 0 if agreed else len(await self._memories.of(self._company.primary.slug, person_id))
        return ConsentOutcome(agreed, self.mode, gone, told)

    async def standing(self, person_id: int) -> ConsentStanding:
        """Return a person's answer and a summary of their data."""
        async with self._database.read(brief=True) as db:
            answer, at = await db.consents.of(person_id) or (None, None)
            learning = bool(await self._memories.consenting(db, [person_id]))
            holdings = await db.people.holdings(person_id)
            remaining = await db.people.remaining(person_id)
        return ConsentStanding(self.mode, answer, at, learning, holdings, remaining)

    async def export(self, person_id: int) -> list[File]:
        """Return all of a person's data as files (C65)."""
        return await self._exporting.export(person_id)

    async def take_in(self, person_id: int, data: bytes) -> Imported:
        """Import such a file. Raises FileRefused."""
        return await self._importing.take_in(person_id, data)

    async def wish_to_leave(self, person_id: int, *, panel: str = "") -> None:
        """Store a request for erasure durably, before the person is told that it is under way.

        After a restart, `left_late` returns the `panel` together with its result.
        """
        await self._leaving.wish(person_id, panel)

    async def leave(self, person_id: int) -> Receipt:
        """Erase all data about a person (C64). They may be asked for consent again if they come back."""
        self.on_leaving(person_id)
        receipt = await self._leaving.leave(person_id)
        self.unsettle([person_id])
        return receipt

    def unsettle(self, people: Iterable[int]) -> None:
        """Drop people from the cache, so that their consent is looked up again."""
        for person_id in people:
            self._settled.pop(person_id, None)

    async def resume_leaving(self) -> None:
        """Finish erasures that were requested before a restart or a failure."""
        await self._leaving.resume()

    def left_late(self) -> list[tuple[str, Receipt]]:
        """Return the panels that waited for an erasure over a restart, with their receipts, once."""
        return [(panel, receipt) for panel, receipt in self._leaving.late() if panel]

    async def _is_ripe(self, person_id: int, message_id: int) -> bool:
        """Return whether a person had enough replies and was neither asked nor answered before."""
        async with self._database.read(brief=True) as db:
            if await db.consents.of(person_id) is not None:
                self._settle(person_id)
                return False
            return await db.people.was_answered(person_id, message_id, reasons=CALLED, times=self.asks_after)

    async def _mark(self, person_id: int, where: Where) -> bool:
        place = answered_in(where)
        async with self._database.begin(brief=True) as db:
            return await db.consents.asked(person_id, at=self._clock.now(), place=place)

    def _settle(self, person_id: int) -> None:
        self._settled[person_id] = None
        while len(self._settled) > MOST_SETTLED:
            self._settled.popitem(last=False)


RESET = "consent reset"
"""The action name in the audit log; its detail is "CHANNEL: PEOPLE MEMORIES"."""


class ConsentReset:
    """Resets consent that was given in a place, and deletes the facts that it allowed.

    A refusal stands: nobody who said no is asked again on another's initiative.
    """

    def __init__(
        self,
        database: Database,
        memories: Memories,
        privacy: Privacy,
        audit: AuditLog,
        *,
        finish_erasing: Callable[[], Awaitable[bool]],
    ) -> None:
        self._database = database
        self._memories = memories
        self._privacy = privacy
        self._audit = audit
        self._finish_erasing = finish_erasing

    async def look(self, place: AnsweredIn) -> Resettable:
        """Count the people whom a reset concerns, and the facts that it would delete."""
        async with self._database.read() as db:
            return await db.consents.resettable(place, noted=NOT_THEIRS)

    async def reset(self, actor: Actor, place: AnsweredIn) -> Resettable:
        """Reset the consent given in a place; return what was deleted. Repeating it changes nothing."""
        async with self._database.begin() as db:
            gone = await db.consents.resettable(place, noted=NOT_THEIRS)
            people = await db.consents.to_reset(place)
            if people:
                gone = gone._replace(memories=await self._memories.unask(db, people))
                detail = f"{place.channel_id or 0}: {gone.people} {gone.memories}"
                guild_id = EVERYWHERE if place.guild_id is None else place.guild_id
                await self._audit.add(db, actor, RESET, detail, guild_id=guild_id)
        if people:
            self._privacy.unsettle(people)
            await self._finish_erasing()
        return gone
