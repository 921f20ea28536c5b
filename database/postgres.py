"""PostgreSQL servers: connections, the writer's lock, erasure of deleted data."""

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
"""Timeout of the check when a connection is borrowed; a silent connection is given up."""
STATEMENTS = 500
"""Prepared statements cached per connection: preparing one takes as long as executing two."""
STATEMENT_SECONDS = 30
LOCK_SECONDS = 5
HOLDER_SECONDS, HOLDER_TRIES = 2, 40
"""Time for the session of a process that has just ended to disappear."""
READING_SECONDS, READING_TRIES = 0.5, 10
"""Time to wait for readers of deleted data."""
IDLE_SECONDS = 60
"""Timeout of an idle transaction: its process hangs and blocks others."""
PATIENT_SECONDS = 6 * 3600
LOCK = int.from_bytes(b"masque")
"""The advisory lock that marks the database as used by a process of ours."""
_NOT_STORED = re.compile("[\x00\ud800-\udfff]")
"""Characters that PostgreSQL rejects in text: NUL and lone surrogates."""
_SESSION = {
    "timezone": "UTC",
    "jit": "off",
    "synchronous_commit": "on",  # a commit is durable whatever the server's default
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    # A vanished machine keeps the lock for at most a minute.
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_WHERE_KNOWN = {
    "idle_session_timeout": "0",  # readers may be idle for hours
    "transaction_timeout": "0",  # each statement has its own timeout; migrations take long
    "client_connection_check_interval": "5s",  # the time until a dead process loses the lock
}
"""Settings that only newer servers or some platforms support."""
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
"""Query for sessions that may still see deleted data: while they exist, VACUUM keeps it.

These are readers, standby servers with feedback, and prepared transactions.
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"


class PostgresServer:
    """A database on a server, with one connection for writing and a few for reading.

    The writer's connection holds a lock as long as it lives, and nothing is written without the lock: so two
    processes never write to the same database, whatever happens to the network.
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
        """Return the database and server, without user and password."""
        return place_of(self._url)

    def listen(self, told: Callable[[str], object]) -> None:
        event.listen(self.writer.sync_engine, "before_cursor_execute", lambda _, __, text, *___: told(text))

    def named(self, error: DBAPIError | OSError) -> DatabaseError:
        if isinstance(error, OSError):
            return postgres_faults.named(self.place, error)
        return postgres_faults.named(self.place, error.orig or error, lost=error.connection_invalidated)

    async def prepare(self) -> None:
        """Take the database's lock and migrate the schema; raises DatabaseError without any change."""
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
        """Open a transaction without the usual timeouts, holding the writer's lock."""
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
        """Rewrite tables: VACUUM alone leaves words in the unused space of their pages (B10)."""
        async with self._raw() as raw:
            large = [table for table in tables if await self._has_more(raw, table, backend.most_rows(table))]
            if large:
                due = "INSERT INTO global_state VALUES ($1, '') ON CONFLICT DO NOTHING"
                await raw.execute(due, backend.VACUUM_DUE)
            return await self._rewrite(raw, [table for table in tables if table not in large])

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
        """Rewrite tables; return False if a session may still see deleted data."""
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
        """Lend the writer's raw connection: VACUUM can't run within SQLAlchemy's transaction."""
        async with self.writer.connect() as connection:
            lent: Any = await connection.get_raw_connection()
            await greenlet_spawn(lent.dbapi_connection.rollback)
            raw: Any = lent.driver_connection
            try:
                # Other sessions queue behind this one, so it must not wait long itself.
                await raw.execute("SET statement_timeout = 0; SET lock_timeout = '1s'")
                yield raw
                await raw.execute("RESET statement_timeout; RESET lock_timeout")
            except postgres_faults.failures() as error:
                await connection.invalidate()
                raise postgres_faults.named(self.place, error) from None
            except BaseException:
                await connection.invalidate()  # interrupted: its state is unknown
                raise

    def _engine(self, *, size: int, connect: Callable[[], Awaitable[Any]]) -> AsyncEngine:
        engine = create_async_engine(
            "postgresql+asyncpg://",
            pool_size=size,
            max_overflow=0,
            pool_timeout=backend.POOL_SECONDS,
            hide_parameters=True,  # parameters contain people's words, which must not reach a log
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
            "default_transaction_isolation": "repeatable read",  # one snapshot for the whole transaction
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
                    with suppress(asyncpg.InvalidParameterValueError):  # unsupported on that platform
                        await connection.fetchval(_SET, name, value, timeout=CONNECT_SECONDS)
            except BaseException:
                connection.terminate()
                raise
        except postgres_faults.failures() as error:
            raise postgres_faults.named(self.place, error) from None
        return connection

    async def _hold(self, connection: Any) -> None:
        """Take the lock, or raise DatabaseTaken.

        If a broken connection of our own still holds it, that session is terminated. The session of a process
        that has just ended disappears by itself.
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
    """Return a database's name in messages."""
    parts = urlsplit(url)
    host = parts.hostname or "this machine"
    port = f":{parts.port}" if parts.port else ""
    return f"the PostgreSQL database {unquote(parts.path.lstrip('/'))} at {host}{port}"


def _answering(connection: Any, _record: object, _proxy: object) -> None:
    """Begin a transaction, so that a lost connection is replaced before the first statement.

    It also detects a connection that is silent without having been closed.
    """
    connection.run_async(partial(_begin, connection))


async def _begin(connection: Any, raw: Any) -> None:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await connection._start_transaction()  # noqa: SLF001 - otherwise the first statement begins it
    except (connection.dbapi.Error, *postgres_faults.failures()):
        raw.terminate()
        raise InvalidatePoolError from None


def _storable(
    _connection: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
) -> tuple[str, Any]:
    """Replace characters for which PostgreSQL would reject the row: a message is worth more than its NUL."""
    # Rows with server-generated numbers arrive as one flat row of parameters.
    if many and parameters and isinstance(parameters[0], list | tuple):
        return statement, [tuple(map(_stored, row)) for row in parameters]
    return statement, tuple(map(_stored, parameters)) if parameters else parameters


def _stored(value: Any) -> Any:
    return _NOT_STORED.sub("\ufffd", value) if isinstance(value, str) else value


def _lost(place: str, context: ExceptionContext) -> None:
    """Give up a connection that timed out or returned an invalid response."""
    error = context.original_exception
    if isinstance(error, Exception) and postgres_faults.is_lost(error):
        context.is_disconnect = True
        context.chained_exception = postgres_faults.named(place, error, lost=True)
