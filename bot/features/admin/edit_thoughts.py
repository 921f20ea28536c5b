"""Edits of a character's thoughts: beliefs, dreams, open threads (F133, C85).

The audit log holds a thought's confidence and change number but no words: these derive from what people said,
and stand only in tables that forget them when people do.
"""

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.core.clock import Clock
from bot.core.i18n import _
from bot.features.admin.edits import ChangeRefused, Editable, Edits, Key, ManualChange, Values
from bot.features.inner_life.thoughts import ShownThought, with_changes
from database import Database, UnitOfWork
from database.models import Musing, MusingChange
from database.repositories.musings import OPERATOR
from memory.core import VISIBLE, clean

THOUGHT = "thought"
LONGEST = 240

NO_THOUGHT = _("{name} has no thought number {number} in this server: /admin thoughts list shows them.")
NO_WORDS = _("Write 1 to {most} characters.")
ONLY_BELIEFS = _("Only of a belief it can be said how sure {name} is.")
NOTHING_NAMED = _("Say what to change: its words, or how sure it is.")
FORGOTTEN = _(
    "It can't be taken back: what it came from was forgotten, or it was changed since. Set it anew."
)


class EditableThought(Editable):
    """A thought of a character; the key is (character slug, thought id)."""

    name = THOUGHT

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        found = await _find(db, key)
        if found is None or found.removed_at is not None:
            return None
        changes = await db.musings.changes([found.id])
        return {"confidence": round(found.confidence, 2), "change": changes[0].id if changes else 0}

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        found = await _find(db, key)
        if found is None:
            raise ChangeRefused(FORGOTTEN)
        if values is None:
            found.removed_at = self._clock.now()
            return key
        text = values.get("text", found.text)
        before = found.text if text != found.text else None
        added = values.get("confidence", found.confidence) - found.confidence
        found.text = text
        change = MusingChange(found.id, self._clock.now(), OPERATOR, added=added, before=before)
        await db.musings.note(change)
        return key

    async def restore(self, db: UnitOfWork, change: ManualChange) -> None:
        found = await _find(db, change.key)
        if found is None:
            raise ChangeRefused(FORGOTTEN)
        if change.before is None or change.after is None:
            found.removed_at = None if change.after is None else self._clock.now()
            return
        known = await db.musings.changes([found.id])
        last = next((entry for entry in known if entry.id == change.after["change"]), None)
        if last is None or last.cause != OPERATOR:
            raise ChangeRefused(FORGOTTEN)
        if last.before is not None:
            found.text = last.before
        await db.musings.take_back(last)


class ThoughtEdits:
    """Shows and changes a character's thoughts in a server; thoughts from private talk stay hidden."""

    def __init__(self, database: Database, edits: Edits) -> None:
        self._database = database
        self._edits = edits

    async def thoughts(self, role: PlayedCharacter, guild_id: int) -> list[ShownThought]:
        """Return all of a character's thoughts in a server, by kind."""
        async with self._database.read() as db:
            found = await db.musings.of_guild(role.slug, guild_id)
            return with_changes(found, await db.musings.changes([thought.id for thought in found]))

    async def thought(self, role: PlayedCharacter, guild_id: int, number: int) -> Musing:
        """Return a thought by its number. Raises ChangeRefused."""
        found = {thought.musing.id: thought.musing for thought in await self.thoughts(role, guild_id)}
        if number not in found:
            raise ChangeRefused(NO_THOUGHT.format(name=role.name, number=number))
        return found[number]

    async def edit(
        self, actor: Actor, role: PlayedCharacter, known: Musing, *, text: str | None, percent: int | None
    ) -> ManualChange:
        """Change a thought's text or confidence. Raises ChangeRefused."""
        values: Values = {}
        if text is not None:
            values["text"] = clean(text)
            if not 0 < len(values["text"]) <= LONGEST or not VISIBLE.search(values["text"]):
                raise ChangeRefused(NO_WORDS.format(most=LONGEST))
        if percent is not None:
            if known.kind != "belief":
                raise ChangeRefused(ONLY_BELIEFS.format(name=role.name))
            values["confidence"] = percent / 100
        if not values:
            raise ChangeRefused(NOTHING_NAMED)
        return await self._edits.put(
            actor, THOUGHT, (role.slug, str(known.id)), values, guild_id=known.guild_id or 0
        )

    async def remove(self, actor: Actor, role: PlayedCharacter, guild_id: int, number: int) -> ManualChange:
        """Remove a thought; it can be restored for two weeks. Raises ChangeRefused."""
        known = await self.thought(role, guild_id, number)
        return await self._edits.put(actor, THOUGHT, (role.slug, str(known.id)), None, guild_id=guild_id)


async def _find(db: UnitOfWork, key: Key) -> Musing | None:
    found = await db.musings.get(int(key[1]))
    return found if found is not None and found.character == key[0] else None
