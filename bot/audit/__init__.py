"""Audit log of manual actions: who did what, and where; ids and command names, never text (D20)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.conversation.attention.server_rules import EVERYWHERE
from bot.core.clock import Clock
from database import Database, UnitOfWork
from database.models import Audit

LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who acts, and the channel."""

    user_id: int
    channel_id: int


class AuditLog:
    """The record of manual actions; an action and its row are written in one transaction."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def note(self, actor: Actor, action: str, detail: str = "", *, guild_id: int = EVERYWHERE) -> None:
        """Record an action that changes nothing in the database, or is already complete."""
        async with self._database.begin() as db:
            await self.add(db, actor, action, detail, guild_id=guild_id)

    async def add(
        self, db: UnitOfWork, actor: Actor, action: str, detail: str = "", *, guild_id: int = EVERYWHERE
    ) -> None:
        """Record an action in the transaction that carries it out."""
        await db.audits.add(
            Audit(
                at=self._clock.now(),
                actor_id=actor.user_id,
                channel_id=actor.channel_id,
                guild_id=guild_id,
                action=action,
                detail=detail[:LONGEST_DETAIL],
            )
        )

    async def latest(self, guild_ids: Collection[int] | None = None, *, limit: int = 100) -> Sequence[Audit]:
        """Return the latest actions in some servers (0: global ones) or anywhere, newest first."""
        async with self._database.read() as db:
            return await db.audits.latest(guild_ids, limit=limit)
