"""Support tickets and their configuration (F126)."""

from datetime import datetime

from sqlalchemy import delete, select, update

from database.models import Desk, Ticket
from database.repositories import Repository, upsert, values_of


class TicketRepository(Repository):
    """The tables tickets and ticket_desks."""

    async def desk(self, guild_id: int) -> Desk | None:
        """Return a server's ticket configuration; None if it has none."""
        return await self._session.get(Desk, guild_id)

    async def set_up(self, desk: Desk) -> None:
        await self._session.execute(upsert(self._insert, Desk).values(values_of(desk)))

    async def take_down(self, guild_id: int) -> bool:
        """Disable tickets in a server; return whether they were enabled."""
        result = await self._session.execute(delete(Desk).where(Desk.guild_id == guild_id))
        return bool(result.rowcount)  # type: ignore[attr-defined]

    async def latest_of(self, guild_id: int, opener_id: int) -> Ticket | None:
        """Return a person's latest ticket in a server."""
        tickets = select(Ticket).where(Ticket.guild_id == guild_id, Ticket.opener_id == opener_id)
        return await self._session.scalar(tickets.order_by(Ticket.id.desc()).limit(1))

    async def of_thread(self, thread_id: int) -> Ticket | None:
        return await self._session.scalar(select(Ticket).where(Ticket.thread_id == thread_id))

    async def of_person(self, opener_id: int) -> list[Ticket]:
        """Return a person's tickets, oldest first."""
        query = select(Ticket).where(Ticket.opener_id == opener_id).order_by(Ticket.id)
        return list(await self._session.scalars(query))

    async def add(self, ticket: Ticket) -> int:
        """Store a ticket; return its number."""
        self._session.add(ticket)
        await self._session.flush()
        return ticket.id

    async def place(self, ticket_id: int, thread_id: int) -> None:
        """Record a ticket's thread."""
        query = update(Ticket).where(Ticket.id == ticket_id)
        await self._session.execute(query.values(thread_id=thread_id))

    async def drop(self, ticket_id: int) -> None:
        await self._session.execute(delete(Ticket).where(Ticket.id == ticket_id))

    async def close(self, ticket_id: int, *, by: int | None, at: datetime) -> bool:
        """Close a ticket; return whether it was open."""
        still_open = (Ticket.id == ticket_id, Ticket.closed_at.is_(None))
        query = update(Ticket).where(*still_open).values(closed_at=at, closed_by=by)
        return bool((await self._session.execute(query)).rowcount)  # type: ignore[attr-defined]

    async def prune(self, before: datetime) -> None:
        """Delete tickets closed before a moment."""
        await self._session.execute(delete(Ticket).where(Ticket.closed_at < before))
