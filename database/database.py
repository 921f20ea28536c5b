"""One database, one unit of work: reads side by side, writes one after another."""

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
    """One transaction, seen as one repository for each noun; a repository is made when it is first used."""

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
        """Begin a part of the transaction that is undone alone when something fails in it.

        Without it a failed statement takes everything else with it: PostgreSQL keeps nothing and reports
        no error. Raises DatabaseError, without the rows that a driver quotes.
        """
        try:
            async with self._session.begin_nested():
                yield
        except SQLAlchemyError as error:
            fault = type(getattr(error, "orig", None) or error).__name__
            raise DatabaseError(f"A statement failed: {fault}") from None


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
        self.on_write: list[Callable[[Set[str]], object]] = []
        """Are told the tables that a transaction may have written to, once it has ended."""
        self._backend = backend
        self._writer, self._reader = backend.writer, backend.reader
        self._kept = Kept()
        backend.listen(self._kept.wrote)

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
    async def begin(self, *, brief: bool = False) -> AsyncIterator[UnitOfWork]:
        """Open a write transaction: all of it is kept, or nothing.

        Where all of its statements are `brief`, they need not go to a thread: nobody waits for them.
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
        """Open a read transaction: one consistent view, in which nothing is written; `brief`: see begin."""
        return self._transaction(self._reader, brief=brief)

    async def size(self) -> int:
        """Return how many bytes it takes."""
        with self._named_errors():
            return await self._backend.size()

    async def check_writer(self) -> None:
        """Raise DatabaseError where nothing can be written now; nothing is.

        While somebody writes it is theirs to tell, and they are not held up.
        """
        pool = self._writer.pool
        if isinstance(pool, QueuePool) and pool.checkedout():
            return
        with self._named_errors():
            await self._backend.check_writer()

    async def scrub(self, *, every_table: bool = False) -> bool:
        """Take what was deleted out of where it was kept, wherever it was left (B10).

        Of the tables without words only ids are left behind: those are written anew on demand.
        False when somebody was reading just then: what they read has to stay until they are done.
        """
        with self._named_errors():
            return await self._backend.scrub(tuple(Row.metadata.tables) if every_table else WORDED)

    async def vacuum(self) -> bool:
        """Write everything anew, if tables too large for `scrub` had anything deleted; say whether.

        It holds up writers for as long as that takes: some ten seconds for a gigabyte. False, too, while
        somebody was reading: what they read stays until the next night.
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
        view = self._kept.now(storing=brief)  # a session that fails takes the values out of its entities
        with self._named_errors((DBAPIError,)):  # an OSError of what others do in it is theirs
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
    def _named_errors(self, those: _Faults = (DBAPIError, OSError)) -> Iterator[None]:
        """Turn what the driver or the network says into an error that names the fault and the mend.

        A timeout of the network is an OSError.
        """
        try:
            yield
        except PoolTimeoutError as error:
            busy = f"{self._backend.place} has been busy for {POOL_SECONDS} seconds."
            raise DatabaseBusy(busy) from error
        except those as error:
            raise self._backend.named(error) from error if self._backend.discreet else None
