"""A repository per noun, each within one transaction, and their common base.

Building a statement, or writing a row through the session's unit of work, takes many times longer than
executing it. Statements needed for each message are therefore built once, with bound parameters, on the plain
tables.
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
"""Cached values per group of tables, if the values are small."""
Inserting = Callable[[Table], Any]


class Repository:
    """Works within one transaction."""

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
        """Return a cached value of tables that rarely change, or read it."""
        view = self._session.info.get(VIEW)
        return await view.of(tables, key, read, most=most) if view else await read()

    async def _next(self, key: str) -> int:
        """Return a counter's next number; no number is repeated."""
        first = self._insert(table_of(State)).values(key=key, value="1")
        successor = sql_cast(sql_cast(State.value, Integer) + 1, String)
        counted = first.on_conflict_do_update(index_elements=["key"], set_={"value": successor})
        return int(await self._session.scalar(counted.returning(State.value)) or 0)

    @property
    def _insert(self) -> Inserting:
        """The dialect's INSERT; both support ON CONFLICT with the same methods."""
        if self._session.get_bind().dialect.name == "sqlite":
            return sqlite.insert
        from sqlalchemy.dialects import postgresql

        return postgresql.insert


def table_of(model: type[Row]) -> Table:
    """Return a model's table."""
    return cast("Table", model.__table__)


def values_of(row: Row) -> dict[str, Any]:
    """Return a new row's values by column, without those that the database generates."""
    return {field.name: getattr(row, field.name) for field in fields(row) if field.init}


def upsert(insert: Inserting, model: type[Row]) -> Any:
    """Return the statement that inserts a row or replaces the row with the same key."""
    row = insert(table_of(model))
    keys = [column.name for column in table_of(model).primary_key]
    value_columns = [column.name for column in table_of(model).columns if column.name not in keys]
    return row.on_conflict_do_update(
        index_elements=keys, set_={name: row.excluded[name] for name in value_columns}
    )
