"""Edits of the global state rows that operators may see and set (F087, F124, C85).

Internal rows of that table, such as seal keys, counters and marks of people, are counted and never shown: a
wrong value there loses data, and some of it is secret.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.audit import Actor
from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.context.mood_state import day_key
from bot.conversation.text.names import clean_name
from bot.core.i18n import _
from bot.features.admin.edit_characters import MOOD
from bot.features.admin.edits import ChangeRefused, Editable, Edits, Key, ManualChange, Values
from bot.features.admin.service import VERBOSE
from bot.features.inner_life.days import mark_of
from bot.features.inner_life.status import Statuses, shown
from database import Database, UnitOfWork
from database.repositories.states import status_day_key, status_key
from personas.affect.temperament import DayMood

STATE = "state"
ON_OR_OFF = ("on", "off")

INTERNAL = _(
    "{key} is kept by the program for itself, or is no key at all: it is neither shown nor set. "
    "/admin state list shows what can be."
)
NO_SWITCH = _("{key} is on or off.")
NO_MOOD = _("{key} is a whole number from 0 to 10.")
NO_STATUS = _("None of that can stand beside a name: write a short thought, without links.")
ALWAYS_SOME_DAY = _(
    "Every day has its mood, so {key} can't be removed: set it to another number. /admin mood show "
    "tells what is usual."
)

THAT = _("that", "in place of a key that can't be shown")


@dataclass(frozen=True, slots=True)
class Listed:
    """The settable rows by key, with "" for a missing one; `internal` counts all other rows."""

    rows: Mapping[str, str]
    internal: int


class StateEdits(Editable):
    """A settable row of the global state; the key is the row's key."""

    name = STATE

    def __init__(self, statuses: Statuses, look_again: Callable[[], Awaitable[object]]) -> None:
        self._statuses = statuses
        self._look_again = look_again

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        value = await db.states.get(key[0])
        return {"value": value} if value is not None else None

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        is_status, slug = key[0] != VERBOSE, key[0].partition(" ")[2]
        if values is None:
            await db.states.drop(key[0])
            if is_status:
                await db.states.drop(
                    status_day_key(slug)
                )  # the character writes a new status within the hour
            return key
        await db.states.set(key[0], values["value"])
        if is_status and (mark := await mark_of(db, slug)):
            await db.states.set(status_day_key(slug), mark)  # otherwise the next job run would replace it
        return key

    async def changed(self, key: Key) -> None:
        if key[0] == VERBOSE:
            await self._look_again()
        else:
            self._statuses.tell(key[0].partition(" ")[2])


class GlobalState:
    """Shows and sets rows of the global state; day moods are set through /admin mood's edits."""

    def __init__(self, database: Database, company: Company, edits: Edits) -> None:
        self._database = database
        self._company = company
        self._edits = edits

    async def listed(self) -> Listed:
        """Return the settable rows and the number of internal ones."""
        async with self._database.read() as db:
            found = await db.states.all()
        safe = self.settable()
        return Listed({key: found.get(key, "") for key in safe}, len(found.keys() - set(safe)))

    def settable(self) -> list[str]:
        """Return the settable keys, including those without a value."""
        keys = [VERBOSE]
        for role in self._company:
            keys += [day_key(role.slug, mood) for mood in DayMood]
            keys.append(status_key(role.slug))
        return keys

    async def set(self, actor: Actor, key: str, value: str) -> ManualChange:
        """Set the value of a row. Raises ChangeRefused."""
        key, role, mood = self._meant(key)
        if role is not None and mood is not None:
            return await self._edits.put(actor, MOOD, (role.slug,), {str(mood): _number(key, value)})
        if role is not None:
            value = shown(value, role.character)
            if not value:
                raise ChangeRefused(NO_STATUS)
        elif value not in ON_OR_OFF:
            raise ChangeRefused(NO_SWITCH.format(key=key))
        return await self._edits.put(actor, STATE, (key,), {"value": value})

    async def remove(self, actor: Actor, key: str) -> ManualChange:
        """Remove a row. Raises ChangeRefused."""
        return await self._edits.put(actor, STATE, (self.removable(key),), None)

    def removable(self, key: str) -> str:
        """Return the normalised key of a removable row. Raises ChangeRefused."""
        key, _role, mood = self._meant(key)
        if mood is not None:
            raise ChangeRefused(ALWAYS_SOME_DAY.format(key=key))
        return key

    def _meant(self, key: str) -> tuple[str, PlayedCharacter | None, DayMood | None]:
        key = " ".join(key.split())
        if key == VERBOSE:
            return key, None, None
        for role in self._company:
            if key == status_key(role.slug):
                return key, role, None
            for mood in DayMood:
                if key == day_key(role.slug, mood):
                    return key, role, mood
        raise ChangeRefused(INTERNAL.format(key=repr(clean_name(key, str(THAT)))))


def _number(key: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 2 and int(value) <= 10):
        raise ChangeRefused(NO_MOOD.format(key=key))
    return int(value)
