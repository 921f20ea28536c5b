"""One transaction, as the rest of the program sees it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property

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


class UnitOfWork:
    """One transaction, seen as one repository for each noun; a repository is made when it is first used."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    users = cached_property(lambda self: Users(self._session))
    channels = cached_property(lambda self: Channels(self._session))
    messages = cached_property(lambda self: Messages(self._session))
    turns = cached_property(lambda self: Turns(self._session))
    calls = cached_property(lambda self: Calls(self._session))
    states = cached_property(lambda self: States(self._session))
    house = cached_property(lambda self: House(self._session))
    bots = cached_property(lambda self: Bots(self._session))
    audits = cached_property(lambda self: Audits(self._session))
    summaries = cached_property(lambda self: Summaries(self._session))
    memories = cached_property(lambda self: Memories(self._session))
    consents = cached_property(lambda self: Consents(self._session))
    archive = cached_property(lambda self: Archive(self._session))
    embeddings = cached_property(lambda self: Embeddings(self._session))
    reminders = cached_property(lambda self: Reminders(self._session))
    people = cached_property(lambda self: People(self._session))
    leftovers = cached_property(lambda self: Leftovers(self._session))
    seats = cached_property(lambda self: Seats(self._session))
    casts = cached_property(lambda self: Casts(self._session))
    cues = cached_property(lambda self: Cues(self._session))
    identities = cached_property(lambda self: Identities(self._session))
    affinities = cached_property(lambda self: Affinities(self._session))
    guises = cached_property(lambda self: Guises(self._session))
    rhythms = cached_property(lambda self: Rhythms(self._session))
    feelings = cached_property(lambda self: Feelings(self._session))
    bonds = cached_property(lambda self: Bonds(self._session))
    remarks = cached_property(lambda self: Remarks(self._session))
    spendings = cached_property(lambda self: DaySpendings(self._session))
    tickets = cached_property(lambda self: Tickets(self._session))
    jobs = cached_property(lambda self: Jobs(self._session))
    lore = cached_property(lambda self: Lore(self._session))

    def apart(self) -> AbstractAsyncContextManager[None]:
        """Begin a part of the transaction that is undone alone when something fails in it.

        Without it a failed statement takes everything else with it: PostgreSQL keeps nothing and reports
        no error.
        """
        return _apart(self._session)


@asynccontextmanager
async def _apart(session: AsyncSession) -> AsyncIterator[None]:
    """Undo what is done within if it fails. Raises DatabaseError, without the rows that a driver quotes."""
    try:
        async with session.begin_nested():
            yield
    except SQLAlchemyError as error:
        fault = type(getattr(error, "orig", None) or error).__name__
        raise DatabaseError(f"A statement failed: {fault}") from None
