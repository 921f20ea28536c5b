"""What a file and a server do differently, behind one small seam; everything else is the same for both."""

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
    one.__tablename__
    for one in (
        *(MessageRow, PartRow, Draft, Variant, Summary, Fact, FactChange, Archived, Vectors, Reminder),
        *(Scene, Guise, Channel, Musing, MusingChange, SentPrompt),
    )
)
"""The tables that hold what was said, or what was made of it."""
REWRITTEN_ROWS = 100_000
"""A larger table is not written anew for each thing that is forgotten (0.3 s for so many rows), but at
night, with the whole database."""
REWRITTEN_VECTORS = REWRITTEN_ROWS // PART
"""The same for vectors, of which many stand in one row."""
VACUUM_DUE = "to be written anew"
READERS = 4
POOL_SECONDS = 30


def most_rows(table: str) -> int:
    """Return from how many rows on a table is written anew at night only."""
    return REWRITTEN_VECTORS if table == Vectors.__tablename__ else REWRITTEN_ROWS


class Backend(Protocol):
    """Where the tables are: one connection to write through, and a few to read through.

    `place` names it in sentences, without a password. `discreet` says that what the driver's own errors say
    holds nothing that people said, so that they may stand in a log.
    """

    writer: AsyncEngine
    reader: AsyncEngine
    discreet: bool

    @property
    def place(self) -> str: ...

    def listen(self, told: Callable[[str], object]) -> None:
        """Have the text of every statement that may write told before it is executed."""

    def brief(self, *, write: bool) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a transaction of short statements, which is committed at its end if it may `write`."""

    def named(self, error: DBAPIError | OSError) -> DatabaseError:
        """Return an error that names the fault and the mend; an OSError says that it can't be reached."""

    async def size(self) -> int:
        """Return how many bytes it takes."""

    async def check_writer(self) -> None:
        """Raise DatabaseError where nothing can be written now; nothing is."""

    async def scrub(self, tables: Collection[str]) -> bool:
        """Write tables anew without what was deleted; False when somebody was reading what was.

        Of those that are too large it is noted (VACUUM_DUE) that the night has to do it.
        """

    async def vacuum(self) -> bool:
        """Write everything anew; False when somebody was reading what was deleted."""
