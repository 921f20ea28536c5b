"""A PostgreSQL server: how it is reached and held, cleared of what was deleted, and what its errors mean."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.util import greenlet_spawn

from database import backend, postgres_faults, postgres_schema
from database.errors import DatabaseError, DatabaseTaken
from database.on_server import ServerSession

CONNECT_SECONDS = 10
PING_SECONDS = 3
"""A connection that is silent for so long when it is borrowed is given up."""
STATEMENTS = 500
"""Statements that a connection keeps ready: preparing one anew takes as long as two."""
STATEMENT_SECONDS = 30
LOCK_SECONDS = 5
HOLDER_SECONDS, HOLDER_TRIES = 2, 40
"""So long a session of a process that ended just now may take to be gone."""
READING_SECONDS, READING_TRIES = 0.5, 10
"""So long who reads what was just deleted is waited for."""
IDLE_SECONDS = 60
"""A transaction in which nothing happens for so long is ended: its process hangs, and holds up others."""
PATIENT_SECONDS = 6 * 3600
LOCK = int.from_bytes(b"masque")
"""The advisory lock that says that a process of ours has the database."""
_NOT_STORED = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL takes in no text: NUL, and halves of a character."""
_SESSION = {
    "timezone": "UTC",
    "jit": "off",
    "synchronous_commit": "on",  # what is said to be written is, whatever the server's own rule is
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    # A machine that vanished keeps the lock no longer than this: a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_WHERE_KNOWN = {
    "idle_session_timeout": "0",  # the readers are idle for hours
    "transaction_timeout": "0",  # each statement has its own; bringing a schema up to date takes its time
    "client_connection_check_interval": "5s",  # the lock of a process that died is let go in this time
}
"""Settings that later versions of the server know, or servers on some platforms."""
_SET = "SELECT set_config(name, $2, false) FROM pg_settings WHERE name = $1"
_END_OURS = """
    SELECT count(pg_terminate_backend(a.pid)) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32) | l.objid::bigint = $1
    AND a.datname = current_database() AND a.application_name = $2
"""
_HOLDER = """
    SELECT a.application_name || coalesce(' from ' || host(a.client_addr), '')
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND (l.classid::bigint << 32) | l.objid::bigint = $1 AND a.datname = current_database()
"""
_OLD_READERS = """
    SELECT count(*) FROM (
        SELECT backend_xmin AS held FROM pg_stat_activity
        WHERE (datname = current_database() OR datname IS NULL) AND pid <> pg_backend_pid()
        UNION ALL SELECT xmin FROM pg_replication_slots
        UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
    ) holders
    WHERE age(held) > age(pg_snapshot_xmax(pg_current_snapshot())::xid)
"""
"""Who may still see what is deleted by now: as long as they are there, no table leaves it out.

Those are readers, standby servers that tell what they read, and transactions that are prepared.
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"


class PostgresServer:
    """A database on a server, with one connection that writes and a few that read.

    The writer's connection holds a lock as long as it lives, and nothing is written without it: so two
    processes never speak for one database, whatever became of the network between.
    """

    discreet = False

    def __init__(self, url: str) -> None:
        postgres_faults.require_driver()
        self._url = url
        self._ours = f"masquerade {secrets.token_hex(8)}"
        self.writer = self._engine(size=1, connect=self._connect_writer)
        self.reader = self._engine(size=backend.READERS, connect=self._connect_reader)

    @property
    def place(self) -> str:
        """Say which database on which server; never the user or the password."""
        return place_of(self._url)

    def listen(self, told: Callable[[str], object]) -> None:
        event.listen(self.writer.sync_engine, "before_cursor_execute", lambda _, __, text, *___: told(text))

    def named(self, error: DBAPIError | OSError) -> DatabaseError:
        if isinstance(error, OSError):
            return postgres_faults.named(self.place, error)
        return postgres_faults.named(self.place, error.orig or error, lost=error.connection_invalidated)

    async def prepare(self) -> None:
        """Take the database and bring it to the current schema; raises DatabaseError and changes nothing."""
        try:
            async with self.patient() as connection:
                await connection.run_sync(postgres_schema.bring_up_to_date, self.place)
        except DBAPIError as error:
            raise self.named(error) from None

    @asynccontextmanager
    async def brief(self, *, write: bool) -> AsyncIterator[AsyncSession]:
        """Open a transaction of short statements: see on_server.py."""
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(
                    (self.writer if write else self.reader).connect()
                )
            except (DBAPIError, OSError) as error:
                raise self.named(error) from None
            session = ServerSession(cast("SyncConnection", connection.sync_connection))
            yield cast("AsyncSession", session)
            await session.flush()
            if write:
                await connection.commit()

    @asynccontextmanager
    async def patient(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that may take its time, in which the writer's lock is held."""
        engine = self._engine(size=1, connect=partial(self._connect, seconds=PATIENT_SECONDS))
        try:
            async with self.writer.connect(), engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def size(self) -> int:
        async with self.reader.connect() as connection:
            query = text("SELECT pg_database_size(current_database())")
            return int(await connection.scalar(query) or 0)

    async def check_writer(self) -> None:
        async with self.writer.connect() as connection:
            if await connection.scalar(text("SHOW transaction_read_only")) == "on":
                raise postgres_faults.readonly(self.place)

    async def scrub(self, tables: Collection[str]) -> bool:
        """Write tables anew: VACUUM alone leaves words in the unused room of their pages (B10)."""
        async with self._raw() as raw:
            large = [one for one in tables if await self._has_more(raw, one, backend.most_rows(one))]
            if large:
                due = "INSERT INTO global_state VALUES ($1, '') ON CONFLICT DO NOTHING"
                await raw.execute(due, backend.VACUUM_DUE)
            return await self._rewrite(raw, [one for one in tables if one not in large])

    async def vacuum(self) -> bool:
        async with self._raw() as raw:
            if not await self._rewrite(raw, [row[0] for row in await raw.fetch(_TABLES)]):
                return False
            await raw.execute("DELETE FROM global_state WHERE key = $1", backend.VACUUM_DUE)
        return True

    async def close(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()

    async def _rewrite(self, raw: Any, tables: Collection[str]) -> bool:
        """Write tables anew; False where somebody reads, or holds what was there before a deletion."""
        for _ in range(READING_TRIES):
            if not await raw.fetchval(_OLD_READERS):
                break
            await asyncio.sleep(READING_SECONDS / READING_TRIES)
        else:
            return False
        for table in sorted(tables):
            try:
                await raw.execute(f'VACUUM FULL "{table}"', timeout=PATIENT_SECONDS)
            except postgres_faults.lock_not_available():
                return False
        return True

    async def _has_more(self, raw: Any, table: str, most: int) -> bool:
        query = f'SELECT 1 FROM "{table}" LIMIT 1 OFFSET $1'  # noqa: S608 - a table of ours
        return await raw.fetchval(query, most) is not None

    @asynccontextmanager
    async def _raw(self) -> AsyncIterator[Any]:
        """Lend the writer's own connection: VACUUM can't run within a transaction of SQLAlchemy's."""
        async with self.writer.connect() as connection:
            lent: Any = await connection.get_raw_connection()
            await greenlet_spawn(lent.dbapi_connection.rollback)
            raw: Any = lent.driver_connection
            try:
                # Who comes meanwhile waits behind us, so we do not wait for long ourselves.
                await raw.execute("SET statement_timeout = 0; SET lock_timeout = '1s'")
                yield raw
                await raw.execute("RESET statement_timeout; RESET lock_timeout")
            except postgres_faults.failures() as error:
                await connection.invalidate()
                raise postgres_faults.named(self.place, error) from None
            except BaseException:
                await connection.invalidate()  # cut off: nobody knows what it is at
                raise

    def _engine(self, *, size: int, connect: Callable[[], Awaitable[Any]]) -> AsyncEngine:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            pool_size=size,
            max_overflow=0,
            pool_timeout=backend.POOL_SECONDS,
            hide_parameters=True,  # parameters are what people said: they must not reach a log
            async_creator=connect,
            connect_args={"prepared_statement_cache_size": STATEMENTS},
        )
        event.listen(engine.sync_engine, "checkout", _answering)
        event.listen(engine.sync_engine, "before_cursor_execute", _storable, retval=True)
        event.listen(engine.sync_engine, "handle_error", partial(_lost, self.place))
        return engine

    async def _connect_reader(self) -> Any:
        only_reads = {
            "default_transaction_read_only": "on",
            "default_transaction_isolation": "repeatable read",  # one view for a whole transaction
        }
        return await self._connect(only_reads, seconds=STATEMENT_SECONDS)

    async def _connect_writer(self) -> Any:
        connection = await self._connect(seconds=STATEMENT_SECONDS)
        try:
            await self._hold(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _connect(self, settings: dict[str, str] | None = None, *, seconds: int) -> Any:
        import asyncpg

        asked = _SESSION | {"application_name": self._ours, "statement_timeout": f"{seconds}s"}
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                command_timeout=seconds + LOCK_SECONDS,
                server_settings=asked | (settings or {}),
            )
            try:
                for name, value in _WHERE_KNOWN.items():
                    with suppress(asyncpg.InvalidParameterValueError):  # not on that platform
                        await connection.fetchval(_SET, name, value, timeout=CONNECT_SECONDS)
            except BaseException:
                connection.terminate()
                raise
        except postgres_faults.failures() as error:
            raise postgres_faults.named(self.place, error) from None
        return connection

    async def _hold(self, connection: Any) -> None:
        """Take the lock, or raise DatabaseTaken.

        A connection of our own that broke may still have it: then its session is ended. That of a process
        which ended just now goes by itself.
        """
        try:
            for _ in range(HOLDER_TRIES):
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                    return
                await connection.fetchval(_END_OURS, LOCK, self._ours)
                await asyncio.sleep(HOLDER_SECONDS / HOLDER_TRIES)
            holder = await connection.fetchval(_HOLDER, LOCK) or "it ended just now"
        except postgres_faults.failures() as error:
            raise postgres_faults.named(self.place, error) from None
        raise DatabaseTaken(
            f"Another Masquerade runs on {self.place} ({holder}). Stop it first, or give this one a database "
            "of its own with database_url=... in config.env."
        )


def place_of(url: str) -> str:
    """Return how a database is called in sentences."""
    parts = urlsplit(url)
    host = parts.hostname or "this machine"
    port = f":{parts.port}" if parts.port else ""
    return f"the PostgreSQL database {unquote(parts.path.lstrip('/'))} at {host}{port}"


def _answering(connection: Any, _record: object, _proxy: object) -> None:
    """Begin a transaction: so a connection that was lost is made anew, before anything is asked of it.

    Also where nobody said that it was, and the network is silent.
    """
    connection.run_async(partial(_begin, connection))


async def _begin(connection: Any, raw: Any) -> None:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await connection._start_transaction()  # noqa: SLF001 - else it begins with a first statement
    except (connection.dbapi.Error, *postgres_faults.failures()):
        raw.terminate()
        raise InvalidatePoolError from None


def _storable(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
) -> tuple[str, Any]:
    """Replace what PostgreSQL would refuse the whole row for: a message is worth more than its NUL."""
    # Rows that get their numbers from the server come as one flat row of parameters.
    if many and parameters and isinstance(parameters[0], list | tuple):
        return statement, [tuple(map(_stored, row)) for row in parameters]
    return statement, tuple(map(_stored, parameters)) if parameters else parameters


def _stored(value: Any) -> Any:
    return _NOT_STORED.sub("\ufffd", value) if isinstance(value, str) else value


def _lost(place: str, context: ExceptionContext) -> None:
    """Give up a connection over which nothing came for too long, or no sense."""
    error = context.original_exception
    if isinstance(error, Exception) and postgres_faults.is_lost(error):
        context.is_disconnect = True
        context.chained_exception = postgres_faults.named(place, error, lost=True)
