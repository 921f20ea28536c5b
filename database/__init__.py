"""The only package that speaks SQL: `async with database.begin() as db: await db.messages.…`."""

from database.database import Database, UnitOfWork
from database.errors import (
    DatabaseAway,
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseFull,
    DatabaseTaken,
    DatabaseTooNew,
)

__all__ = [
    "Database",
    "DatabaseAway",
    "DatabaseBusy",
    "DatabaseCorrupt",
    "DatabaseError",
    "DatabaseFull",
    "DatabaseTaken",
    "DatabaseTooNew",
    "UnitOfWork",
]
