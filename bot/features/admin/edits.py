"""Edits by operators: editable entities, recorded changes and undo (F124, C85)."""

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
"""Maximum number of recent changes that can be listed."""
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
"""Identifies an entity within its kind, such as a character's slug and a number."""
Values = dict[str, Any]


class ChangeRefused(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """A refused change; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class ManualChange:
    """An entity's values before and after a change; None where it did not exist.

    `number` is the id of its audit row, `undoes` the number of the change that it reverted.
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
    """A change recorded in the audit log; `undone_by` is the change that reverted it.

    `is_blank` marks a change whose values were erased because the person concerned left.
    """

    change: ManualChange
    at: datetime
    actor_id: int
    undone_by: int | None = None
    is_blank: bool = False


def recorded(row: Audit, undone_by: int | None = None) -> RecordedEdit:
    """Convert an audit row to a change."""
    change = ManualChange(
        row.entity or "", tuple(row.key or ()), row.before, row.after, row.id, row.person_id, row.undoes
    )
    blank = row.key is None or (row.before is None and row.after is None)
    return RecordedEdit(change, row.at, row.actor_id, undone_by, blank)


class Editable:
    """One kind of entity that operators edit. All methods work in the transaction that they receive.

    By default an entity concerns no person, and is restored by writing its old values. `compared` names the
    values that decide whether the entity is unchanged since an edit; empty means all of them.
    """

    name: str
    compared: tuple[str, ...] = ()

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        """Return the current values of an entity; None if it does not exist."""
        raise NotImplementedError

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        """Write the values, or delete the entity if None; return its key, complete with the number if new.

        Raises ChangeRefused for invalid values.
        """
        raise NotImplementedError

    async def restore(self, db: UnitOfWork, change: ManualChange) -> None:
        """Restore an entity to its state before a change that is still in effect. Raises ChangeRefused."""
        await self.write(db, change.key, change.before)

    def stands(self, now: Values | None, after: Values | None) -> bool:
        """Return whether an entity is still as a change left it."""
        if now is None or after is None or not self.compared:
            return now == after
        return all(now.get(name) == after.get(name) for name in self.compared)

    def person(self, key: Key) -> int | None:  # noqa: ARG002 - most kinds concern nobody
        """Return the id of the person whom an entity concerns."""
        return None

    async def changed(self, key: Key) -> None:
        """React to a committed change, so that the very next prompt shows it."""


class Edits:
    """Edits every kind of entity; the audit log records each change in the same transaction."""

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
        """Write an entity's values, or delete it if None. Raises ChangeRefused."""
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
        """Undo a change, once: the given one, or the actor's latest.

        The entity returns exactly to its former state; the undo is itself a change. Raises ChangeRefused.
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
        """Return a change by its number. Raises ChangeRefused."""
        async with self._database.read() as db:
            row = await db.audits.change(number)
            undone = await db.audits.undone([number])
        if row is None:
            raise ChangeRefused(NO_CHANGE.format(number=number))
        return recorded(row, undone.get(number))

    async def latest(self) -> list[RecordedEdit]:
        """Return the latest changes, newest first."""
        async with self._database.read() as db:
            rows = await db.audits.changes(limit=SHOWN)
            undone = await db.audits.undone([row.id for row in rows])
        return [recorded(row, undone.get(row.id)) for row in rows]

    async def look(self, actor: Actor, action: str, person_id: int) -> None:
        """Record that an operator viewed a person's data: the person can see that it happened."""
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
        # For a change about a person, the key is stored in its own column, which is erased with the person.
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
