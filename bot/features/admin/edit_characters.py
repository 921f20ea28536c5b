"""Edits of characters: identity, lorebooks, affinities, the day, channel presence (C25, C85)."""

from collections.abc import Callable

from bot.audit import Actor
from bot.conversation.attention.server_rules import EVERYWHERE
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.mood_state import settled_at, settled_key
from bot.conversation.turns import note_place
from bot.core.clock import Clock
from bot.core.i18n import _
from bot.features.admin.edits import ChangeRefused, Editable, Edits, Key, ManualChange, Values
from bot.features.characters.presence import Stagecraft
from bot.features.inner_life.days import Days
from database import Database, UnitOfWork
from database.models import IdentityLine, LoreLine
from memory.places import Where
from personas.affect.temperament import DayMood

IDENTITY, LORE, AFFINITY, MOOD, HOSTILITY = "identity", "lore", "affinity", "mood", "hostility"
PRESENCE, CHOSEN = "presence", "chosen"
NOT_PLAYED = _("That character is not played here any more.")
ALWAYS_SOME_DAY = _("Every day has its mood, so it can't be removed: set its numbers.")


class IdentityEdits(Editable):
    """An identity line; the key is (character slug, line number), with number "" for a new line (F110)."""

    name = IDENTITY
    compared = ("kind", "text")

    def __init__(self, clock: Clock, changed: Callable[[str], None]) -> None:
        self._clock = clock
        self._changed = changed

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        slug, number = key
        line = await db.characters.identity_line(int(number)) if number else None
        if line is None or line.character != slug:
            return None
        return {"kind": line.kind, "text": line.text, "made_by": line.made_by}

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        slug, number = key
        if values is None:
            await db.characters.remove_identity_line(int(number))
            return key
        now = self._clock.now()
        if number and await self.read(db, key) is not None:
            await db.characters.reword_identity_line(int(number), values["text"], at=now)
            return key
        line = IdentityLine(slug, values["kind"], values["text"], values["made_by"], now, now)
        if number:
            await db.characters.put_back_identity_line(int(number), line)
            return key
        return slug, str(await db.characters.add_identity_line(line))

    async def changed(self, key: Key) -> None:
        self._changed(key[0])


class LoreEdits(Editable):
    """An operator's override of a lorebook entry; the key is (character slug, book, uid) (F105)."""

    name = LORE
    compared = ("keys", "content", "constant", "enabled")

    def __init__(self, clock: Clock, changed: Callable[[str], None]) -> None:
        self._clock = clock
        self._changed = changed

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        line = await db.characters.lore_line(*key)
        return None if line is None else {**line.values, "made_by": line.made_by}

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        slug, book, uid = key
        if values is None:
            await db.characters.lift_lore_line(slug, book, uid)
            return key
        fields = {name: value for name, value in values.items() if name != "made_by"}
        await db.characters.keep_lore_line(
            LoreLine(slug, book, uid, fields, values["made_by"], self._clock.now())
        )
        return key

    async def changed(self, key: Key) -> None:
        self._changed(key[0])


class AffinityEdits(Editable):
    """How much a character likes another; the key is (character slug, other's slug) (F091)."""

    name = AFFINITY

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        row = await db.affinities.get(*key)
        return None if row is None else {"value": row.value, "stage": row.stage}

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        slug, other = key
        if values is None:
            await db.affinities.lift(slug, other)
        else:
            await db.affinities.keep(slug, other, values["value"], stage=values["stage"])
        return key


class MoodEdits(Editable):
    """A character's day moods, until the next morning; the key is the character slug (F087)."""

    name = MOOD

    def __init__(self, days: Days) -> None:
        self._days = days

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        day = await self._days.of_in(db, key[0])
        return {str(mood): value for mood, value in day.items()} or None

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        if values is None:
            raise ChangeRefused(ALWAYS_SOME_DAY)
        try:
            await self._days.set_in(db, key[0], {DayMood(mood): value for mood, value in values.items()})
        except KeyError:
            raise ChangeRefused(NOT_PLAYED) from None
        except ValueError as error:
            raise ChangeRefused(str(error)) from None
        return key

    async def restore(self, db: UnitOfWork, change: ManualChange) -> None:
        if change.before is not None:
            await self.write(db, change.key, change.before)


class Hostility(Editable):
    """The time from which attacks on a character count; the key is the character slug (F133)."""

    name = HOSTILITY

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        settled = await settled_at(db, key[0])
        return {"settled_at": settled.isoformat()} if settled else None

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        if values is None:
            await db.states.drop(settled_key(key[0]))
        else:
            await db.states.set(settled_key(key[0]), values["settled_at"])
        return key


class PresenceEdits(Editable):
    """Whether a character is let into a channel; the key is (channel id, character slug) (C25)."""

    name = PRESENCE

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        channel_id, slug = key
        present = (await db.casts.attendance([int(channel_id)])).get(slug)
        return None if present is None else {"present": present}

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        channel_id, slug = key
        await db.casts.attend(int(channel_id), slug, present=values["present"] if values else None)
        return key


class Chosen(Editable):
    """The character that answers in a channel when nobody is called; the key is the channel id (C24)."""

    name = CHOSEN

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        channel = await db.channels.get(int(key[0]))
        return {"character": channel.chosen} if channel and channel.chosen else None

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        await db.channels.choose(int(key[0]), values["character"] if values else None)
        return key


class Seating:
    """Sets which characters are in a server's channel, and which one answers there."""

    def __init__(self, database: Database, edits: Edits, stagecraft: Stagecraft) -> None:
        self._database = database
        self._edits = edits
        self._stagecraft = stagecraft

    async def attend(
        self, actor: Actor, where: Where, role: PlayedCharacter, *, present: bool | None
    ) -> ManualChange:
        """Let a character into a channel, or send it out; None restores the rule for all channels.

        Raises NotStaged and ChangeRefused.
        """
        self._stagecraft.check_attending(where, role)
        await self._note(where)
        if present:
            await self._stagecraft.check_admitted(where, role)
        key = (str(where.channel_id), role.slug)
        values = None if present is None else {"present": present}
        guild_id = where.guild_id or EVERYWHERE
        return await self._edits.put(actor, PRESENCE, key, values, guild_id=guild_id)

    async def choose(self, actor: Actor, where: Where, role: PlayedCharacter | None) -> ManualChange:
        """Set the character that answers in a channel when nobody is called; None clears it.

        Raises NotStaged and ChangeRefused.
        """
        await self._note(where)
        if role:
            await self._stagecraft.check_admitted(where, role)
        values = {"character": role.slug} if role else None
        guild_id = where.guild_id or EVERYWHERE
        return await self._edits.put(actor, CHOSEN, (str(where.channel_id),), values, guild_id=guild_id)

    async def _note(self, where: Where) -> None:
        async with self._database.begin() as db:
            await note_place(db, where)
