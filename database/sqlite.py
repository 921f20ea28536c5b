"""SQLite files: connections, erasure of deleted data, errors."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiosqlite
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from database import backend
from database.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseFull
from database.in_place import InPlace, InPlaceSession, to_its_end
from database.models import Vectors

BUSY_MILLISECONDS = 5_000
BEGIN_WRITING = "BEGIN IMMEDIATE"


class SqliteFile:
    """A file with one writer and a few readers.

    SQLite lets one connection write at a time. Queueing writers here, before they reach the file, keeps the
    order fair and avoids "database is locked" errors (faults B6).
    """

    discreet = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.writer = _engine(path, size=1, write=True)
        self.reader = _engine(path, size=backend.READERS, write=False)
        self._in_place = InPlace()

    @property
    def place(self) -> str:
        return str(self._path)

    def listen(self, told: Callable[[str], object]) -> None:
        event.listen(self.writer.sync_engine, "before_cursor_execute", lambda _, __, text, *___: told(text))
        self._in_place.listen(told)

    def named(self, error: DBAPIError | OSError) -> DatabaseError:
        return self._named(str(error.strerror if isinstance(error, OSError) else error.orig))

    async def size(self) -> int:
        """Return the size in bytes of the file and its write-ahead log."""
        return await asyncio.to_thread(self._size)

    @asynccontextmanager
    async def brief(self, *, write: bool) -> AsyncIterator[AsyncSession]:
        """Open a transaction of short statements: see in_place.py."""
        try:
            held = await (self.writer if write else self.reader).raw_connection()
            raw: Any = held.driver_connection
            connection = raw.in_place(self._in_place)
            try:
                await raw.begin(write=write)
                session = InPlaceSession(self._in_place, connection)
                try:
                    yield cast("AsyncSession", session)
                    await session.flush()
                    if write:
                        await raw.commit_now()
                finally:
                    session.close()
            finally:
                raw.roll_back()
                held.close()
        except sqlite3.Error as error:
            raise self._named(str(error)) from error

    async def check_writer(self) -> None:
        async with self.writer.begin():  # acquires the file's write lock
            pass

    async def scrub(self, tables: Collection[str]) -> bool:
        """Erase deleted data from the file and its write-ahead log (B10)."""
        async with self._raw() as raw:
            if not await _rewrite(raw, set(tables)):
                due = (backend.VACUUM_DUE,)
                await raw.execute("INSERT OR IGNORE INTO global_state VALUES (?, '')", due)
            return await _cut_log(raw)

    async def vacuum(self) -> bool:
        async with self._raw() as raw:
            await raw.execute("VACUUM")
            if not await _cut_log(raw):
                return False
            await raw.execute("DELETE FROM global_state WHERE key = ?", (backend.VACUUM_DUE,))
        return True

    @asynccontextmanager
    async def _raw(self) -> AsyncIterator[Any]:
        """Lend the writer's raw connection: a checkpoint can't run within SQLAlchemy's transaction."""
        async with self.writer.connect() as connection:
            try:
                yield (await connection.get_raw_connection()).driver_connection
            except sqlite3.Error as error:
                raise self._named(str(error)) from error

    def _size(self) -> int:
        files_of = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(file.stat().st_size for file in files_of if file.exists())

    def _named(self, said: str) -> DatabaseError:
        where = self.place
        if "full" in said:
            return DatabaseFull(f"No room left for {where}: free some disk space and it goes on by itself.")
        if "locked" in said or "busy" in said:
            return DatabaseBusy(f"{where} is held by another program for more than 5 seconds.")
        if "malformed" in said or "not a database" in said:
            return DatabaseCorrupt(f"{where} is damaged ({said}); restore a backup.")
        return DatabaseError(f"{where}: {said}")


async def _rewrite(raw: Any, tables: set[str]) -> bool:
    """Rewrite tables; return False if some were too large."""
    vectors = tables & {Vectors.__tablename__}
    rewritten = await raw.rewrite(tables - vectors, most=backend.REWRITTEN_ROWS)
    return bool(await raw.rewrite(vectors, most=backend.REWRITTEN_VECTORS) and rewritten)


async def _cut_log(raw: Any) -> bool:
    """Merge the write-ahead log into the file; return False if a reader prevented it."""
    cursor = await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    busy, _, _ = (await cursor.fetchall())[0]
    return not busy


def _engine(path: Path, *, size: int, write: bool) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=size,
        max_overflow=0,
        pool_timeout=backend.POOL_SECONDS,
        hide_parameters=True,  # parameters contain people's words, which must not reach a log
        pool_reset_on_return=None,  # each unit of work ends by commit or rollback
        async_creator=lambda: SQLiteConnection(str(path)),
    )
    event.listen(engine.sync_engine, "connect", _prepare_connection(write=write))
    begin = BEGIN_WRITING if write else "BEGIN"
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare_connection(*, write: bool) -> Any:
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            f"query_only = {'OFF' if write else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare


class Cursor(aiosqlite.Cursor):
    """Fetches rows in the same call that executes the statement.

    aiosqlite switches to the connection's thread to open a cursor, to execute, to fetch and to close: four
    trips, each costlier than a short statement. Opening a cursor touches no file, and a cursor whose rows are
    fetched holds nothing that needs closing.
    """

    _rows: list[Any]

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> "Cursor":
        trip: Any = self._execute  # the driver leaves its arguments untyped
        self._rows = await trip(self._execute_and_fetch, sql, parameters or ())
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """Do nothing: the thread may still run a cancelled statement, and garbage collection closes it."""

    def _execute_and_fetch(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall()


class SQLiteConnection(aiosqlite.Connection):
    """A connection that makes one trip to its thread per statement."""

    def __init__(self, path: str) -> None:
        # BEGIN is issued explicitly; the driver would issue it too late.
        connect = partial(sqlite3.connect, path, isolation_level=None, check_same_thread=False)
        super().__init__(connect, iter_chunk_size=64)
        self._lent: SyncConnection | None = None
        self._abandoned = False
        """Whether the thread may still run a statement that was cancelled."""
        self._thread.daemon = True  # an abrupt exit does not wait for it

    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self, self._conn.cursor())

    def in_place(self, lender: InPlace) -> SyncConnection:
        """Return a SQLAlchemy connection that bypasses the thread."""
        if self._lent is None:
            self._lent = lender.over(self._conn)
        return self._lent

    async def begin(self, *, write: bool) -> None:
        """Begin a transaction immediately; while another program writes, wait for it in the thread."""
        if self._abandoned:
            await self._in_thread(bool)
            self._abandoned = False
        if not write:
            self._conn.execute("BEGIN")
            return
        self._conn.execute("PRAGMA busy_timeout = 0")
        try:
            self._conn.execute(BEGIN_WRITING)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        finally:
            self._conn.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        if not self._conn.in_transaction:
            await self._in_thread(self._conn.execute, BEGIN_WRITING)

    async def commit_now(self) -> None:
        """Commit. A cancelled caller waits for the end, because others begin after it."""
        if not self._conn.in_transaction:
            raise sqlite3.OperationalError("the transaction was ended, for the disk may be full")
        await self._in_thread(self._conn.commit)

    def roll_back(self) -> None:
        """Roll back an open transaction, if any."""
        self._conn.rollback()

    async def _execute(self, *given: Any, **more: Any) -> Any:
        """Run the driver's call in the thread."""
        trip: Any = super()._execute
        try:
            return await trip(*given, **more)
        except asyncio.CancelledError:
            self._abandoned = True
            raise

    async def _in_thread(self, do: Callable[..., object], *given: object) -> None:
        doing = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((doing, partial(do, *given)))
        await to_its_end(doing)

    async def rewrite(self, tables: Collection[str], *, most: int) -> bool:
        """Rewrite tables row by row, so that no deleted data remains (B10).

        secure_delete overwrites a row only in its current place. Page splits and merges leave older copies in
        unused parts of pages; a page that is freed is overwritten completely. Tables of more than `most` rows
        are skipped; False means that there were any.
        """
        trip: Any = self._execute
        return bool(await trip(_rewrite_now, self._conn, tables, most))


def _rewrite_now(connection: sqlite3.Connection, tables: Collection[str], most: int) -> bool:
    """Do everything in one trip, so that cancellation can't leave the connection in between."""
    # With foreign keys on, a table would be emptied row by row and referring rows deleted.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        connection.execute("BEGIN IMMEDIATE")
        small = [table for table in tables if not _has_more(connection, table, most)]
        for table in small:
            connection.execute(f'CREATE TEMP TABLE held AS SELECT * FROM main."{table}"')  # noqa: S608
            connection.execute(f'DELETE FROM main."{table}"')  # noqa: S608
            connection.execute(f'INSERT INTO main."{table}" SELECT * FROM held')  # noqa: S608
            connection.execute("DROP TABLE held")
        connection.execute("COMMIT")
        return len(small) == len(tables)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _has_more(connection: sqlite3.Connection, table: str, most: int) -> bool:
    query = f'SELECT 1 FROM main."{table}" LIMIT 1 OFFSET ?'  # noqa: S608
    return connection.execute(query, (most,)).fetchone() is not None
