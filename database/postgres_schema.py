"""Preparation of a PostgreSQL database: inspect it, create or migrate the schema, or refuse it."""

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from database import schema
from database.errors import DatabaseError

OLDEST = 14
"""The oldest supported version of PostgreSQL."""
_TEXTS = text("""
    SELECT c.relname, a.attname,
        a.atttypid = 'varchar'::regtype OR a.attcollation NOT IN (0, '"C"'::regcollation)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
    AND c.relname <> 'alembic_version' AND a.attnum > 0 AND NOT a.attisdropped
    AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'json'::regtype, 'bytea'::regtype)
""")
"""Query for all text and binary columns: table, name, and whether its type differs from the SQLite file's."""


@dataclass(frozen=True, slots=True)
class FoundDatabase:
    """State of a database: server version, encoding, schema revision, tables."""

    version: int
    encoding: str
    revision: str | None
    tables: frozenset[str]


def look(connection: Connection) -> FoundDatabase:
    """Inspect a database without changing it."""
    version = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    encoding = str(connection.scalar(text("SHOW server_encoding")))
    tables = frozenset(inspect(connection).get_table_names())
    query = text("SELECT version_num FROM alembic_version")
    at = connection.scalar(query) if "alembic_version" in tables else None
    return FoundDatabase(version, encoding, at, tables)


def check(place: str, found: FoundDatabase) -> None:
    """Raise DatabaseError or DatabaseTooNew if a database can be neither used nor migrated."""
    if found.version < OLDEST:
        raise DatabaseError(
            f"{place} is of version {found.version}; {OLDEST} is the first that this runs on."
        )
    if found.encoding != "UTF8":
        raise DatabaseError(
            f"{place} keeps text as {found.encoding}. Make one with: createdb --encoding=UTF8"
        )
    if found.tables:
        restore = "Update the program, or restore a backup made by this version."
        empty = "holds tables that are not ours. Give Masquerade an empty database of its own."
        schema.judge(place, found.revision, not_ours=empty, mend=restore)


def bring_up_to_date(connection: Connection, place: str) -> None:
    """Fill an empty database or migrate one of ours, completely or not at all."""
    found = look(connection)
    check(place, found)
    if found.revision == schema.head():
        return
    schema.upgrade(connection)
    _as_in_a_file(connection)


def _as_in_a_file(connection: Connection) -> None:
    """Store texts as SQLite does, and nowhere else.

    Without length limits: one database must not refuse what the other accepts. Sorted by code point on every
    machine: another version of a locale would corrupt indexes. And without planner statistics, which would
    outlast the erasure of the rows.
    """
    for table, column, differs in connection.execute(_TEXTS).all():
        changes = [f'ALTER COLUMN "{column}" SET STATISTICS 0']
        if differs:
            changes.append(f'ALTER COLUMN "{column}" TYPE text COLLATE "C"')
        connection.execute(text(f'ALTER TABLE "{table}" {", ".join(changes)}'))
