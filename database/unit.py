"""One transaction, as the rest of the program sees it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Self

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from database.errors import DatabaseError
from database.repositories import (
    Affinities,
    Archive,
    Audits,
    Bonds,
    Bots,
    Calls,
    Casts,
    Channels,
    Consents,
    Cues,
    DaySpendings,
    Embeddings,
    Feelings,
    Guises,
    House,
    Identities,
    Jobs,
    Leftovers,
    Lore,
    Memories,
    Messages,
    People,
    Remarks,
    Reminders,
    Rhythms,
    Seats,
    States,
    Summaries,
    Tickets,
    Turns,
    Users,
)


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One transaction, seen as one repository for each noun."""

    users: Users
    channels: Channels
    messages: Messages
    turns: Turns
    calls: Calls
    states: States
    house: House
    bots: Bots
    audits: Audits
    summaries: Summaries
    memories: Memories
    consents: Consents
    archive: Archive
    embeddings: Embeddings
    reminders: Reminders
    people: People
    leftovers: Leftovers
    seats: Seats
    casts: Casts
    cues: Cues
    identities: Identities
    affinities: Affinities
    guises: Guises
    rhythms: Rhythms
    feelings: Feelings
    bonds: Bonds
    remarks: Remarks
    spendings: DaySpendings
    tickets: Tickets
    jobs: Jobs
    lore: Lore
    apart: Callable[[], AbstractAsyncContextManager[None]]
    """Begins a part of the transaction that is undone alone when something fails in it.

    Without it a statement that failed takes all else with it: a server keeps nothing then, and says nothing.
    """

    @classmethod
    def over(cls, session: AsyncSession) -> Self:
        return cls(
            Users(session),
            Channels(session),
            Messages(session),
            Turns(session),
            Calls(session),
            States(session),
            House(session),
            Bots(session),
            Audits(session),
            Summaries(session),
            Memories(session),
            Consents(session),
            Archive(session),
            Embeddings(session),
            Reminders(session),
            People(session),
            Leftovers(session),
            Seats(session),
            Casts(session),
            Cues(session),
            Identities(session),
            Affinities(session),
            Guises(session),
            Rhythms(session),
            Feelings(session),
            Bonds(session),
            Remarks(session),
            DaySpendings(session),
            Tickets(session),
            Jobs(session),
            Lore(session),
            partial(_apart, session),
        )


@asynccontextmanager
async def _apart(session: AsyncSession) -> AsyncIterator[None]:
    """Undo what is done within if it fails. Raises DatabaseError, without the rows that a driver quotes."""
    try:
        async with session.begin_nested():
            yield
    except SQLAlchemyError as error:
        fault = type(getattr(error, "orig", None) or error).__name__
        raise DatabaseError(f"A statement failed: {fault}") from None
