"""Short transactions on a SQLite file, which run on the event loop itself.

A short statement takes microseconds. A trip to the connection's thread, and SQLAlchemy's bridge to it, take
thirty times as long. So of a short transaction only the commit, which waits for the disk, goes to the thread.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

T = TypeVar("T")
LONG = "long"
"""The execution option of a statement whose many rows are better read in a thread."""


async def to_its_end(doing: asyncio.Future[T]) -> T:
    """Wait for what a thread does. Who is cancelled meanwhile waits, too: others come after it."""
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


class InPlaceSession:
    """What repositories use of an AsyncSession, over a connection that keeps nobody waiting."""

    def __init__(self, connection: SyncConnection) -> None:
        self._connection = connection
        self.info: dict[str, Any] = {}

    @cached_property
    def _session(self) -> Session:
        """A session costs more than a statement: it is made for a transaction that deals with entities."""
        return Session(self._connection, expire_on_commit=False)

    async def execute(self, statement: Any, *given: Any) -> Any:
        if LONG in statement.get_execution_options():
            return await self._in_thread(statement, *given)
        return self._dealing_with(statement).execute(statement, *given)

    def _dealing_with(self, statement: Any) -> Any:
        return self._session if _deals_with_entities(statement) else self._connection

    async def scalar(self, statement: Any, *given: Any) -> Any:
        return (await self.execute(statement, *given)).scalar()

    async def scalars(self, statement: Any, *given: Any) -> Any:
        return (await self.execute(statement, *given)).scalars()

    async def get(self, *given: Any, **more: Any) -> Any:
        return self._session.get(*given, **more)

    async def delete(self, row: object) -> None:
        self._session.delete(row)

    async def flush(self) -> None:
        if "_session" in vars(self):
            self._session.flush()

    def add(self, row: object) -> None:
        self._session.add(row)

    def add_all(self, rows: Any) -> None:
        self._session.add_all(rows)

    def get_bind(self) -> Any:
        return self._session.get_bind()

    async def _in_thread(self, *given: Any, **more: Any) -> Any:
        loop = asyncio.get_running_loop()
        doing = loop.run_in_executor(None, lambda: self._session.execute(*given, **more).freeze())
        return (await to_its_end(doing))()

    def close(self) -> None:
        if "_session" in vars(self):
            self._session.close()
        self._connection.rollback()

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        self._session.connection()
        with self._session.begin_nested():
            self._session.connection()  # only what a session works on gets a savepoint from it
            yield


@lru_cache(maxsize=512)
def _deals_with_entities(statement: Any) -> bool:
    """Say whether a statement reads or writes entities: rows and columns need no session."""
    if statement.is_select:
        asked = getattr(statement, "column_descriptions", None)
        return asked is None or any(one.get("entity") and one["expr"] is one["entity"] for one in asked)
    return bool(getattr(statement, "entity_description", {"entity": True}).get("entity"))


def _left_alone(_connection: object) -> None:
    """Do nothing."""


class InPlace:
    """Lends SQLAlchemy connections over those that a driver has opened."""

    def __init__(self) -> None:
        self._opened: list[Any] = []
        self.engine = create_engine(
            "sqlite+pysqlite://",
            creator=self._opened.pop,
            poolclass=NullPool,
            pool_reset_on_return=None,
            hide_parameters=True,  # parameters are what people said: they must not reach a log
        )
        # What is lent is closed by the driver, in its thread: it may be at work there until then.
        setattr(self.engine.dialect, "do_close", _left_alone)  # noqa: B010

    def over(self, opened: Any) -> SyncConnection:
        """Return a connection of SQLAlchemy's over one of the module sqlite3."""
        self._opened.append(opened)
        return self.engine.connect()
