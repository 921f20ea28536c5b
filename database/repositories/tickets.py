"""Support tickets, and where they are opened (F126)."""

from datetime import datetime

from sqlalchemy import delete, select, update

from database.models import Desk, Ticket
from database.repositories import Repository, upsert, values_of


class TicketRepository(Repository):
    """The tables tickets and ticket_desks."""

    async def desk(self, guild_id: int) -> Desk | None:
        """Return where the tickets of a server are opened; None where there are none."""
        return await self._session.get(Desk, guild_id)

    async def set_up(self, desk: Desk) -> None:
        await self._session.execute(upsert(self._insert, Desk).values(values_of(desk)))

    async def take_down(self, guild_id: int) -> bool:
        """Let nobody open tickets in a server any more; say whether they could."""
        result = await self._session.execute(delete(Desk).where(Desk.guild_id == guild_id))
        return bool(result.rowcount)  # type: ignore[attr-defined]

    async def latest_of(self, guild_id: int, opener_id: int) -> Ticket | None:
        """Return the ticket that somebody opened last in a server."""
        theirs = select(Ticket).where(Ticket.guild_id == guild_id, Ticket.opener_id == opener_id)
        return await self._session.scalar(theirs.order_by(Ticket.id.desc()).limit(1))

    async def of_thread(self, thread_id: int) -> Ticket | None:
        return await self._session.scalar(select(Ticket).where(Ticket.thread_id == thread_id))

    async def of_person(self, opener_id: int) -> list[Ticket]:
        """Return the tickets that somebody opened, the oldest first."""
        query = select(Ticket).where(Ticket.opener_id == opener_id).order_by(Ticket.id)
        return list(await self._session.scalars(query))

    async def add(self, ticket: Ticket) -> int:
        """Keep a ticket and return its number."""
        self._session.add(ticket)
        await self._session.flush()
        return ticket.id

    async def place(self, ticket_id: int, thread_id: int) -> None:
        """Keep in which thread a ticket is."""
        query = update(Ticket).where(Ticket.id == ticket_id)
        await self._session.execute(query.values(thread_id=thread_id))

    async def drop(self, ticket_id: int) -> None:
        await self._session.execute(delete(Ticket).where(Ticket.id == ticket_id))

    async def close(self, ticket_id: int, *, by: int | None, at: datetime) -> bool:
        """Close a ticket; say whether it was open."""
        still_open = (Ticket.id == ticket_id, Ticket.closed_at.is_(None))
        query = update(Ticket).where(*still_open).values(closed_at=at, closed_by=by)
        return bool((await self._session.execute(query)).rowcount)  # type: ignore[attr-defined]

    async def prune(self, before: datetime) -> None:
        """Delete the tickets that were closed before a moment."""
        await self._session.execute(delete(Ticket).where(Ticket.closed_at < before))
