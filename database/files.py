"""The database file before it is opened: created, checked, backed up and migrated, or refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from database.errors import DatabaseCorrupt, DatabaseError, DatabaseTooNew

MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(path: Path, *, backups: Path) -> None:
    """Bring the file at `path` to the current schema, or raise and leave it untouched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        check(path, backups=backups)
        _migrate(path, backups=backups)
    else:
        _create(path)


def check(path: Path, *, backups: Path) -> None:
    """Raise DatabaseCorrupt when the file is damaged (faults B8); never write to it."""
    if path.stat().st_size == 0:
        raise DatabaseCorrupt(_damage(path, "it is empty", backups))
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA quick_check")]
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise DatabaseError(f"{path} is held by another program.") from error
        raise DatabaseCorrupt(_damage(path, str(error), backups)) from error
    if found != ["ok"]:
        raise DatabaseCorrupt(_damage(path, found[0], backups))


def revision(path: Path) -> str | None:
    """Return the schema revision that the file says it has."""
    with _connected(path) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """Return the schema revision of this program."""
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert newest is not None
    return newest


def copy(source: Path, target: Path) -> None:
    """Copy a database that may be in use (copying the file alone would miss the WAL, faults B9)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(partial)) as new:
        old.backup(new)
    partial.chmod(0o600)
    partial.replace(target)


def _create(path: Path) -> None:
    """Build the file beside its place and move it there, so that an empty file is never a fresh start."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    _upgrade(fresh)
    fresh.chmod(0o600)
    fresh.replace(path)


def _migrate(path: Path, *, backups: Path) -> None:
    at = revision(path)
    if at == head():
        return
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if at is None:
        raise DatabaseError(f"{path} is a SQLite file, but not one of ours. Move it away and start again.")
    if at not in known:
        raise DatabaseTooNew(
            f"{path} was written by a later version of Masquerade (schema {at}, this one knows {head()}). "
            "Update the program, or restore a backup made by this version."
        )
    copy(path, backups / f"{path.stem}-before-{head()}.sqlite3")
    _upgrade(path)


def _upgrade(path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _connected(path) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _connected(path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _damage(path: Path, what: str, backups: Path) -> str:
    """Say which file, what is wrong with it and which backup is the newest."""
    made = sorted(backups.glob("*.sqlite3"), key=lambda backup: backup.stat().st_mtime)
    mend = (
        f"The newest backup is {made[-1]}: copy it to {path} to go back to it."
        if made
        else f"There is no backup in {backups}. Move the file away to start afresh."
    )
    return f"{path} can't be used: {what}. It was left as it is. {mend}"
