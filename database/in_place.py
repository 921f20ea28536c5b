"""Short transactions on a SQLite file that run on the event loop itself.

A short statement takes microseconds; a trip to the connection's thread through SQLAlchemy's bridge takes
thirty times as long. So only the commit of a short transaction, which waits for the disk, runs in the thread.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property, lru_cache, partial
from typing import Any, TypeVar

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from database.prepared import Statements

T = TypeVar("T")
LONG = "long"
"""Execution option of a statement with many rows, which a thread reads."""


async def to_its_end(doing: asyncio.Future[T]) -> T:
    """Wait for a thread's work, even if cancelled meanwhile: others use the connection afterwards."""
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


class BriefSession:
    """The part of AsyncSession that repositories use, over a connection; a session is made only if needed."""

    def __init__(self, connection: SyncConnection) -> None:
        self._connection = connection
        self.info: dict[str, Any] = {}

    @cached_property
    def _session(self) -> Session:
        """Made only for statements on entities, because a session costs more than a statement."""
        return Session(self._connection, expire_on_commit=False)

    def _dealing_with(self, statement: Any) -> Any:
        return self._session if _deals_with_entities(statement) else self._connection

    async def execute(self, statement: Any, given: Any = None) -> Any:
        raise NotImplementedError

    async def scalar(self, statement: Any, given: Any = None) -> Any:
        return (await self.execute(statement, given)).scalar()

    async def scalars(self, statement: Any, given: Any = None) -> Any:
        return (await self.execute(statement, given)).scalars()

    def add(self, row: object) -> None:
        self._session.add(row)

    def add_all(self, rows: Any) -> None:
        self._session.add_all(rows)

    def get_bind(self) -> Any:
        return self._connection

    def close(self) -> None:
        if "_session" in vars(self):
            self._session.close()
        if self._connection.in_transaction():
            self._connection.rollback()


class InPlaceSession(BriefSession):
    """A session over a read connection, which blocks nobody.

    The entities that it returns are read-only: changes to them are not saved.
    """

    def __init__(self, lender: "InPlace", connection: SyncConnection) -> None:
        super().__init__(connection)
        self._lender = lender
        self._raw: Any = connection.connection.driver_connection

    async def execute(self, statement: Any, given: Any = None) -> Any:
        execute = self._how(statement, given)
        if LONG not in statement.get_execution_options():
            return execute()
        doing = asyncio.get_running_loop().run_in_executor(None, lambda: execute().freeze())
        return (await to_its_end(doing))()

    def _how(self, statement: Any, given: Any) -> Callable[[], Any]:
        """Return a call that executes a statement."""
        if plan := self._lender.statements.plan(statement, given):
            return partial(plan.run, self._raw, given, self._lender.tell)
        return partial(self._dealing_with(statement).execute, statement, given)

    async def get(self, *given: Any, **more: Any) -> Any:
        return self._session.get(*given, **more)

    async def delete(self, row: object) -> None:
        self._session.delete(row)

    async def flush(self) -> None:
        if "_session" in vars(self):
            self._session.flush()

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Begin a savepoint; if flushing entities fails in it, the whole transaction is undone."""
        await self.flush()
        self._raw.execute("SAVEPOINT apart")
        try:
            yield
            await self.flush()
        except BaseException:
            if self._raw.in_transaction:  # a full disk ends the whole transaction
                self._raw.execute("ROLLBACK TO apart")
            raise
        finally:
            if self._raw.in_transaction:
                self._raw.execute("RELEASE apart")


@lru_cache(maxsize=512)
def _deals_with_entities(statement: Any) -> bool:
    """Return whether a statement reads or writes entities; rows and columns need no session."""
    if statement.is_select:
        asked = getattr(statement, "column_descriptions", None)
        return asked is None or any(one.get("entity") and one["expr"] is one["entity"] for one in asked)
    return bool(getattr(statement, "entity_description", {"entity": True}).get("entity"))


def _left_alone(_connection: object) -> None:
    """Do nothing."""


class InPlace:
    """Provides SQLAlchemy connections over connections that a driver has opened."""

    def __init__(self) -> None:
        self._opened: list[Any] = []
        self._told: list[Callable[[str], object]] = []
        self.engine = create_engine(
            "sqlite+pysqlite://",
            creator=self._opened.pop,
            poolclass=NullPool,
            pool_reset_on_return=None,
            hide_parameters=True,  # parameters hold what people said and must not reach a log
        )
        # The driver closes the connection in its own thread, which may still be using it.
        setattr(self.engine.dialect, "do_close", _left_alone)  # noqa: B010
        self.statements = Statements(self.engine.dialect)

    def listen(self, told: Callable[[str], object]) -> None:
        """Call `told` with the text of every statement before it is executed."""
        self._told.append(told)
        event.listen(self.engine, "before_cursor_execute", lambda _, __, text, *___: told(text))

    def tell(self, text: str) -> None:
        for told in self._told:
            told(text)

    def over(self, opened: Any) -> SyncConnection:
        """Return a SQLAlchemy connection over a connection of sqlite3."""
        self._opened.append(opened)
        return self.engine.connect()
