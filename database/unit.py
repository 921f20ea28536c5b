"""One transaction, as the rest of the program sees it."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession

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
        )
