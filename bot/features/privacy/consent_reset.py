"""Asking the people of a place anew whether they may be remembered: until then it is a "no" (F078)."""

from collections.abc import Awaitable, Callable

from bot.audit import Actor, AuditLog
from bot.conversation.attention.server_rules import EVERYWHERE
from bot.features.privacy.consent import Privacy
from database import Database
from database.repositories.consents import AnsweredIn, Resettable
from memory.history import NOT_THEIRS
from memory.store import Memories

RESET = "consent reset"
"""The act in the audit; its detail is "CHANNEL: PEOPLE MEMORIES"."""


class ConsentReset:
    """Resets the answers that were given in a place, and deletes what was kept because of them.

    A no stays a no: who refused is not asked again because somebody else wants it.
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
        """Count whom a reset concerns, and what of them would go."""
        async with self._database.read() as db:
            return await db.consents.resettable(place, noted=NOT_THEIRS)

    async def reset(self, actor: Actor, place: AnsweredIn) -> Resettable:
        """Let whoever answered there be asked anew; return what went. A second time changes nothing."""
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
