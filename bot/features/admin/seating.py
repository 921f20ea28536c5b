"""Who of the characters is in a channel, and who answers there, as its managers want (C24, C25)."""

from bot.audit import Actor
from bot.conversation.attention.server_rules import EVERYWHERE
from bot.conversation.company import Role
from bot.conversation.turns import note_place
from bot.conversation.types import Where
from bot.features.admin.change import Change
from bot.features.admin.edit_characters import CHOSEN, PRESENCE
from bot.features.admin.edits import Curation
from bot.features.characters.presence import Stagecraft
from database import Database


class Seating:
    """Each change of a server's channel is in the audit, and can be taken back."""

    def __init__(self, database: Database, curation: Curation, stagecraft: Stagecraft) -> None:
        self._database = database
        self._curation = curation
        self._stagecraft = stagecraft

    async def attend(self, actor: Actor, where: Where, role: Role, *, present: bool | None) -> Change:
        """Let a character into a channel, or send it out; None leaves it to the rule for all channels.

        Raises NotStaged and ChangeRefused.
        """
        self._stagecraft.check_attending(where, role)
        await self._note(where)
        if present:
            await self._stagecraft.check_admitted(where, role)
        key = (str(where.channel_id), role.slug)
        values = None if present is None else {"present": present}
        guild_id = where.guild_id or EVERYWHERE
        return await self._curation.put(actor, PRESENCE, key, values, guild_id=guild_id)

    async def choose(self, actor: Actor, where: Where, role: Role | None) -> Change:
        """Let a character answer in a channel where nobody else is called.

        Raises NotStaged and ChangeRefused.
        """
        await self._note(where)
        if role:
            await self._stagecraft.check_admitted(where, role)
        values = {"character": role.slug} if role else None
        guild_id = where.guild_id or EVERYWHERE
        return await self._curation.put(actor, CHOSEN, (str(where.channel_id),), values, guild_id=guild_id)

    async def is_said(self, where: Where, role: Role) -> bool:
        """Say whether a character was let into a channel, or sent out of it."""
        async with self._database.read() as db:
            return role.slug in await db.casts.attendance([where.channel_id])

    async def _note(self, where: Where) -> None:
        async with self._database.begin() as db:
            await note_place(db, where)
