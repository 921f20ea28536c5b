"""A SQLite file: how it is opened, cleared of what was deleted, and what its errors mean."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from database import backend
from database.connection import Connection
from database.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseFull
from database.models import Vectors

BUSY_MILLISECONDS = 5_000


class SqliteFile:
    """A file with one writer and a few readers.

    SQLite lets one connection write at a time. Queueing writers here, before they reach the file,
    keeps the order fair and never fails with "database is locked" (faults B6).
    """

    discreet = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.writer = _engine(path, size=1, write=True)
        self.reader = _engine(path, size=backend.READERS, write=False)

    @property
    def place(self) -> str:
        return str(self._path)

    def named(self, error: DBAPIError | OSError) -> DatabaseError:
        return self._named(str(error.strerror if isinstance(error, OSError) else error.orig))

    async def size(self) -> int:
        """Return the bytes of the file and of its write-ahead log."""
        return await asyncio.to_thread(self._size)

    async def check_writer(self) -> None:
        async with self.writer.begin():  # takes the file's lock
            pass

    async def scrub(self, tables: Collection[str]) -> bool:
        """Take what was deleted out of the file and its write-ahead log, wherever it was left (B10)."""
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
        """Lend the writer's own connection: a checkpoint can't run within a transaction of SQLAlchemy's."""
        async with self.writer.connect() as connection:
            try:
                yield (await connection.get_raw_connection()).driver_connection
            except sqlite3.Error as error:
                raise self._named(str(error)) from error

    def _size(self) -> int:
        files_of = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(one.stat().st_size for one in files_of if one.exists())

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
    """Write tables anew; False when some were too large."""
    vectors = tables & {Vectors.__tablename__}
    rewritten = await raw.rewrite(tables - vectors, most=backend.REWRITTEN_ROWS)
    return bool(await raw.rewrite(vectors, most=backend.REWRITTEN_VECTORS) and rewritten)


async def _cut_log(raw: Any) -> bool:
    """Take the write-ahead log into the file; False when somebody was reading just then."""
    cursor = await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    busy, _, _ = (await cursor.fetchall())[0]
    return not busy


def _engine(path: Path, *, size: int, write: bool) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=size,
        max_overflow=0,
        pool_timeout=backend.POOL_SECONDS,
        hide_parameters=True,  # parameters are what people said: they must not reach a log
        pool_reset_on_return=None,  # each unit of work ends by commit or rollback
        async_creator=lambda: Connection(str(path)),
    )
    event.listen(engine.sync_engine, "connect", _prepare_connection(write=write))
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare_connection(*, write: bool) -> Any:
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            f"query_only = {'OFF' if write else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare
