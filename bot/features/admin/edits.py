"""Changes made by hand: made, kept with what was before, and taken back (F124, C85)."""

from collections.abc import Iterable

from bot.audit import Actor
from bot.conversation.attention.server_rules import EVERYWHERE
from bot.core.clock import Clock
from bot.core.i18n import _
from bot.features.admin.change import Change, ChangeRefused, Key, Recorded, Values, recorded
from bot.features.admin.entity import Entity
from database import Database, UnitOfWork
from database.models import Audit

SHOWN = 1_000
"""The last changes that can be looked through."""
_LONGEST_DETAIL = 200

SAME = _("It is like that already: nothing was changed.")
GONE = _("It is not there any more: somebody took it away meanwhile. Look at the list again.")
NO_CHANGE = _("There is no change number {number}: /admin changes list shows them.")
NONE_YET = _("You have changed nothing yet that could be taken back. /admin changes list shows everybody's.")
UNDONE_ALREADY = _("Change {number} is taken back already, by number {by}. To have it again, undo that one.")
CHANGED_SINCE = _(
    "Number {number} can't be taken back: what it changed was changed again since. "
    "/admin changes list shows by what; or set it to what you want."
)
FORGOTTEN = _("Number {number} can't be taken back: what it was is forgotten, because the person had it so.")


class Curation:
    """Makes changes by hand, one way for every kind of thing; each is a row in the audit, written with it."""

    def __init__(self, database: Database, clock: Clock, entities: Iterable[Entity]) -> None:
        self._database = database
        self._clock = clock
        self._entities = {one.name: one for one in entities}

    async def put(
        self,
        actor: Actor,
        name: str,
        key: Key,
        values: Values | None,
        *,
        guild_id: int = EVERYWHERE,
    ) -> Change:
        """Make something so, None: take it away. Raises ChangeRefused."""
        entity = self._entities[name]
        async with self._database.begin() as db:
            before = await entity.read(db, key)
            if before is None and values is None:
                raise ChangeRefused(GONE)
            key = await entity.write(db, key, values)
            after = await entity.read(db, key)
            if before == after:
                raise ChangeRefused(SAME)
            change = await self._note(db, actor, Change(name, key, before, after), guild_id=guild_id)
        await entity.changed(change.key)
        return change

    async def undo(self, actor: Actor, number: int | None = None) -> Change:
        """Take a change back, once: the one with a number, or the last that the actor made.

        What it changed is again exactly what it was; that is a change of its own. Raises ChangeRefused.
        """
        async with self._database.begin() as db:
            row = await self._meant(db, actor, number)
            undone = await db.audits.undone([row.id])
            found = recorded(row, undone.get(row.id)).change
            if row.id in undone:
                raise ChangeRefused(UNDONE_ALREADY.format(number=row.id, by=undone[row.id]))
            entity = self._entities.get(found.entity)
            if entity is None or recorded(row).is_blank:
                raise ChangeRefused(FORGOTTEN.format(number=row.id))
            if not entity.stands(await entity.read(db, found.key), found.after):
                raise ChangeRefused(CHANGED_SINCE.format(number=row.id))
            await entity.restore(db, found)
            after = await entity.read(db, found.key)
            back = Change(found.entity, found.key, found.after, after, undoes=row.id)
            back = await self._note(db, actor, back, guild_id=row.guild_id)
        await entity.changed(back.key)
        return back

    async def get(self, number: int) -> Recorded:
        """Return the change with a number. Raises ChangeRefused."""
        async with self._database.read() as db:
            row = await db.audits.change(number)
            undone = await db.audits.undone([number])
        if row is None:
            raise ChangeRefused(NO_CHANGE.format(number=number))
        return recorded(row, undone.get(number))

    async def latest(self) -> list[Recorded]:
        """Return the last changes, the newest first."""
        async with self._database.read() as db:
            rows = await db.audits.changes(limit=SHOWN)
            undone = await db.audits.undone([row.id for row in rows])
        return [recorded(row, undone.get(row.id)) for row in rows]

    async def look(self, actor: Actor, action: str, person_id: int) -> None:
        """Keep that somebody looked at what is kept of a person: they can see that it was done."""
        async with self._database.begin() as db:
            await db.audits.add(
                Audit(
                    self._clock.now(),
                    actor.user_id,
                    actor.channel_id,
                    EVERYWHERE,
                    action,
                    person_id=person_id,
                )
            )

    async def _meant(self, db: UnitOfWork, actor: Actor, number: int | None) -> Audit:
        row = await (db.audits.last_of(actor.user_id) if number is None else db.audits.change(number))
        if row is None:
            raise ChangeRefused(NONE_YET if number is None else NO_CHANGE.format(number=number))
        return row

    async def _note(self, db: UnitOfWork, actor: Actor, change: Change, *, guild_id: int) -> Change:
        person_id = self._entities[change.entity].person(change.key)
        # Of what concerns a person the key stands in a column of its own, which goes with the person.
        detail = change.verb if person_id is not None else f"{change.verb} {' '.join(change.key)}"
        row = Audit(
            self._clock.now(),
            actor.user_id,
            actor.channel_id,
            guild_id,
            change.entity,
            detail[:_LONGEST_DETAIL],
            entity=change.entity,
            key=list(change.key),
            person_id=person_id,
            before=change.before,
            after=change.after,
            undoes=change.undoes,
        )
        number = await db.audits.add(row)
        return Change(
            change.entity, change.key, change.before, change.after, number, person_id, change.undoes
        )
