"""Short transactions on a SQLite file, which run on the event loop itself.

A short statement takes microseconds. A trip to the connection's thread, and SQLAlchemy's bridge to it, take
thirty times as long. So of a short transaction only the commit, which waits for the disk, goes to the thread.
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
"""The execution option of a statement whose many rows are better read in a thread."""


async def to_its_end(doing: asyncio.Future[T]) -> T:
    """Wait for what a thread does. Who is cancelled meanwhile waits, too: others come after it."""
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


class BriefSession:
    """What repositories use of an AsyncSession, over a connection: a session is made where it is needed."""

    def __init__(self, connection: SyncConnection) -> None:
        self._connection = connection
        self.info: dict[str, Any] = {}

    @cached_property
    def _session(self) -> Session:
        """A session costs more than a statement: it is made where SQLAlchemy deals with entities itself."""
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
    """One over a connection that keeps nobody waiting.

    What stands in the entities that it returns was read; to change them changes nothing.
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
        """Return what executes a statement."""
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
        """Begin a part that is undone alone; where flushing entities fails in it, the whole is."""
        await self.flush()
        self._raw.execute("SAVEPOINT apart")
        try:
            yield
            await self.flush()
        except BaseException:
            if self._raw.in_transaction:  # a full disk ends all of it
                self._raw.execute("ROLLBACK TO apart")
            raise
        finally:
            if self._raw.in_transaction:
                self._raw.execute("RELEASE apart")


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
        self._told: list[Callable[[str], object]] = []
        self.engine = create_engine(
            "sqlite+pysqlite://",
            creator=self._opened.pop,
            poolclass=NullPool,
            pool_reset_on_return=None,
            hide_parameters=True,  # parameters are what people said: they must not reach a log
        )
        # What is lent is closed by the driver, in its thread: it may be at work there until then.
        setattr(self.engine.dialect, "do_close", _left_alone)  # noqa: B010
        self.statements = Statements(self.engine.dialect)

    def listen(self, told: Callable[[str], object]) -> None:
        """Have the text of every statement told before it is executed."""
        self._told.append(told)
        event.listen(self.engine, "before_cursor_execute", lambda _, __, text, *___: told(text))

    def tell(self, text: str) -> None:
        for told in self._told:
            told(text)

    def over(self, opened: Any) -> SyncConnection:
        """Return a connection of SQLAlchemy's over one of the module sqlite3."""
        self._opened.append(opened)
        return self.engine.connect()
