"""A repository for each noun, within one transaction; and what all of them need.

Building a statement, or writing a row through the session's unit of work, takes many times longer than
executing it. So what each message needs is built once, with bound parameters, on the plain tables.
"""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import fields
from typing import Any, TypeVar, cast

from sqlalchemy import Integer, String, Table
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from database.models import Row, State

T = TypeVar("T")
VIEW = "what is kept"
MOST_KEPT = 2_000
"""Values that are kept of some tables, where each of them is small."""
Inserting = Callable[[Table], Any]


class Repository:
    """Works inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def _kept(
        self,
        tables: tuple[str, ...],
        key: Hashable,
        read: Callable[[], Awaitable[T]],
        *,
        most: int = MOST_KEPT,
    ) -> T:
        """Return what was read before of tables that change seldom, or what is read now."""
        view = self._session.info.get(VIEW)
        return await view.of(tables, key, read, most=most) if view else await read()

    async def _next(self, key: str) -> int:
        """Return the next number of a counter; no number comes twice."""
        first = self._insert(table_of(State)).values(key=key, value="1")
        next_one = sql_cast(sql_cast(State.value, Integer) + 1, String)
        counted = first.on_conflict_do_update(index_elements=["key"], set_={"value": next_one})
        return int(await self._session.scalar(counted.returning(State.value)) or 0)

    @property
    def _insert(self) -> Inserting:
        """The dialect's INSERT, which both databases extend with ON CONFLICT in the same words."""
        if self._session.get_bind().dialect.name == "sqlite":
            return sqlite.insert
        from sqlalchemy.dialects import postgresql

        return postgresql.insert


def table_of(model: type[Row]) -> Table:
    """Return the table of a model."""
    return cast("Table", model.__table__)


def values_of(row: Row) -> dict[str, Any]:
    """Return what a new row is made of, by column; what the database makes up is not among it."""
    return {field.name: getattr(row, field.name) for field in fields(row) if field.init}


def upsert(insert: Inserting, model: type[Row]) -> Any:
    """Return the statement that writes a whole row, in place of the one with the same key."""
    row = insert(table_of(model))
    keys = [column.name for column in table_of(model).primary_key]
    others = [column.name for column in table_of(model).columns if column.name not in keys]
    return row.on_conflict_do_update(index_elements=keys, set_={name: row.excluded[name] for name in others})
