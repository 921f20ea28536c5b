"""Administration of a PostgreSQL database, and moving a SQLite file into one."""

import asyncio
import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sqlalchemy import URL, Connection, Table, create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from database import copies, files, postgres_schema
from database.errors import DatabaseError
from database.models import Row
from database.postgres import PostgresServer, place_of
from database.postgres_faults import require_driver
from database.postgres_schema import FoundDatabase

__all__ = [
    "FoundDatabase",
    "backup_command",
    "check",
    "look",
    "move",
    "place_of",
    "require_driver",
    "restore_command",
]

_AT_ONCE = 1_000
"""Rows moved per statement."""
_SECRET = frozenset({"password", "passfile", "sslpassword"})
"""Parameters that printed commands omit."""


async def look(url: str) -> FoundDatabase:
    """Inspect a database without changing it, even while the bot runs; raises DatabaseError."""
    server = PostgresServer(url)
    try:
        async with server.reader.connect() as connection:
            return await connection.run_sync(postgres_schema.look)
    except DBAPIError as error:
        raise server.named(error) from None
    finally:
        await server.close()


def check(url: str, found: FoundDatabase) -> None:
    """Raise DatabaseError or DatabaseTooNew if the database can't be used."""
    postgres_schema.check(place_of(url), found)


def backup_command(url: str, file: Path) -> str:
    """Return the command that dumps a database into a file; it prompts for the password."""
    return f"pg_dump --format=custom --file={shlex.quote(str(file))} {_without_password(url)}"


def restore_command(url: str, file: Path) -> str:
    """Return the command that restores such a dump into an empty database."""
    options = "--no-owner --single-transaction"
    return f"pg_restore {options} --dbname={_without_password(url)} {shlex.quote(str(file))}"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    kept = [
        parameter
        for parameter in parse_qsl(parts.query, keep_blank_values=True)
        if parameter[0].lower() not in _SECRET
    ]
    query = urlencode(kept, safe="/", quote_via=quote)
    return shlex.quote(urlunsplit(("postgresql", f"{user}{host}{port}", parts.path, query, "")))


# Move: everything in a SQLite file goes into an empty database, completely or not at all.


async def move(path: Path, url: str, *, backups: Path) -> Mapping[str, int]:
    """Copy every row of the database at `path`, which nobody may have open; return the row counts by table.

    The file is migrated first and otherwise unchanged. Raises DatabaseError, also if the target is not empty;
    the target is then unchanged.
    """
    await asyncio.to_thread(_ready, path, backups)
    server = PostgresServer(url)
    try:
        await server.prepare()
        async with server.patient() as connection:
            return await _filled(connection, path, server.place)
    except DBAPIError as error:
        raise server.named(error) from None
    finally:
        await server.close()


def _ready(path: Path, backups: Path) -> None:
    if not path.exists():
        raise DatabaseError(f"{path} is not there: there is nothing to move.")
    files.prepare(path, backups=backups)


async def _filled(connection: AsyncConnection, path: Path, place: str) -> dict[str, int]:
    tables = Row.metadata.sorted_tables
    for table in tables:
        if await connection.scalar(select(func.count()).select_from(table)):
            raise DatabaseError(
                f"{place} holds something already ({table.name}). Move into an empty one; "
                "dropdb and createdb empty it, with all that is in it: see docs/operating.md."
            )
    last = _last_ids(path)
    moved = {}
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
    with engine.connect() as source:
        for table in tables:
            moved[table.name] = 0
            for rows in _rows(source, table):
                await connection.execute(insert(table), rows)
                moved[table.name] += len(rows)
            await _count_on(connection, table, last.get(table.name, 0))
    return moved


def _rows(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    for batch in source.execute(select(table)).mappings().partitions(_AT_ONCE):
        yield [dict(row) for row in batch]


def _last_ids(path: Path) -> dict[str, int]:
    """Return the last id that each table ever assigned: ids are never reused, because menus may show them."""
    with closing(copies.connect(path, "mode=ro")) as connection:
        return dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())


async def _count_on(connection: AsyncConnection, table: Table, last: int) -> None:
    """Continue a table's ids after the last one."""
    key = table.autoincrement_column
    if key is None:
        return
    sequence = await connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": key.name}
    )
    highest = max(last, int(await connection.scalar(select(func.max(key))) or 0))
    if sequence and highest:
        await connection.execute(
            text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest}
        )
