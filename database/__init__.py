"""The one place that speaks SQL: `async with database.begin() as db: await db.messages.…`."""

from database.database import Database, UnitOfWork
from database.errors import (
    DatabaseBusy,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseFull,
    DatabaseTooNew,
)

__all__ = [
    "Database",
    "DatabaseBusy",
    "DatabaseCorrupt",
    "DatabaseError",
    "DatabaseFull",
    "DatabaseTooNew",
    "UnitOfWork",
]
