"""The interface to SQLite files and PostgreSQL servers, limited to their differences."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from database.errors import DatabaseError
from database.models import (
    Archived,
    Channel,
    Draft,
    Fact,
    FactChange,
    Guise,
    MessageRow,
    Musing,
    MusingChange,
    PartRow,
    Reminder,
    Scene,
    SentPrompt,
    Summary,
    Variant,
    Vectors,
)
from database.repositories.vectors import PART

WORDED = tuple(
    table.__tablename__
    for table in (
        *(MessageRow, PartRow, Draft, Variant, Summary, Fact, FactChange, Archived, Vectors, Reminder),
        *(Scene, Guise, Channel, Musing, MusingChange, SentPrompt),
    )
)
"""Tables with people's words or content derived from them."""
REWRITTEN_ROWS = 100_000
"""A larger table is rewritten only at night with the whole database, and not after each erasure; that takes
0.3 s for so many rows."""
REWRITTEN_VECTORS = REWRITTEN_ROWS // PART
"""The same limit for vectors, many of which share a row."""
VACUUM_DUE = "to be written anew"
READERS = 4
POOL_SECONDS = 30


def most_rows(table: str) -> int:
    """Return the row count above which a table is rewritten at night only."""
    return REWRITTEN_VECTORS if table == Vectors.__tablename__ else REWRITTEN_ROWS


class Backend(Protocol):
    """A database: one connection for writing, a few for reading.

    `place` names it in messages, without a password. `discreet` says that the driver's error messages contain
    nothing that people said and may be logged.
    """

    writer: AsyncEngine
    reader: AsyncEngine
    discreet: bool

    @property
    def place(self) -> str: ...

    def listen(self, told: Callable[[str], object]) -> None:
        """Call `told` with the text of each statement that may write, before its execution."""

    def brief(self, *, write: bool) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a transaction of short statements; if it may `write`, it is committed at the end."""

    def named(self, error: DBAPIError | OSError) -> DatabaseError:
        """Return an error that names fault and remedy; an OSError means an unreachable database."""

    async def size(self) -> int:
        """Return the size in bytes."""

    async def check_writer(self) -> None:
        """Raise DatabaseError if writing is impossible now; write nothing."""

    async def scrub(self, tables: Collection[str]) -> bool:
        """Rewrite tables without deleted data; return False if a reader still used that data.

        A table that is too large is left to the night: VACUUM_DUE records that.
        """

    async def vacuum(self) -> bool:
        """Rewrite the whole database; return False if a reader still used deleted data."""
