"""Backups: made while the bot runs, restored, and checked every night."""

import asyncio
import logging
import os
import re
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from database import copies, files
from database.errors import DatabaseError

log = logging.getLogger(__name__)

BROKEN_OFF = timedelta(days=1)
"""Age at which an unfinished copy is abandoned: its process was killed."""
_BESIDE = "(-wal|-shm|-journal)?"


@dataclass(frozen=True, slots=True)
class Content:
    """Statistics of a database file: size in bytes, schema revision, rows in all tables."""

    size: int
    schema: str
    rows: int
    tables: int

    def __str__(self) -> str:
        return f"{self.size / 1e6:.1f} MB, schema {self.schema}, {self.rows:,} rows in {self.tables} tables"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the database; `goes` is when it expires, None for a copy that the program didn't make
    itself."""

    name: str
    goes: datetime | None


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored database, and where the replaced one is kept."""

    content: Content
    kept: Path | None


def back_up(path: Path, target: Path, *, backups: Path, force: bool = False) -> Content:
    """Write a complete copy of the database at `path`, which may be in use, to `target` (C92).

    Raises DatabaseError and leaves `target` unchanged if the copy can't be written or proves damaged, or if
    `target` exists (unless `force`) or is a part of the database itself. If only the last part of the folder
    is missing, it is created with access for its owner alone.
    """
    with copies.in_words(path, target):
        if not path.exists():
            raise DatabaseError(f"There is no database in {path.parent} yet; the first start makes it.")
        place = target.resolve()  # a link stays a link; its target is written
        if objection := _objection(path, place, force=force):
            raise DatabaseError(objection)
        files.copy(path, place, backups=backups)
        return _content(place)


def restore(backup: Path, path: Path, *, backups: Path, at: datetime) -> Restored:
    """Replace the database at `path`, which nobody may have open, by `backup` (C92).

    `backup` must have passed `check`. The replaced database is kept in `backups` under a name with the time
    `at` (UTC). A single rename switches to the new one, so a crash leaves either the old or the new. Raises
    DatabaseError without having changed anything.
    """
    fresh = files.incoming(path)
    with copies.in_words(backup, path):
        copies.discard(fresh)
        try:
            files.copy(backup, fresh, backups=backups, in_use=False)
            restored = Restored(_content(fresh), _keep(path, _free_name(backups, path, at)))
            # SQLite would apply the old database's journal files to the new one.
            copies.discard_beside(path)
            copies.sync_folder(path.parent)
            fresh.replace(path)
            copies.sync_folder(path.parent)
        finally:
            copies.discard(fresh)
    return restored


def check(backup: Path, path: Path, *, backups: Path) -> None:
    """Raise DatabaseError, with one sentence, if `backup` can't replace `path`."""
    with copies.in_words(path, backup):
        if not backup.is_file():
            raise DatabaseError(f"{backup} is {'no file' if backup.exists() else 'not there'}.")
        if path.exists() and backup.samefile(path):
            raise DatabaseError(f"{backup} is the database itself, not a backup of it.")
        files.check_copy(backup, backups=backups)


def expire(path: Path, *, backups: Path, now: datetime, kept: timedelta) -> None:
    """Remove the program's own copies of the database at `path` that are older than `kept`.

    They contain what people said, so they must not outlast its erasure. Other people's files in the folder
    stay.
    """
    own = _own_names(path)
    unfinished = re.compile(rf"\..+\.[a-z0-9_]{{8}}\.partial{_BESIDE}")
    _remove(backups, own, before=now - kept)
    for folder in (backups, path.parent):
        _remove(folder, unfinished, before=now - BROKEN_OFF)


def copies_of(path: Path, *, backups: Path, kept: timedelta) -> tuple[Copy, ...]:
    """Return the copies in the folder `backups`: they still contain data forgotten since then (B10)."""
    own, copies_there = _own_names(path), []
    try:
        for file in sorted(file for file in backups.iterdir() if file.is_file()):
            if not re.search(rf"{_BESIDE[:-1]}$", file.name):
                goes = datetime.fromtimestamp(file.stat().st_mtime, UTC) + kept
                copies_there.append(Copy(file.name, goes if own.fullmatch(file.name) else None))
    except FileNotFoundError:
        return ()
    return tuple(copies_there)


class NightWatch:
    """Checks the whole database once a night and removes expired copies.

    `kept` is their lifetime; `tell` informs the operator, once per damage.
    """

    def __init__(
        self, path: Path, *, kept: timedelta, now: Callable[[], datetime], tell: Callable[[str], None]
    ) -> None:
        self._path = path
        self._backups = path.parent / files.BACKUPS
        self._kept = kept
        self._now = now
        self._tell = tell
        self._told: str | None = None

    @property
    def is_large(self) -> bool:
        """Whether the start checks only a part of the file; the rest is checked soon after."""
        return self._path.exists() and self._path.stat().st_size >= files.LARGE

    async def look(self) -> None:
        """Check the whole database, in a thread because it takes long."""
        begun = time.monotonic()
        found = await asyncio.to_thread(copies.damage, self._path)
        verdict = f"is damaged: {found}" if found else "is sound"
        log.info("The whole database was read in %.1f s and %s", time.monotonic() - begun, verdict)
        if found and found != self._told:
            mend = await asyncio.to_thread(files.way_back, self._backups)
            self._tell(f"{self._path} is damaged: {found}. Stop the bot and restore a backup. {mend}")
        self._told = found
        if not found:  # otherwise a copy may be needed for the repair
            await self.expire()

    async def expire(self) -> None:
        """Remove expired copies."""
        now = self._now()
        await asyncio.to_thread(expire, self._path, backups=self._backups, now=now, kept=self._kept)


def _own_names(path: Path) -> re.Pattern[str]:
    """Return the pattern of names that the program gives its own copies of a database."""
    return re.compile(rf"{re.escape(path.stem)}-before-(\d{{4}}|[a-z]+-\d{{8}}T\d{{6}}Z)\.sqlite3{_BESIDE}")


def _objection(path: Path, place: Path, *, force: bool) -> str | None:
    """Return the reason why a backup of `path` must not be written to `place`, if any."""
    beside_it = place.parent == path.parent.resolve() and place.name.startswith(f"{path.stem}.")
    if beside_it or (place.exists() and place.samefile(path)):
        return f"{place} is the database itself, or belongs to it; name another file."
    if place.is_dir():
        return f"{place} is a folder; name a file in it."
    if not (place.parent.is_dir() or _is_creatable(place.parent)):
        return f"There is no folder {place.parent}; make it, or name a file elsewhere."
    if place.exists() and not place.is_file():
        return f"{place} is no ordinary file."
    if place.exists() and not force:
        return f"{place} is there already; name another file, or add --force to overwrite it."
    return None


def _is_creatable(folder: Path) -> bool:
    """Return whether only the last part of the path is missing; more than that is probably a typing error."""
    return not folder.exists() and folder.parent.is_dir()


def row_counts(path: Path, *, in_use: bool = False) -> dict[str, int]:
    """Return the number of rows in each table of a database file."""
    with closing(copies.connect(path, "mode=ro" if in_use else copies.at_rest(path))) as connection:
        named = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        tables = [name for (name,) in named if name != "alembic_version" and not name.startswith("sqlite_")]
        count = 'SELECT count(*) FROM "{}"'.format
        return {name: connection.execute(count(name)).fetchone()[0] for name in tables}


def _content(path: Path) -> Content:
    counts = row_counts(path)
    schema = files.revision(path, in_use=False) or "unknown"
    return Content(path.stat().st_size, schema, rows=sum(counts.values()), tables=len(counts))


def _free_name(backups: Path, path: Path, at: datetime) -> Path:
    """Return an unused name: two restores within a second need different names."""
    while True:
        name = backups / f"{path.stem}-before-restore-{at:%Y%m%dT%H%M%SZ}.sqlite3"
        if not (name.exists() or copies.left_beside(name)):
            return name
        at += timedelta(seconds=1)


def _keep(path: Path, target: Path) -> Path | None:
    """Copy the database at `path` to `target` and merge its journal into the file, unless it is damaged.

    A damaged database is copied byte by byte, because SQLite would omit unreadable parts.
    """
    if path.exists() and path.stat().st_size and not copies.damage(path):
        copies.fold(path)
        copies.copy(path, target)
        return target
    if not (path.exists() or copies.left_beside(path)):
        return None
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = [_keep_bytes(path, target, ending) for ending in ("", "-wal", "-journal")]
    copies.sync_folder(target.parent)
    return next((file for file in kept if file), None)


def _keep_bytes(path: Path, target: Path, ending: str) -> Path | None:
    source, kept = path.with_name(path.name + ending), target.with_name(target.name + ending)
    if not source.exists() or (ending and not source.stat().st_size):
        return None
    descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as old, os.fdopen(descriptor, "wb") as new:
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())
    return kept


def _remove(folder: Path, name: re.Pattern[str], *, before: datetime) -> None:
    """Remove files with matching names that were last written before a moment."""
    try:
        for file in [file for file in folder.iterdir() if name.fullmatch(file.name)]:
            if file.stat().st_mtime < before.timestamp():
                file.unlink()
    except FileNotFoundError:
        return  # no folder, no copies
    except OSError as error:
        log.warning("Old copies of the database can't be removed: %s", error)
