"""The database and its unit of work: concurrent reads, sequential writes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Self

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import QueuePool

from database import files
from database.backend import POOL_SECONDS, VACUUM_DUE, WORDED, Backend
from database.errors import DatabaseBusy, DatabaseError
from database.kept import Kept
from database.models import Row
from database.repositories import VIEW
from database.repositories.affinities import AffinityRepository
from database.repositories.archive import ArchiveRepository
from database.repositories.audits import AuditRepository
from database.repositories.bonds import BondRepository
from database.repositories.bots import BotRepository
from database.repositories.calls import CallRepository, SpendingRepository
from database.repositories.casts import CastRepository
from database.repositories.channels import ChannelRepository
from database.repositories.character_days import CharacterDayRepository
from database.repositories.characters import CharacterRepository
from database.repositories.consents import ConsentRepository
from database.repositories.cues import CueRepository
from database.repositories.drafts import DraftRepository
from database.repositories.feed import FeedRepository
from database.repositories.jobs import JobRepository
from database.repositories.leftovers import LeftoversRepository
from database.repositories.memories import MemoryRepository
from database.repositories.messages import MessageRepository
from database.repositories.musings import MusingRepository
from database.repositories.people import PeopleRepository
from database.repositories.prompts import PromptRepository
from database.repositories.remarks import RemarkRepository
from database.repositories.reminders import ReminderRepository
from database.repositories.states import StateRepository
from database.repositories.summaries import SummaryRepository
from database.repositories.tickets import TicketRepository
from database.repositories.turns import TurnRepository
from database.repositories.users import UserRepository
from database.repositories.vectors import EmbeddingRepository
from database.sqlite import SqliteFile

_Faults = tuple[type[DBAPIError | OSError], ...]


class UnitOfWork:
    """A transaction with a repository per noun, each created at its first use."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    users = cached_property(lambda self: UserRepository(self._session))
    channels = cached_property(lambda self: ChannelRepository(self._session))
    messages = cached_property(lambda self: MessageRepository(self._session))
    turns = cached_property(lambda self: TurnRepository(self._session))
    calls = cached_property(lambda self: CallRepository(self._session))
    states = cached_property(lambda self: StateRepository(self._session))
    character_days = cached_property(lambda self: CharacterDayRepository(self._session))
    characters = cached_property(lambda self: CharacterRepository(self._session))
    bots = cached_property(lambda self: BotRepository(self._session))
    audits = cached_property(lambda self: AuditRepository(self._session))
    summaries = cached_property(lambda self: SummaryRepository(self._session))
    memories = cached_property(lambda self: MemoryRepository(self._session))
    consents = cached_property(lambda self: ConsentRepository(self._session))
    archive = cached_property(lambda self: ArchiveRepository(self._session))
    embeddings = cached_property(lambda self: EmbeddingRepository(self._session))
    reminders = cached_property(lambda self: ReminderRepository(self._session))
    feed = cached_property(lambda self: FeedRepository(self._session))
    people = cached_property(lambda self: PeopleRepository(self._session))
    prompts = cached_property(lambda self: PromptRepository(self._session))
    leftovers = cached_property(lambda self: LeftoversRepository(self._session))
    casts = cached_property(lambda self: CastRepository(self._session))
    cues = cached_property(lambda self: CueRepository(self._session))
    drafts = cached_property(lambda self: DraftRepository(self._session))
    affinities = cached_property(lambda self: AffinityRepository(self._session))
    bonds = cached_property(lambda self: BondRepository(self._session))
    remarks = cached_property(lambda self: RemarkRepository(self._session))
    spendings = cached_property(lambda self: SpendingRepository(self._session))
    tickets = cached_property(lambda self: TicketRepository(self._session))
    jobs = cached_property(lambda self: JobRepository(self._session))
    musings = cached_property(lambda self: MusingRepository(self._session))

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[None]:
        """Open a savepoint: if the block fails, only its own changes are rolled back.

        Without it, a failed statement invalidates the whole transaction: PostgreSQL then discards everything
        and reports no error at commit. Raises DatabaseError without the row values that drivers quote.
        """
        try:
            async with self._session.begin_nested():
                yield
        except SQLAlchemyError as error:
            fault = type(getattr(error, "orig", None) or error).__name__
            raise DatabaseError(f"A statement failed: {fault}") from None


class Database:
    """A database in a SQLite file or on a PostgreSQL server, with one writer and a few readers.

    `path` is the file. With a server it is where the file would be: an earlier file and its copies are there.
    """

    def __init__(self, backend: Backend, path: Path, *, on_server: bool = False) -> None:
        self.path = path
        self.on_server = on_server
        self.writers = 0
        """Number of writers, active and waiting."""
        self.on_write: list[Callable[[Set[str]], object]] = []
        """Callbacks that receive the tables a transaction may have written to, once it has ended."""
        self._backend = backend
        self._writer, self._reader = backend.writer, backend.reader
        self._kept = Kept()
        backend.listen(self._kept.wrote)

    @classmethod
    async def open(cls, path: Path, *, backups: Path | None = None) -> Self:
        """Open the file at `path`, creating or migrating it first.

        Raises DatabaseCorrupt, DatabaseTooNew or DatabaseError and leaves the file unchanged.
        """
        await asyncio.to_thread(files.prepare, path, backups=backups or path.parent / files.BACKUPS)
        return cls(SqliteFile(path), path)

    @classmethod
    async def connect(cls, url: str, path: Path) -> Self:
        """Open the database of a PostgreSQL server, creating or migrating it first; `path`: see Database.

        Raises DatabaseTaken while another process of this program has it open, DatabaseAway, DatabaseTooNew
        or DatabaseError, and leaves the database unchanged.
        """
        from database.postgres import PostgresServer  # needs an optional package

        server = PostgresServer(url)
        try:
            await server.prepare()
        except BaseException:
            await server.close()
            raise
        return cls(server, path, on_server=True)

    @property
    def place(self) -> str:
        """Name in messages: the file, or the server and the database, without password."""
        return self._backend.place

    @asynccontextmanager
    async def begin(self, *, brief: bool = False) -> AsyncIterator[UnitOfWork]:
        """Open a write transaction, which is committed completely or not at all.

        If all its statements are `brief`, they run without a thread: they never block for long.
        """
        self.writers += 1
        written = set[str]()
        try:
            async with self._transaction(self._writer, brief=brief) as db:
                self._kept.writing = written
                yield db
        finally:
            self.writers -= 1
            self._kept.ended(written)
            for told in self.on_write:
                told(written)

    def read(self, *, brief: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a read transaction: a consistent snapshot; `brief`: see begin."""
        return self._transaction(self._reader, brief=brief)

    async def size(self) -> int:
        """Return the size in bytes."""
        with self._named_errors():
            return await self._backend.size()

    async def check_writer(self) -> None:
        """Raise DatabaseError if writing is impossible now; write nothing.

        During another write it returns at once: that write reports errors itself and is not delayed.
        """
        pool = self._writer.pool
        if isinstance(pool, QueuePool) and pool.checkedout():
            return
        with self._named_errors():
            await self._backend.check_writer()

    async def scrub(self, *, every_table: bool = False) -> bool:
        """Erase deleted data physically (B10).

        Tables without words leave only ids behind and are rewritten on request. Returns False if a reader's
        snapshot still needs deleted data.
        """
        with self._named_errors():
            return await self._backend.scrub(tuple(Row.metadata.tables) if every_table else WORDED)

    async def vacuum(self) -> bool:
        """Rewrite the database after deletions in tables too large for `scrub`; return whether it was done.

        It blocks writers meanwhile: about ten seconds for a gigabyte. It also returns False if a reader's
        snapshot still needs deleted data, and the next night tries again.
        """
        async with self.read() as db:
            if await db.states.get(VACUUM_DUE) is None:
                return False
        with self._named_errors():
            return await self._backend.vacuum()

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine, *, brief: bool) -> AsyncIterator[UnitOfWork]:
        view = self._kept.now(storing=brief)  # a full session expires its entities when it fails
        with self._named_errors((DBAPIError,)):  # an OSError of the caller's own code passes through
            if brief:
                async with self._backend.brief(write=engine is self._writer) as session:
                    session.info[VIEW] = view
                    yield UnitOfWork(session)
                return
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                with self._named_errors():
                    await session.connection()
                session.info[VIEW] = view
                yield UnitOfWork(session)

    @contextmanager
    def _named_errors(self, caught: _Faults = (DBAPIError, OSError)) -> Iterator[None]:
        """Translate errors of the driver and the network into errors that name the remedy.

        A network timeout is an OSError.
        """
        try:
            yield
        except PoolTimeoutError as error:
            busy = f"{self._backend.place} has been busy for {POOL_SECONDS} seconds."
            raise DatabaseBusy(busy) from error
        except caught as error:
            raise self._backend.named(error) from error if self._backend.discreet else None
