"""One database, one unit of work: reads side by side, writes one after another."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError as SqlDatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from database import files
from database.connection import Connection
from database.errors import DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseFull
from database.models import (
    Archived,
    Channel,
    Fact,
    FactChange,
    Guise,
    Message,
    Part,
    Reminder,
    Row,
    Scene,
    Summary,
    Variant,
    Vectors,
)
from database.repositories import (
    Affinities,
    Archive,
    Audits,
    Bonds,
    Bots,
    Calls,
    Casts,
    Channels,
    Consents,
    Cues,
    DaySpendings,
    Embeddings,
    Feelings,
    Guises,
    House,
    Identities,
    Jobs,
    Leftovers,
    Lore,
    Memories,
    Messages,
    People,
    Remarks,
    Reminders,
    Rhythms,
    Seats,
    States,
    Summaries,
    Tickets,
    Turns,
    Users,
)
from database.repositories.vectors import PART

WORDED = tuple(
    one.__tablename__
    for one in (
        *(Message, Part, Variant, Summary, Fact, FactChange, Archived, Vectors, Reminder),
        *(Scene, Guise, Channel),
    )
)
"""The tables that hold what was said, or what was made of it."""
REWRITTEN_ROWS = 100_000
"""A larger table is not written anew for each thing that is forgotten (0.3 s for so many rows), but at
night, with the whole file."""
REWRITTEN_VECTORS = REWRITTEN_ROWS // PART
"""The same for vectors, of which many stand in one row."""
VACUUM_DUE = "to be written anew"
BUSY_MILLISECONDS = 5_000
READERS = 4
POOL_SECONDS = 30


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One transaction, seen as one repository for each noun."""

    users: Users
    channels: Channels
    messages: Messages
    turns: Turns
    calls: Calls
    states: States
    house: House
    bots: Bots
    audits: Audits
    summaries: Summaries
    memories: Memories
    consents: Consents
    archive: Archive
    embeddings: Embeddings
    reminders: Reminders
    people: People
    leftovers: Leftovers
    seats: Seats
    casts: Casts
    cues: Cues
    identities: Identities
    affinities: Affinities
    guises: Guises
    rhythms: Rhythms
    feelings: Feelings
    bonds: Bonds
    remarks: Remarks
    spendings: DaySpendings
    tickets: Tickets
    jobs: Jobs
    lore: Lore

    @classmethod
    def over(cls, session: AsyncSession) -> Self:
        return cls(
            Users(session),
            Channels(session),
            Messages(session),
            Turns(session),
            Calls(session),
            States(session),
            House(session),
            Bots(session),
            Audits(session),
            Summaries(session),
            Memories(session),
            Consents(session),
            Archive(session),
            Embeddings(session),
            Reminders(session),
            People(session),
            Leftovers(session),
            Seats(session),
            Casts(session),
            Cues(session),
            Identities(session),
            Affinities(session),
            Guises(session),
            Rhythms(session),
            Feelings(session),
            Bonds(session),
            Remarks(session),
            DaySpendings(session),
            Tickets(session),
            Jobs(session),
            Lore(session),
        )


class Database:
    """A SQLite file with one writer and a few readers.

    SQLite lets one connection write at a time. Queueing writers here, before they reach the file,
    keeps the order fair and never fails with "database is locked" (faults B6).
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self.writers = 0
        """How many write or wait for that just now."""
        self._writer = _engine(url, size=1, write=True)
        self._reader = _engine(url, size=READERS, write=False)

    @classmethod
    async def open(cls, path: Path, *, backups: Path | None = None) -> Self:
        """Open the file at `path`, creating or migrating it first.

        Raises DatabaseCorrupt, DatabaseTooNew or DatabaseError; the file is then left as it was.
        """
        await asyncio.to_thread(files.prepare, path, backups=backups or path.parent / "backups")
        return cls(make_url(f"sqlite+aiosqlite:///{path}"))

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """Open a write transaction: all of it is kept, or nothing."""
        self.writers += 1
        try:
            with _named_errors(self._url):
                async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
                    yield UnitOfWork.over(session)
        finally:
            self.writers -= 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """Open a read transaction: one consistent view, in which nothing can be written."""
        with _named_errors(self._url):
            async with AsyncSession(self._reader, expire_on_commit=False) as session, session.begin():
                yield UnitOfWork.over(session)

    @property
    def path(self) -> Path:
        """The file; what belongs to it lies beside it."""
        return Path(self._url.database or "")

    @property
    def size(self) -> int:
        """Bytes of the file and of its write-ahead log."""
        files_of = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        return sum(one.stat().st_size for one in files_of if one.exists())

    async def scrub(self, *, every_table: bool = False) -> bool:
        """Take what was deleted out of the file and its write-ahead log, wherever it was left (B10).

        Of the tables without words only ids are left behind: those are written anew on demand.
        False when somebody was reading just then: what they read has to stay until they are done.
        """
        with _named_errors(self._url):
            async with self._writer.connect() as connection:
                # A checkpoint can't run within a transaction, so it goes past SQLAlchemy's.
                raw: Any = (await connection.get_raw_connection()).driver_connection
                try:
                    tables = tuple(Row.metadata.tables) if every_table else WORDED
                    if not await _rewrite(raw, set(tables)):
                        await raw.execute("INSERT OR IGNORE INTO global_state VALUES (?, '')", (VACUUM_DUE,))
                    cursor = await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                except sqlite3.Error as error:
                    raise _named(str(error), self._url) from error
                busy, _, _ = (await cursor.fetchall())[0]
                return not busy

    async def vacuum(self) -> bool:
        """Write the whole file anew, if tables too large for `scrub` had anything deleted; say whether.

        It holds up writers for as long as that takes: some ten seconds for a gigabyte.
        """
        async with self.read() as db:
            if await db.states.get(VACUUM_DUE) is None:
                return False
        with _named_errors(self._url):
            async with self._writer.connect() as connection:
                raw: Any = (await connection.get_raw_connection()).driver_connection
                try:
                    await raw.execute("VACUUM")
                    cursor = await raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    if (await cursor.fetchall())[0][0]:
                        return False  # somebody was reading: what they read stays until the next night
                    await raw.execute("DELETE FROM global_state WHERE key = ?", (VACUUM_DUE,))
                except sqlite3.Error as error:
                    raise _named(str(error), self._url) from error
        return True

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()


async def _rewrite(raw: Any, tables: set[str]) -> bool:
    """Write tables anew; False when some were too large."""
    vectors = tables & {Vectors.__tablename__}
    rewritten = await raw.rewrite(tables - vectors, most=REWRITTEN_ROWS)
    return bool(await raw.rewrite(vectors, most=REWRITTEN_VECTORS) and rewritten)


def _engine(url: URL, *, size: int, write: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        hide_parameters=True,  # parameters are what people said: they must not reach a log
        pool_reset_on_return=None,  # each unit of work ends by commit or rollback
        async_creator=lambda: Connection(url.database or ""),
    )
    event.listen(engine.sync_engine, "connect", _prepare_connection(write=write))
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"
    event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare_connection(*, write: bool) -> Any:
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "temp_store = MEMORY",
            f"query_only = {'OFF' if write else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare


@contextmanager
def _named_errors(url: URL) -> Iterator[None]:
    """Turn what SQLite says into an error that names the fault and the mend."""
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseBusy(f"{url.database} has been busy for {POOL_SECONDS} seconds.") from error
    except SqlDatabaseError as error:
        raise _named(str(error.orig), url) from error


def _named(said: str, url: URL) -> DatabaseError:
    where = url.database
    if "full" in said:
        return DatabaseFull(f"No room left for {where}: free some disk space and it goes on by itself.")
    if "locked" in said or "busy" in said:
        return DatabaseBusy(f"{where} is held by another program for more than 5 seconds.")
    if "malformed" in said or "not a database" in said:
        return DatabaseCorrupt(f"{where} is damaged ({said}); restore a backup.")
    return DatabaseError(f"{where}: {said}")
