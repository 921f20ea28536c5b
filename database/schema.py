"""The schema of this program: its migrations, which run on both databases."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from database.errors import DatabaseError, DatabaseTooNew

MIGRATIONS = Path(__file__).parent / "migrations"


def head() -> str:
    """Return the schema revision of this program."""
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert newest is not None
    return newest


def judge(place: object, at: str | None, *, not_ours: str, mend: str) -> None:
    """Raise where a revision is none that this program can bring up to date (faults B16).

    `not_ours` says what a database without one is, and `mend` what to do about a later one.
    """
    if at is None:
        raise DatabaseError(f"{place} {not_ours}")
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if at not in known:
        raise DatabaseTooNew(
            f"{place} was written by a later version of Masquerade (schema {at}, this one knows {head()}). "
            f"{mend}"
        )


def upgrade(connection: Connection) -> None:
    """Bring what a connection leads to up to date, in the transaction that it is in."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
