"""The schema of this program: its migrations, which run on both databases."""

from pathlib import Path

from sqlalchemy import Connection

from database.errors import DatabaseError, DatabaseTooNew

MIGRATIONS = Path(__file__).parent / "migrations"
WHOLE = MIGRATIONS / "whole.sql"
"""What they make of an empty file, which takes half a second. `python -m tests.whole_schema` writes it."""


def head() -> str:
    """Return the schema revision of this program."""
    return max(_revisions())


def judge(place: object, at: str | None, *, not_ours: str, mend: str) -> None:
    """Raise where a revision is none that this program can bring up to date (faults B16).

    `not_ours` says what a database without one is, and `mend` what to do about a later one.
    """
    if at is None:
        raise DatabaseError(f"{place} {not_ours}")
    if at not in _revisions():
        raise DatabaseTooNew(
            f"{place} was written by a later version of Masquerade (schema {at}, this one knows {head()}). "
            f"{mend}"
        )


def upgrade(connection: Connection) -> None:
    """Bring what a connection leads to up to date, in the transaction that it is in."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revisions() -> set[str]:
    """Return the revisions that there are: each file's name begins with its own."""
    return {path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/*.py")}
