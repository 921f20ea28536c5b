"""Preparation of the database file: create, check, copy and migrate it, or refuse it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from database import copies, schema
from database.errors import DatabaseCorrupt, DatabaseError

BACKUPS = "backups"
"""Folder beside the database for the program's own copies."""
LARGE = 32 << 20
"""Size in bytes from which a start checks only a part: a gigabyte would take seconds."""
GROWING = frozenset({"archive", "fact_changes", "fact_sources", "facts", "vectors"})
"""The tables that make a file large; in a large file they are checked a minute after the start."""


def prepare(path: Path, *, backups: Path) -> None:
    """Bring the file at `path` to the current schema, or raise and leave it untouched."""
    with copies.in_words(path, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        copies.discard(incoming(path))  # left by an interrupted restore
        if path.exists():
            check(path, backups=backups)
            copies.unseal(path)
            _migrate(path, backups=backups)
        else:
            _create(path)
        _use_wal(path)


def check(path: Path, *, backups: Path) -> None:
    """Raise DatabaseCorrupt if the file is damaged (faults B8); never write to it."""
    if path.stat().st_size == 0:
        raise DatabaseCorrupt(refusal(path, "it is empty", backups))
    try:
        with closing(copies.connect(path, "mode=rw")) as connection:
            found = _quick_check(connection, whole=path.stat().st_size < LARGE)
    except sqlite3.DatabaseError as error:
        if passing := copies.passing(error, path):
            raise passing from error
        raise DatabaseCorrupt(refusal(path, str(error), backups)) from error
    if found:
        raise DatabaseCorrupt(refusal(path, found, backups))


def _quick_check(connection: sqlite3.Connection, *, whole: bool) -> str | None:
    """Return the result of quick_check, for the whole file or for the tables that stay small."""
    if whole:
        return copies.verdict(connection, "quick_check")
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in tables:
        if name in GROWING:
            continue
        found = str(connection.execute(f"PRAGMA quick_check('{name}')").fetchone()[0])
        if found != "ok":
            return " ".join(found.split())
    return None


def check_copy(path: Path, *, backups: Path) -> None:
    """Raise unless a copy that nobody writes to is complete, sound, ours and of a known schema."""
    if found := copies.flaw(path):
        raise DatabaseCorrupt(refusal(path, found, backups))
    _judge(path, revision(path, in_use=False), "Name a backup of Masquerade.")


def copy(source: Path, target: Path, *, backups: Path | None = None, in_use: bool = True) -> None:
    """Copy a database: see copies.copy.

    If the source is damaged, the error names the newest sound copy in `backups`, by default the target's
    folder.
    """
    try:
        copies.copy(source, target, in_use=in_use)
    except DatabaseCorrupt as error:
        raise DatabaseCorrupt(refusal(source, str(error), backups or target.parent)) from error


def revision(path: Path, *, in_use: bool = True) -> str | None:
    """Return the file's schema revision; None if it is not one of our databases."""
    how = "mode=rw" if in_use else copies.at_rest(path)
    with closing(copies.connect(path, how)) as connection:
        if not connection.execute("PRAGMA table_info(alembic_version)").fetchall():
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found[0]) if found else None


def incoming(path: Path) -> Path:
    """Return the path at which the replacement of the database at `path` is assembled."""
    return path.with_name(f"{path.name}.restoring")


def refusal(path: Path, damage: str, backups: Path) -> str:
    """Return a message with the file, its damage, and the newest sound backup."""
    return f"{path} can't be used: {damage}. It was left as it is. {way_back(backups)}"


def way_back(backups: Path) -> str:
    """Return a message with the newest sound backup and how to restore it; each backup is read completely."""
    made = sorted(backups.glob("*.sqlite3"), key=lambda copy: copy.stat().st_mtime, reverse=True)
    if sound := next((copy for copy in made if _is_restorable(copy)), None):
        return f"The newest backup is {sound} (damaged ones left out): python main.py restore {sound}"
    return (
        f"There is no sound backup in {backups}. Restore one from elsewhere, or move the file away, with "
        "any -wal beside it, to start afresh."
    )


def _is_restorable(copy: Path) -> bool:
    """Return whether a copy can be restored."""
    if copies.flaw(copy):
        return False
    try:
        _judge(copy, revision(copy, in_use=False), "")
    except DatabaseError:
        return False
    return True


def _create(path: Path) -> None:
    """Build the database beside its place and move it there, so that no crash leaves an empty file."""
    if left := copies.left_beside(path):
        # SQLite would take it for the new database's journal and apply it.
        raise DatabaseError(f"{left} is there without its database. Put that back, or move both away.")
    fresh = path.with_name(path.name + ".new")
    copies.discard(fresh)
    try:
        with closing(sqlite3.connect(fresh)) as connection:
            connection.executescript(schema.WHOLE.read_text("utf-8"))
        fresh.chmod(0o600)
        fresh.replace(path)
    finally:
        copies.discard(fresh)
    copies.sync_folder(path.parent)


def _use_wal(path: Path) -> None:
    """Switch the file to a write-ahead log while nobody else has it open.

    Changing the journal mode locks out other connections at once, whatever their busy_timeout.
    """
    with closing(copies.connect(path, "mode=rw")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _migrate(path: Path, *, backups: Path) -> None:
    at = revision(path)
    if at == schema.head():
        return
    _judge(path, at, "Move it away and start again.")
    copy(path, backups / f"{path.stem}-before-{schema.head()}.sqlite3")
    _upgrade(path)


def _judge(path: Path, at: str | None, mend: str) -> None:
    """Raise if this program can't migrate a file of this revision (faults B16)."""
    update = "Update the program, or restore a backup made by this version."
    schema.judge(path, at, not_ours=f"is a SQLite file, but not one of ours. {mend}", mend=update)


def _upgrade(path: Path) -> None:
    """Run pending migrations and erase the data they dropped."""
    with _connected(path) as connection:
        schema.upgrade(connection)
    with closing(copies.connect(path, "mode=rw")) as connection:
        # Data of dropped tables would remain in unused pages.
        connection.execute("VACUUM")
        connection.execute("DELETE FROM global_state WHERE key = 'to be written anew'")
        connection.commit()


@contextmanager
def _connected(path: Path) -> Iterator[Connection]:
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise error.orig or error from error
    finally:
        engine.dispose()
