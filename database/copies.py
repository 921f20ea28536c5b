"""Copies of a database: made while it is in use, sealed, and looked at without touching them."""

import errno
import os
import shutil
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from database.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseFull

_USER_VERSION, _APPLICATION_ID = slice(60, 64), slice(68, 72)
_SEALED = b"MASQ"
LEAST_ROOM = 1 << 17
"""Bytes on a disk, of which SQLite takes 32 KB for what its connections share: with less, that may fail."""
PASSING_TABLES = ("prompts", "system_prompts")
"""What is kept for hours alone: a copy lives for days, and holds none of it."""
UNREADABLE = "a name in its schema can't be read"
"""What SQLite would say with the name in it, and the driver can't pass on: it takes UTF-8 only."""


def copy(source: Path, target: Path, *, in_use: bool = True) -> None:
    """Copy a database that may be in use: whole, checked, sealed, and in its place all at once.

    Copying the file alone would miss the WAL (faults B9). Raises DatabaseCorrupt with what is wrong
    with the source, DatabaseFull, DatabaseBusy or DatabaseError; the target is then as it was.
    """
    with in_words(source, target):
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if left := left_beside(target):
            raise DatabaseError(f"{left} belongs to another database: move it away, or name another file.")
        with _partial(target) as partial:
            _copy_pages(source, partial, in_use=in_use)
            if found := damage(partial, in_use=False):
                raise DatabaseCorrupt(found)
            _seal(partial)
            partial.replace(target)
        sync_folder(target.parent)


def damage(path: Path, *, in_use: bool = True) -> str | None:
    """Say what integrity_check finds wrong with a database; None when it is sound. It only reads.

    It takes longer than the quick_check of every start, and sees more (faults B8).
    """
    try:
        with closing(connect(path, "mode=ro" if in_use else at_rest(path))) as connection:
            return verdict(connection, "integrity_check")
    except sqlite3.DatabaseError as error:
        if _name(error) == "SQLITE_BUSY":
            raise DatabaseBusy(f"{path} is held by another program.") from error
        return str(error)


def flaw(path: Path) -> str | None:
    """Say what is wrong with a copy that nobody writes to; None when it is whole and sound."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
            if not head:
                return "it is empty"
            if head[_APPLICATION_ID] == _SEALED and head[_USER_VERSION] != _checksum(file):
                return "it is not as it was when it was made (its checksum differs)"
        return damage(path, in_use=False)
    except OSError as error:
        return f"it can't be read ({error.strerror})"


def unseal(path: Path) -> None:
    """Take the checksum out of a copy that becomes a database again: it would not hold for long."""
    with in_words(path, path), closing(connect(path, "mode=rw")) as connection:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        if mark == int.from_bytes(_SEALED, "big"):
            connection.executescript("BEGIN; PRAGMA application_id = 0; PRAGMA user_version = 0; COMMIT")


def fold(path: Path) -> None:
    """Take everything that stands beside a database into it, so that the one file is all of it.

    Raises DatabaseBusy while anybody else has it open, DatabaseCorrupt when it can't be read.
    """
    with in_words(path, path), closing(connect(path, "mode=rw")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Open a database that exists."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True)
    connection.text_factory = lambda text: text.decode(errors="replace")  # a damaged name is no UTF-8
    return connection


def at_rest(path: Path) -> str:
    """Return how to open a copy: nothing is made beside it, so it may lie where nobody can write."""
    return "mode=ro" if left_beside(path) else "mode=ro&immutable=1"


def verdict(connection: sqlite3.Connection, pragma: str) -> str | None:
    """Return the first thing that quick_check or integrity_check finds; None when all is well."""
    try:
        found = str(connection.execute(f"PRAGMA {pragma}(1)").fetchone()[0])
    except UnicodeDecodeError:
        return UNREADABLE
    return None if found == "ok" else " ".join(found.removeprefix("*** in database main ***").split())


def left_beside(path: Path) -> Path | None:
    """Return a file in which SQLite would look for changes of the database at `path`, if there is one."""
    beside = (path.with_name(path.name + ending) for ending in ("-wal", "-journal"))
    return next((file for file in beside if file.exists() and file.stat().st_size), None)


def discard(path: Path) -> None:
    """Remove a database, if there is one, with all that stands beside it."""
    path.unlink(missing_ok=True)
    discard_beside(path)


def discard_beside(path: Path) -> None:
    """Remove what stands beside a database: SQLite would apply it to whatever takes its place."""
    for ending in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """See to it that the names in a folder outlast a power cut, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def in_words(source: Path, target: Path) -> Iterator[None]:
    """Turn what the system and SQLite say about a copy into an error that names the mend."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(target) from error
        raise DatabaseError(f"{target} can't be written: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DatabaseCorrupt(UNREADABLE) from error
    except sqlite3.DatabaseError as error:
        raise _named(error, source, target) from error


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """Make an empty file beside `target`, which only its owner reads; it is gone in the end."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".partial")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        discard(Path(name))


def _copy_pages(source: Path, partial: Path, *, in_use: bool) -> None:
    how = "mode=rw" if in_use else at_rest(source)
    with closing(connect(source, how)) as old, closing(sqlite3.connect(partial)) as new:
        old.backup(new)
        _leave_out(new, PASSING_TABLES)
        new.execute("PRAGMA journal_mode = DELETE")  # complete on its own, with nothing beside it
    if not partial.stat().st_size:
        raise DatabaseCorrupt("it is empty")


def _leave_out(connection: sqlite3.Connection, tables: tuple[str, ...]) -> None:
    """Delete what a copy must not outlive, and every trace of it in the copy's pages."""
    connection.execute("PRAGMA secure_delete = ON")
    for table in tables:
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone():
            connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of ours
    connection.commit()


def _seal(path: Path) -> None:
    """Write the file's own checksum into it: integrity_check overlooks a bit that flips in a text.

    It stands in a field of the header that SQLite leaves to programs, user_version; application_id
    says that it does.
    """
    with path.open("r+b") as file:
        file.seek(_APPLICATION_ID.start)
        file.write(_SEALED)
        checksum = _checksum(file)
        file.seek(_USER_VERSION.start)
        file.write(checksum)
        file.flush()
        os.fsync(file.fileno())


def _checksum(file: BinaryIO) -> bytes:
    """Return the CRC-32 of all of a database file but the four bytes in which it is kept."""
    file.seek(0)
    start = bytearray(file.read(100))
    start[_USER_VERSION] = bytes(4)
    crc = zlib.crc32(start)
    while chunk := file.read(1 << 20):
        crc = zlib.crc32(chunk, crc)
    return crc.to_bytes(4, "big")


def passing(error: sqlite3.DatabaseError, source: Path, target: Path | None = None) -> DatabaseError | None:
    """Return what it means where the file itself is well, but held by others or without room beside it."""
    name, target = _name(error), target or source
    if name == "SQLITE_FULL":
        return _no_room(target)
    if name.startswith("SQLITE_IOERR") and (full := [one for one in (source, target) if _is_full(one)]):
        return _no_room(full[0])  # the file that SQLite shares with others can't be made
    if name.startswith("SQLITE_CANTOPEN") and source.is_file():
        return DatabaseError(
            f"{source} can't be opened: this user has to be able to write in {source.parent}."
        )
    if name in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return DatabaseBusy(f"{source} is held by another program. Stop that, and try again.")
    return None


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LEAST_ROOM
    except OSError:
        return False


def _named(error: sqlite3.DatabaseError, source: Path, target: Path) -> DatabaseError:
    if found := passing(error, source, target):
        return found
    name = _name(error)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DatabaseCorrupt(str(error))
    what = "written" if source == target else f"copied to {target}"
    return DatabaseError(f"{source} can't be {what}: {error}.")


def _name(error: sqlite3.DatabaseError) -> str:
    return getattr(error, "sqlite_errorname", "")  # the driver's own errors have none


def _no_room(target: Path) -> DatabaseFull:
    return DatabaseFull(f"There is no room left in {target.parent} for {target.name}: free some disk space.")
