"""Edits by operators: what can be edited, each change with what was before, and the way back (F124, C85)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.audit import Actor
from bot.conversation.attention.server_rules import EVERYWHERE
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _
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

Key = tuple[str, ...]
"""What tells one thing of a kind from the others, such as a character's slug and a number."""
Values = dict[str, Any]


class ChangeRefused(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """It can't be changed so; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ManualChange:
    """What one thing was and is; None where it was not there, or is not there any more.

    `number` is that of its row in the audit, `undoes` the change that it took back.
    """

    entity: str
    key: Key
    before: Values | None
    after: Values | None
    number: int = 0
    person_id: int | None = None
    undoes: int | None = None

    @property
    def verb(self) -> str:
        if self.undoes is not None:
            return "put back"
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class RecordedEdit:
    """A change as it stands in the audit; `undone_by` is the change that took it back.

    `is_blank` says that what it was is forgotten, because the person whom it concerned left.
    """

    change: ManualChange
    at: datetime
    actor_id: int
    undone_by: int | None = None
    is_blank: bool = False


def recorded(row: Audit, undone_by: int | None = None) -> RecordedEdit:
    """Return a row of the audit as a change."""
    change = ManualChange(
        row.entity or "", tuple(row.key or ()), row.before, row.after, row.id, row.person_id, row.undoes
    )
    blank = row.key is None or (row.before is None and row.after is None)
    return RecordedEdit(change, row.at, row.actor_id, undone_by, blank)


class Editable:
    """One kind of thing that operators edit. Everything happens in the transaction that is passed in.

    Unless a kind says otherwise a thing concerns nobody, and is put back by writing what it was. `compared`
    are the values that say whether it still stands as it was made; empty: all of them.
    """

    name: str
    compared: tuple[str, ...] = ()

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        """Return what a thing is now; None where it is not there."""
        raise NotImplementedError

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        """Make it so, None: take it away; return its key, with its number where it is new.

        Raises ChangeRefused for what can't be.
        """
        raise NotImplementedError

    async def restore(self, db: UnitOfWork, change: ManualChange) -> None:
        """Make a thing what it was before a change that still stands. Raises ChangeRefused."""
        await self.write(db, change.key, change.before)

    def stands(self, now: Values | None, after: Values | None) -> bool:
        """Say whether a thing is still what a change made of it."""
        if now is None or after is None or not self.compared:
            return now == after
        return all(now.get(name) == after.get(name) for name in self.compared)

    def person(self, key: Key) -> int | None:  # noqa: ARG002 - most kinds concern nobody
        """Return whom a thing concerns."""
        return None

    async def changed(self, key: Key) -> None:
        """Take notice that a thing was changed, so that the very next prompt shows it."""


class Edits:
    """Edits every kind of thing in one way; each change is a row in the audit, written with it."""

    def __init__(self, database: Database, clock: Clock, entities: Iterable[Editable]) -> None:
        self._database = database
        self._clock = clock
        self._entities = {entity.name: entity for entity in entities}

    async def put(
        self,
        actor: Actor,
        name: str,
        key: Key,
        values: Values | None,
        *,
        guild_id: int = EVERYWHERE,
    ) -> ManualChange:
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
            change = await self._note(db, actor, ManualChange(name, key, before, after), guild_id=guild_id)
        await entity.changed(change.key)
        return change

    async def undo(self, actor: Actor, number: int | None = None) -> ManualChange:
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
            back = ManualChange(found.entity, found.key, found.after, after, undoes=row.id)
            back = await self._note(db, actor, back, guild_id=row.guild_id)
        await entity.changed(back.key)
        return back

    async def get(self, number: int) -> RecordedEdit:
        """Return the change with a number. Raises ChangeRefused."""
        async with self._database.read() as db:
            row = await db.audits.change(number)
            undone = await db.audits.undone([number])
        if row is None:
            raise ChangeRefused(NO_CHANGE.format(number=number))
        return recorded(row, undone.get(number))

    async def latest(self) -> list[RecordedEdit]:
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

    async def _note(
        self, db: UnitOfWork, actor: Actor, change: ManualChange, *, guild_id: int
    ) -> ManualChange:
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
        return ManualChange(
            change.entity, change.key, change.before, change.after, number, person_id, change.undoes
        )
