"""One database, one unit of work: reads side by side, writes one after another."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import QueuePool

from database import files
from database.backend import POOL_SECONDS, VACUUM_DUE, WORDED, Backend
from database.errors import DatabaseBusy
from database.models import Row
from database.sqlite import SqliteFile
from database.unit import UnitOfWork


class Database:
    """The tables, in a SQLite file or on a PostgreSQL server, with one writer and a few readers.

    `path` is the file. With a server it is where the file would be: what was kept in one before, and the
    copies of it, lie there.
    """

    def __init__(self, backend: Backend, path: Path, *, on_server: bool = False) -> None:
        self.path = path
        self.on_server = on_server
        self.writers = 0
        """How many write or wait for that just now."""
        self._backend = backend
        self._writer, self._reader = backend.writer, backend.reader

    @classmethod
    async def open(cls, path: Path, *, backups: Path | None = None) -> Self:
        """Open the file at `path`, creating or migrating it first.

        Raises DatabaseCorrupt, DatabaseTooNew or DatabaseError; the file is then left as it was.
        """
        await asyncio.to_thread(files.prepare, path, backups=backups or path.parent / files.BACKUPS)
        return cls(SqliteFile(path), path)

    @classmethod
    async def connect(cls, url: str, path: Path) -> Self:
        """Open the database of a PostgreSQL server, filling or migrating it first; `path`: see Database.

        Raises DatabaseTaken while another process of this program has it open, DatabaseAway,
        DatabaseTooNew or DatabaseError; the database is then left as it was.
        """
        from database.postgres import PostgresServer  # its driver is an extra

        server = PostgresServer(url)
        try:
            await server.prepare()
        except BaseException:
            await server.close()
            raise
        return cls(server, path, on_server=True)

    @property
    def place(self) -> str:
        """What it is called in sentences: the file, or the server and the database; never a password."""
        return self._backend.place

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        """Open a write transaction: all of it is kept, or nothing."""
        self.writers += 1
        try:
            async with self._transaction(self._writer) as db:
                yield db
        finally:
            self.writers -= 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """Open a read transaction: one consistent view, in which nothing can be written."""
        async with self._transaction(self._reader) as db:
            yield db

    async def size(self) -> int:
        """Return how many bytes it takes."""
        with self._named_errors(), self._reached():
            return await self._backend.size()

    async def check_writer(self) -> None:
        """Raise DatabaseError where nothing can be written now; nothing is.

        While somebody writes it is theirs to tell, and they are not held up.
        """
        pool = self._writer.pool
        if isinstance(pool, QueuePool) and pool.checkedout():
            return
        with self._named_errors(), self._reached():
            await self._backend.check_writer()

    async def scrub(self, *, every_table: bool = False) -> bool:
        """Take what was deleted out of where it was kept, wherever it was left (B10).

        Of the tables without words only ids are left behind: those are written anew on demand.
        False when somebody was reading just then: what they read has to stay until they are done.
        """
        with self._named_errors(), self._reached():
            return await self._backend.scrub(tuple(Row.metadata.tables) if every_table else WORDED)

    async def vacuum(self) -> bool:
        """Write everything anew, if tables too large for `scrub` had anything deleted; say whether.

        It holds up writers for as long as that takes: some ten seconds for a gigabyte. False, too, while
        somebody was reading: what they read stays until the next night.
        """
        async with self.read() as db:
            if await db.states.get(VACUUM_DUE) is None:
                return False
        with self._named_errors(), self._reached():
            return await self._backend.vacuum()

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[UnitOfWork]:
        with self._named_errors():
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                with self._reached():
                    await session.connection()
                yield UnitOfWork(session)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Turn what the driver says into an error that names the fault and the mend."""
        try:
            yield
        except PoolTimeoutError as error:
            busy = f"{self._backend.place} has been busy for {POOL_SECONDS} seconds."
            raise DatabaseBusy(busy) from error
        except DBAPIError as error:
            raise self._backend.named(error) from error if self._backend.discreet else None

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Name what the network says: never around what others do in a transaction."""
        try:
            yield
        except OSError as error:  # a timeout is one
            raise self._backend.named(error) from error if self._backend.discreet else None
