"""The schema and its migrations, which run on both databases."""

from pathlib import Path

from sqlalchemy import Connection

from database.errors import DatabaseError, DatabaseTooNew

MIGRATIONS = Path(__file__).parent / "migrations"
WHOLE = MIGRATIONS / "whole.sql"
"""The migrations' result on an empty file; running them would take half a second. `python -m
tests.whole_schema` writes it."""


def head() -> str:
    """Return this program's schema revision."""
    return max(_revisions())


def judge(place: object, at: str | None, *, not_ours: str, mend: str) -> None:
    """Raise if this program can't migrate a database of revision `at` (faults B16).

    `not_ours` is the message for a database without revision, and `mend` the advice for a newer one.
    """
    if at is None:
        raise DatabaseError(f"{place} {not_ours}")
    if at not in _revisions():
        raise DatabaseTooNew(
            f"{place} was written by a later version of Masquerade (schema {at}, this one knows {head()}). "
            f"{mend}"
        )


def upgrade(connection: Connection) -> None:
    """Migrate the connection's database within the current transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revisions() -> set[str]:
    """Return the known revisions: each file's name begins with its own."""
    return {path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/*.py")}
