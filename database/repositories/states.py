"""Global key-value pairs."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from database.models import State
from database.repositories import Repository, table_of


def status_key(slug: str) -> str:
    """Return the key of a character's status in the global state: `status nyx`."""
    return f"status {slug}"


def status_day_key(slug: str) -> str:
    """Return the key of the day for which a character's status was chosen."""
    return f"status_day {slug}"


class StateRepository(Repository):
    """The global_state table."""

    async def get(self, key: str) -> str | None:
        row = await self._session.get(State, key)
        return row.value if row else None

    async def of(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the values of the keys that have one."""
        query = select(State.key, State.value).where(State.key.in_(keys))
        return {row.key: row.value for row in await self._session.execute(query)}

    async def all(self) -> dict[str, str]:
        """Return all keys with their values, ordered by key."""
        found = await self._session.execute(select(State.key, State.value).order_by(State.key))
        return {row.key: row.value for row in found}

    async def drop(self, key: str) -> None:
        await self._session.execute(delete(State).where(State.key == key))

    async def set(self, key: str, value: str) -> None:
        row = self._insert(table_of(State)).values(key=key, value=value)
        await self._session.execute(
            row.on_conflict_do_update(index_elements=["key"], set_={"value": row.excluded.value})
        )
