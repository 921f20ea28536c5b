"""A connection to SQLite that makes one trip to its thread for each statement."""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

import aiosqlite


class Cursor(aiosqlite.Cursor):
    """Fetches where it executes.

    aiosqlite goes to the connection's thread and back to open a cursor, to execute, to fetch and to
    close: four trips, each dearer than a short statement. Opening one touches no file, and a cursor
    whose rows are all fetched holds nothing that would need closing.
    """

    _rows: list[Any]

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> "Cursor":
        trip: Any = self._execute  # the driver leaves its arguments untyped
        self._rows = await trip(self._execute_and_fetch, sql, parameters or ())
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def close(self) -> None:
        """Leave it to the last reference: the thread may still be busy with a cancelled statement."""

    def _execute_and_fetch(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall()


class Connection(aiosqlite.Connection):
    """Hands out such cursors."""

    def __init__(self, path: str) -> None:
        # We say BEGIN ourselves; the driver would say it too late.
        connect = partial(sqlite3.connect, path, isolation_level=None, check_same_thread=False)
        super().__init__(connect, iter_chunk_size=64)
        self._thread.daemon = True  # a process that ends in a hurry does not wait for it

    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self, self._conn.cursor())

    async def rewrite(self, tables: Collection[str], *, most: int) -> bool:
        """Write tables anew, row by row: what is deleted in them stands nowhere else then (B10).

        secure_delete wipes a row where it stands. Where pages were split or joined while it lived, copies
        of it are left in what became unused of them; a page that is given up is wiped as a whole. Tables
        of more than `most` rows are left alone; False says that there were any.
        """
        trip: Any = self._execute
        return bool(await trip(_rewrite, self._conn, tables, most))


def _rewrite(connection: sqlite3.Connection, tables: Collection[str], most: int) -> bool:
    """Do it in one trip: nobody who is cancelled meanwhile leaves the connection half-way."""
    # With foreign keys a table is emptied row by row, and what refers to it goes too.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        connection.execute("BEGIN IMMEDIATE")
        small = [one for one in tables if not _has_more(connection, one, most)]
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
