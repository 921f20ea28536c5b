"""Writes what the migrations make of an empty file, as one script: `python -m tests.whole_schema`."""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from database import schema
from database.files import _upgrade


def whole() -> str:
    """Return the statements that make an empty file what the migrations make of it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "migrated")
        _upgrade(path)
        with closing(sqlite3.connect(path)) as connection:
            return "\n".join(connection.iterdump()) + "\n"


if __name__ == "__main__":
    schema.WHOLE.write_text(whole(), "utf-8")
