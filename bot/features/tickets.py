"""Support tickets: who may open one, and the record of it: ids and times, never text (F126, C90)."""

from datetime import datetime, timedelta

from bot.audit import Actor, AuditLog
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from database import Database
from database.models import Desk, Ticket

COOLDOWN = timedelta(minutes=10)
"""Minimum time between opening two tickets, per person."""
MAKING = timedelta(minutes=2)
"""Age at which a ticket without a thread counts as abandoned: the bot stopped while it was being created."""

AUDITED = "tickets"


class StillOpen(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """The person already has an open ticket in the server; `thread_id` is None until its thread exists."""

    def __init__(self, number: int, thread_id: int | None) -> None:
        super().__init__("a ticket is open")
        self.number = number
        self.thread_id = thread_id


class TooSoon(MasqueradeError):  # noqa: N818
    """The person opened a ticket recently; `again` is when they may open the next one."""

    def __init__(self, again: datetime) -> None:
        super().__init__("it is too soon for another ticket")
        self.again = again


class Tickets:
    """Stores each server's ticket desk and who has a ticket."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    async def desk(self, guild_id: int) -> Desk | None:
        """Return the ticket desk of a server; None if it has none."""
        async with self._database.read() as db:
            return await db.tickets.desk(guild_id)

    async def set_up(self, actor: Actor, desk: Desk) -> None:
        """Create or change the ticket desk of a server."""
        guild_id = desk.guild_id
        detail = f"{desk.channel_id}, role {desk.role_id or 0}, staff {desk.staff_channel_id or 0}"
        async with self._database.begin() as db:
            await db.tickets.set_up(desk)
            await self._audit.add(db, actor, AUDITED, detail, guild_id=guild_id)

    async def take_down(self, actor: Actor, guild_id: int) -> bool:
        """Remove a server's ticket desk; return whether it existed. Open tickets stay open."""
        async with self._database.begin() as db:
            was = await db.tickets.take_down(guild_id)
            if was:
                await self._audit.add(db, actor, AUDITED, "off", guild_id=guild_id)
        return was

    async def reserve(self, desk: Desk, opener_id: int) -> int:
        """Record a new ticket and return its number. Raises StillOpen and TooSoon.

        The ticket keeps the staff that its opener was told of, even if the desk changes later.
        """
        now, guild_id = self._clock.now(), desk.guild_id
        async with self._database.begin() as db:
            latest = await db.tickets.latest_of(guild_id, opener_id)
            if latest and latest.thread_id is None and now - latest.opened_at > MAKING:
                await db.tickets.drop(latest.id)
                latest = None
            if latest and latest.closed_at is None:
                raise StillOpen(latest.id, latest.thread_id)
            if latest and now - latest.opened_at < COOLDOWN:
                raise TooSoon(latest.opened_at + COOLDOWN)
            return await db.tickets.add(
                Ticket(guild_id, opener_id, now, role_id=desk.role_id, staff_channel_id=desk.staff_channel_id)
            )

    async def place(self, ticket_id: int, thread_id: int) -> None:
        """Record a ticket's thread."""
        async with self._database.begin() as db:
            await db.tickets.place(ticket_id, thread_id)

    async def let_go(self, ticket_id: int) -> None:
        """Delete a ticket whose thread could not be created."""
        async with self._database.begin() as db:
            await db.tickets.drop(ticket_id)

    async def of_thread(self, thread_id: int) -> Ticket | None:
        """Return the ticket of a thread; None if the thread is no known ticket."""
        async with self._database.read() as db:
            return await db.tickets.of_thread(thread_id)

    async def close(self, ticket_id: int, *, by: int | None) -> bool:
        """Close a ticket; return whether it was open."""
        async with self._database.begin() as db:
            return await db.tickets.close(ticket_id, by=by, at=self._clock.now())
