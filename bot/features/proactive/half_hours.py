"""Which half hours were rolled, and for what: each once, across restarts and clocks that are set (C79)."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from database import UnitOfWork
from personas.initiative import due, remembering


class HalfHours:
    """A row of the global state with the half hours that were rolled lately, by what they were rolled for."""

    def __init__(self, key: str) -> None:
        self._key = key

    async def due(self, db: UnitOfWork, names: Iterable[str], now: datetime) -> list[str]:
        """Return for which of some names the present half hour is to be rolled now."""
        rolled = await self._rolled(db)
        return [name for name in names if due(now, rolled.get(name, ()), name) is not None]

    async def take(
        self, db: UnitOfWork, name: str, now: datetime, *, kept: Collection[str] | None = None
    ) -> bool:
        """Keep that the present half hour is rolled for a name; False when that is not to be done.

        Of names that are not among those `kept` nothing is known any more.
        """
        rolled = await self._rolled(db)
        slot = due(now, rolled.get(name, ()), name)
        if slot is None:
            return False
        rolled[name] = remembering(rolled.get(name, ()), slot)
        known = {one: slots for one, slots in rolled.items() if kept is None or one in kept}
        await db.states.set(self._key, json.dumps(known))
        return True

    async def _rolled(self, db: UnitOfWork) -> dict[str, tuple[int, ...]]:
        kept = json.loads(await db.states.get(self._key) or "{}")
        return {name: tuple(slots) for name, slots in kept.items()}
