"""Copies of a database: made while it is in use, sealed with a checksum, checked read-only."""

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
"""Minimum free bytes on a disk: SQLite's shared memory file takes 32 KB."""
PASSING_TABLES = ("prompts", "system_prompts")
"""Tables whose rows live for hours only; copies live for days and omit them."""
UNREADABLE = "a name in its schema can't be read"
"""Replaces SQLite's message with the name in it, which the driver can't decode: it accepts UTF-8 only."""


def copy(source: Path, target: Path, *, in_use: bool = True) -> None:
    """Copy a database that may be in use: complete, checked, sealed and moved into place atomically.

    Copying only the file would miss the WAL (faults B9). Raises DatabaseCorrupt with the source's damage,
    DatabaseFull, DatabaseBusy or DatabaseError; the target is then unchanged.
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
    """Return the result of integrity_check on a database, None if it is sound; read-only.

    It takes longer than the quick_check at each start, and detects more (faults B8).
    """
    try:
        with closing(connect(path, "mode=ro" if in_use else at_rest(path))) as connection:
            return verdict(connection, "integrity_check")
    except sqlite3.DatabaseError as error:
        if _name(error) == "SQLITE_BUSY":
            raise DatabaseBusy(f"{path} is held by another program.") from error
        return str(error)


def flaw(path: Path) -> str | None:
    """Return what is wrong with a copy that nobody writes to; None if it is complete and sound."""
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
    """Remove the checksum from a copy that becomes a live database: the next write would invalidate it."""
    with in_words(path, path), closing(connect(path, "mode=rw")) as connection:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        if mark == int.from_bytes(_SEALED, "big"):
            connection.executescript("BEGIN; PRAGMA application_id = 0; PRAGMA user_version = 0; COMMIT")


def fold(path: Path) -> None:
    """Merge a database's journal into the file, so that the file alone is complete.

    Raises DatabaseBusy while another process has it open, DatabaseCorrupt if it can't be read.
    """
    with in_words(path, path), closing(connect(path, "mode=rw")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Open an existing database."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{options}", uri=True)
    connection.text_factory = lambda text: text.decode(errors="replace")  # damaged names may be invalid UTF-8
    return connection


def at_rest(path: Path) -> str:
    """Return the options that open a copy without creating files, so that read-only folders work."""
    return "mode=ro" if left_beside(path) else "mode=ro&immutable=1"


def verdict(connection: sqlite3.Connection, pragma: str) -> str | None:
    """Return the first finding of quick_check or integrity_check; None if there is none."""
    try:
        found = str(connection.execute(f"PRAGMA {pragma}(1)").fetchone()[0])
    except UnicodeDecodeError:
        return UNREADABLE
    return None if found == "ok" else " ".join(found.removeprefix("*** in database main ***").split())


def left_beside(path: Path) -> Path | None:
    """Return a non-empty journal file of the database at `path`, or None."""
    beside = (path.with_name(path.name + ending) for ending in ("-wal", "-journal"))
    return next((file for file in beside if file.exists() and file.stat().st_size), None)


def discard(path: Path) -> None:
    """Remove a database, if it exists, and its journal files."""
    path.unlink(missing_ok=True)
    discard_beside(path)


def discard_beside(path: Path) -> None:
    """Remove a database's journal files: SQLite would apply them to its replacement."""
    for ending in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that they survive a power cut, if the system supports it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def in_words(source: Path, target: Path) -> Iterator[None]:
    """Translate errors of the system and of SQLite into errors that name the remedy."""
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
    """Create an empty file beside `target`, readable by its owner only, and remove it at the end."""
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
        _erase_rows(new, PASSING_TABLES)
        new.execute("PRAGMA journal_mode = DELETE")  # complete in itself, without journal files
    if not partial.stat().st_size:
        raise DatabaseCorrupt("it is empty")


def _erase_rows(connection: sqlite3.Connection, tables: tuple[str, ...]) -> None:
    """Delete tables' rows from a copy, and overwrite their traces in its pages."""
    connection.execute("PRAGMA secure_delete = ON")
    for table in tables:
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone():
            connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - names of ours
    connection.commit()


def _seal(path: Path) -> None:
    """Write the file's own checksum into it: integrity_check overlooks a flipped bit in a text.

    The checksum is stored in user_version, a header field that SQLite leaves to programs; application_id
    marks its presence.
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
    """Return the CRC-32 of a database file without the four bytes that store it."""
    file.seek(0)
    start = bytearray(file.read(100))
    start[_USER_VERSION] = bytes(4)
    crc = zlib.crc32(start)
    while chunk := file.read(1 << 20):
        crc = zlib.crc32(chunk, crc)
    return crc.to_bytes(4, "big")


def passing(error: sqlite3.DatabaseError, source: Path, target: Path | None = None) -> DatabaseError | None:
    """Return the error for an intact file that is locked or lacks disk space; None for other errors."""
    name, target = _name(error), target or source
    if name == "SQLITE_FULL":
        return _no_room(target)
    if name.startswith("SQLITE_IOERR") and (full := [file for file in (source, target) if _is_full(file)]):
        return _no_room(full[0])  # SQLite's shared memory file can't be created
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
    action = "written" if source == target else f"copied to {target}"
    return DatabaseError(f"{source} can't be {action}: {error}.")


def _name(error: sqlite3.DatabaseError) -> str:
    return getattr(error, "sqlite_errorname", "")  # the driver's own errors have no name


def _no_room(target: Path) -> DatabaseFull:
    return DatabaseFull(f"There is no room left in {target.parent} for {target.name}: free some disk space.")
