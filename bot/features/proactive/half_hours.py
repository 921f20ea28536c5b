"""Record of half hours already rolled, per name, across restarts and clock changes (C79)."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from database import UnitOfWork
from personas.initiative import due, remembering


class HalfHours:
    """A row of the global state with the recently rolled half hours, by name."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def due(self, db: UnitOfWork, names: Iterable[str], now: datetime) -> list[str]:
        """Return the names for which the current half hour is to be rolled now."""
        rolled = await self._rolled(db)
        return [name for name in names if due(now, rolled.get(name, ()), name) is not None]

    async def take(
        self, db: UnitOfWork, name: str, now: datetime, *, kept: Collection[str] | None = None
    ) -> bool:
        """Mark the current half hour as rolled for a name; return False if it was not due.

        Names outside `kept` are dropped from the record.
        """
        rolled = await self._rolled(db)
        slot = due(now, rolled.get(name, ()), name)
        if slot is None:
            return False
        rolled[name] = remembering(rolled.get(name, ()), slot)
        known = {
            known_name: slots for known_name, slots in rolled.items() if kept is None or known_name in kept
        }
        await db.states.set(self._key, json.dumps(known))
        return True

    async def _rolled(self, db: UnitOfWork) -> dict[str, tuple[int, ...]]:
        kept = json.loads(await db.states.get(self._key) or "{}")
        return {name: tuple(slots) for name, slots in kept.items()}
