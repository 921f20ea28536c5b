"""Channels in which admins let characters speak first (C79)."""

from dataclasses import dataclass
from datetime import tzinfo

from bot.audit import Actor, AuditLog
from bot.conversation.attention.server_rules import EVERYWHERE, HouseRules
from bot.conversation.turns import note_place
from bot.core.clock import Clock
from bot.features.proactive.initiative import TODAY
from database import Database
from memory.places import Where
from personas.initiative import SPOKEN_FIRST, said_on

AUDITED = "initiative"


@dataclass(frozen=True, slots=True)
class InitiativeStanding:
    """A channel's settings: whether characters may speak first there, whether they are active there, and how
    often one spoke first today; `chance` is the admins' chance of unprompted replies, None if unset."""

    allowed: bool
    active: bool
    today: int
    chance: float | None = None


class Venues:
    """Switches speaking first on and off per channel, from the next half hour on."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog, *, zone: tzinfo) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._zone = zone

    async def let(self, actor: Actor, where: Where, *, allowed: bool) -> InitiativeStanding:
        """Set whether characters may speak first in a channel; the change is audited."""
        detail = f"{where.channel_id}: {'on' if allowed else 'off'}"
        guild_id = where.guild_id or EVERYWHERE
        async with self._database.begin() as db:
            await note_place(db, where)
            await db.remarks.let(where.channel_id, allowed)
            await self._audit.add(db, actor, AUDITED, detail, guild_id=guild_id)
        return await self.standing(where)

    async def standing(self, where: Where) -> InitiativeStanding:
        """Return the settings of a channel."""
        now = self._clock.now()
        async with self._database.read() as db:
            channel = await db.channels.get(where.channel_id)
            house = HouseRules(await db.channels.rules(where.guild_id))
            said = await db.remarks.times(SPOKEN_FIRST, since=now - TODAY, channel_id=where.channel_id)
        allowed = channel is not None and channel.speaks_first
        today = said_on(now.astimezone(self._zone), said)
        return InitiativeStanding(allowed, house.active(where), today, house.chance(where))
