"""On a PostgreSQL server: what has to hold there as in a file, and what only a server can do."""

import asyncio
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, String, Text

from database import (
    Database,
    DatabaseAway,
    DatabaseBusy,
    DatabaseError,
    DatabaseTaken,
    DatabaseTooNew,
    postgres,
    postgres_faults,
    servers,
)
from database.backend import VACUUM_DUE
from database.models import MessageRow, Remark, Row
from tests.builders import CHANNEL
from tests.forgetting import MIRA, WAYS, canary, drill, found
from tests.postgres import PASSWORD, Server

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def empty(postgres: Server) -> Iterator[str]:
    """Give the address of a database without any tables."""
    made = postgres.take(template="template0")
    yield made
    postgres.drop(made)


@pytest.fixture
async def database(url: str, tmp_path: Path):
    opened = await Database.connect(url, tmp_path / "masquerade.sqlite3")
    yield opened
    await opened.close()


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def line(number: int, text: str, *, author_name: str = "Mira") -> MessageRow:
    return MessageRow(id=number, channel_id=1, author_id=7, author_name=author_name, text=text, sent_at=NOW)


async def said(database: Database, *lines: MessageRow) -> None:
    async with database.begin() as db:
        await db.channels.note(1, place="dm", name="", guild_id=None, guild_name="", heard=1)
        for one in lines:
            await db.messages.add(one)


def holding(postgres: Server, url: str, word: str) -> list[Path]:
    """Return the files of a database that hold a word."""
    return [one for one in postgres.folder_of(url).iterdir() if word.encode() in one.read_bytes()]


# --- The tables ----------------------------------------------------------------------------------------


def _same_kind(
    _context: object, _column: object, _inspected: object, there: Any, ours: Any, *_: object
) -> Any:
    """Texts have no length on a server (see postgres_schema), and all else is compared as ever."""
    return False if isinstance(there, Text) and isinstance(ours, String) else None


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": _same_kind})
    return list(compare_metadata(context, Row.metadata))


async def test_migrated_the_schema_is_what_the_models_say(database):
    async with database._reader.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_texts_are_kept_as_they_come_and_ordered_letter_by_letter(database):
    long = "x" * 500
    await said(database, line(1, "a\0b \ud83d c", author_name=long))
    async with database.begin() as db:
        for key in ("b", "B", "a", "ä", "_"):
            await db.states.set(key, "")
    async with database.read() as db:
        (kept,) = await db.messages.transcript(1, "pixel", since=NOW)
        assert [key for key in await db.states.all() if len(key) == 1] == sorted(["b", "B", "a", "ä", "_"])
    assert (kept.author_name, kept.text) == (long, "a\ufffdb \ufffd c")


async def test_a_nul_among_values_that_are_kept_as_json_comes_back(database):
    async with database.begin() as db:
        await db.remarks.add(Remark(1, "pixel", NOW, "remark", why={"said": "a\0b \ud83d"}))
    async with database.read() as db:
        (kept,) = await db.remarks.of_channel(1, limit=1)
    assert kept.why == {"said": "a\0b \ud83d"}


async def test_several_rows_that_the_server_numbers_are_added_at_once(database):
    async with database.begin() as db:
        for text in ("one\0", "two"):
            db.remarks._session.add(Remark(1, text, NOW, "remark"))
    async with database.read() as db:
        assert {one.character for one in await db.remarks.of_channel(1, limit=9)} == {"one\ufffd", "two"}


async def test_no_id_is_given_out_twice(database):
    await said(database, line(1, "one"), line(2, "two"))
    async with database.begin() as db:
        assert await db.messages.forget([2]) == 1
    await said(database, line(3, "three"))
    async with database.read() as db:
        found = await db.messages.transcript(1, "pixel", since=NOW)
    assert [one.position for one in found] == [1, 3]


async def test_a_database_of_a_later_version_is_refused(postgres, url, tmp_path):
    postgres.tell("UPDATE alembic_version SET version_num = '9999'", name_of(url))
    with pytest.raises(DatabaseTooNew, match="later version of Masquerade"):
        await Database.connect(url, tmp_path / "none")


async def test_somebody_elses_database_is_refused(postgres, empty, tmp_path):
    postgres.tell("CREATE TABLE recipes (id int)", name_of(empty))
    with pytest.raises(DatabaseError, match="tables that are not ours"):
        await Database.connect(empty, tmp_path / "none")
    assert postgres.tell("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name_of(empty)) == "1"


# --- Reaching it ---------------------------------------------------------------------------------------


def _wrong(server: Server, url: str) -> Iterator[tuple[str, type[DatabaseError], str]]:
    name = name_of(url)
    yield server.url(name, password=f"{PASSWORD}x"), DatabaseError, "password is not accepted"
    yield server.url(name, user="nobody"), DatabaseError, "password is not accepted"
    yield server.url("nowhere"), DatabaseError, "no such database"
    yield url.replace(f":{server.port}/", ":1/"), DatabaseAway, "can't be reached"
    yield f"{url}?sslmode=require", DatabaseAway, "can't be reached"


async def test_what_is_wrong_with_an_address_is_told_and_never_the_password(postgres, url, tmp_path):
    for wrong, kind, words in _wrong(postgres, url):
        with pytest.raises(kind, match=words) as caught:
            await Database.connect(wrong, tmp_path / "none")
        told = f"{caught.value} {''.join(traceback.format_exception(caught.value))}"
        assert "canary" not in told
        assert "masquerade:" not in told


async def test_without_the_driver_it_is_told_how_to_get_it(monkeypatch, url, tmp_path):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(DatabaseError, match=r"pip install --constraint constraints.txt '\.\[postgres\]'"):
        await Database.connect(url, tmp_path / "none")


async def test_a_connection_that_was_cut_is_made_anew(postgres, url, database):
    await said(database, line(1, "before"))
    cut = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    for number in range(2, 5):
        assert int(postgres.tell(cut)) >= 1
        await said(database, line(number, "after"))
        async with database.read() as db:
            assert len(await db.messages.transcript(1, "pixel", since=NOW)) == number


async def test_a_transaction_that_is_cut_off_is_told_and_keeps_nothing(postgres, url, database):
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    with pytest.raises(DatabaseAway, match="made anew by itself"):
        async with database.begin() as db:
            await db.states.set("a", "b")
            await asyncio.to_thread(postgres.tell, cut)
            await db.states.set("c", "d")
    async with database.read() as db:
        assert await db.states.of(["a", "c"]) == {}


@pytest.mark.parametrize("at_once", [False, True], ids=["in order", "without power"])
async def test_while_the_server_is_down_it_is_told_and_then_goes_on(postgres, database, at_once):
    await said(database, line(1, "before"))
    await asyncio.to_thread(postgres.stop, at_once=at_once)
    try:
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                await said(database, line(2, "meanwhile"))
            with pytest.raises(DatabaseAway):
                async with database.read() as db:
                    await db.states.all()
    finally:
        await asyncio.to_thread(postgres.start)
    await said(database, line(3, "after"))
    async with database.read() as db:
        assert [one.text for one in await db.messages.transcript(1, "pixel", since=NOW)] == [
            "before",
            "after",
        ]


class Wire:
    """A network between the program and the server, which can fall silent without a word."""

    def __init__(self, url: str) -> None:
        self._port = urlsplit(url).port
        self._open = asyncio.Event()
        self._open.set()
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def falls_silent(self) -> None:
        self._open.clear()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self._server.close()
        for one in self._tasks:
            one.cancel()
        for writer in self._writers:
            writer.close()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, back]
        for pair in ((reader, back), (there, writer)):
            self._tasks.add(asyncio.create_task(self._forward(*pair)))

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while some := await source.read(65536):
            await self._open.wait()
            sink.write(some)
        await self._open.wait()
        sink.close()


@pytest.fixture
async def wire(url: str):
    made = Wire(url)
    yield made
    await made.close()


@pytest.mark.slow
async def test_a_network_that_falls_silent_is_told_as_such_within_seconds(url, wire, tmp_path, monkeypatch):
    port = await wire.start()
    database = await Database.connect(url.replace(f":{urlsplit(url).port}/", f":{port}/"), tmp_path / "none")
    await said(database, line(1, "before"))
    await database.size()
    monkeypatch.setattr(postgres, "PING_SECONDS", 0.3)
    monkeypatch.setattr(postgres, "CONNECT_SECONDS", 0.3)
    wire.falls_silent()
    async with asyncio.timeout(20):
        with pytest.raises(DatabaseAway):
            await said(database, line(2, "meanwhile"))
        with pytest.raises(DatabaseAway):
            async with database.read() as db:
                await db.states.all()
        for trouble in (database.size, database.scrub, database.vacuum):
            with pytest.raises(DatabaseAway):
                await trouble()
    await database.close()


async def test_a_timeout_of_what_happens_in_a_transaction_stays_one(database):
    with pytest.raises(TimeoutError):
        async with database.begin():
            raise TimeoutError


async def test_how_the_server_is_set_up_does_not_end_our_sessions(postgres, url, tmp_path):
    for setting in ("idle_session_timeout = '1min'", "transaction_timeout = '1min'"):
        with suppress(AssertionError):  # a server that does not know it yet
            postgres.tell(f"ALTER DATABASE {name_of(url)} SET {setting}")
    database = await Database.connect(url, tmp_path / "none")
    names = ("idle_session_timeout", "transaction_timeout", "client_connection_check_interval")
    for engine in (database._reader, database._writer):
        async with engine.connect() as connection:
            query = "SELECT name, setting FROM pg_settings WHERE name IN ('{}', '{}', '{}')".format(*names)
            rows: Any = await connection.exec_driver_sql(query)
            found = dict(rows.all())
    assert found.pop("client_connection_check_interval") in ("5000", "0")
    assert set(found.values()) == {"0"}
    await database.close()


@pytest.mark.slow
async def test_a_table_that_somebody_holds_is_told_as_busy(database):
    async with database._reader.connect() as other:
        raw: Any = (await other.get_raw_connection()).driver_connection
        await raw.execute("SET default_transaction_read_only = off")
        await raw.execute("BEGIN; LOCK TABLE channels")
        with pytest.raises(DatabaseBusy, match="holds a table"):
            await said(database, line(1, "hello"))
        await raw.execute("ROLLBACK")


async def test_what_an_error_says_quotes_no_row(database):
    for broken in (line(1, "my secret", author_name="my secret"), line(2**70, "my secret")):
        with pytest.raises(DatabaseError) as caught:
            async with database.begin() as db:
                await db.messages.add(broken)  # no such channel; no such number
        assert "secret" not in "".join(traceback.format_exception(caught.value))


# --- One process ---------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_second_process_is_refused(url, database, tmp_path):
    with pytest.raises(
        DatabaseTaken, match=r"Another Masquerade runs on .*\(masquerade \w+ from 127.0.0.1\)"
    ):
        await Database.connect(url, tmp_path / "none")
    await said(database, line(1, "still here"))


@pytest.mark.slow
async def test_who_lost_the_database_to_another_writes_no_more(postgres, url, database, tmp_path):
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    postgres.tell(cut)
    other = await Database.connect(url, tmp_path / "none")
    with pytest.raises(DatabaseTaken):
        await said(database, line(1, "mine"))
    await said(other, line(1, "mine"))
    await other.close()
    await said(database, line(2, "mine again"))


@pytest.mark.slow
async def test_whether_it_can_be_written_to_is_known_without_writing(postgres, url, database, tmp_path):
    cut = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    await database.check_writer()
    postgres.tell(cut)
    other = await Database.connect(url, tmp_path / "none")
    with pytest.raises(DatabaseTaken):
        await database.check_writer()
    await other.close()
    await database.check_writer()
    postgres.tell(f"ALTER DATABASE {name_of(url)} SET default_transaction_read_only = on")
    postgres.tell(cut)
    with pytest.raises(DatabaseError, match="readonly"):
        await database.check_writer()


async def test_who_writes_just_now_is_not_held_up_by_a_look(opening):
    database = await opening()
    async with database.begin() as db:
        await db.states.set("a", "b")
        async with asyncio.timeout(5):
            await database.check_writer()
    await database.check_writer()
    await database.close()


async def test_a_broken_connection_of_ours_does_not_lock_us_out(database):
    """As after a network went away: the server has not noticed yet, and still sees us there."""
    async with database._writer.connect() as connection:
        raw = await connection.get_raw_connection()
        lost: Any = raw.driver_connection
        raw.detach()  # the pool forgets it, the server does not
    await said(database, line(1, "again"))
    with pytest.raises(Exception, match=r"terminating|closed"):
        await lost.fetchval("SELECT 1")


# --- Talking and forgetting ----------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_whole_conversation_outlasts_a_restart(empty, tmp_path):
    async with drill(tmp_path / "data", url=empty) as at:
        await at.learnt()
        clock = at.clock
        before = [one.text for one in await at.app.memories.of("pixel", MIRA)]
    assert canary("learnt") in " ".join(before)
    async with drill(tmp_path / "data", at=clock, url=empty) as at:
        await at.hear("Pixel, do you remember?", where=CHANNEL)
        assert canary("learnt") in at.claude.prompts[-1].text
        assert [one.text for one in await at.app.memories.of("pixel", MIRA)] == before
        assert await at.app.database.size() > 1_000_000
        assert at.mouth.said == ["Hm."]
    assert not list((tmp_path / "data").glob("*.sqlite3*"))


async def test_nothing_of_what_was_forgotten_is_left_in_the_servers_files(postgres, url, database):
    await said(database, line(1, "CANARY-7f3a"), line(2, "CANARY-stays"))
    assert holding(postgres, url, "CANARY-7f3a")
    async with database.begin() as db:
        assert await db.messages.forget([1]) == 1
    assert holding(postgres, url, "CANARY-7f3a"), "else this test shows nothing"
    assert await database.scrub()
    assert holding(postgres, url, "CANARY-7f3a") == []
    assert holding(postgres, url, "CANARY-stays")


async def test_no_sample_of_the_planners_keeps_what_was_forgotten(postgres, url, database):
    await said(database, *(line(number, "CANARY-many") for number in range(1, 50)))
    postgres.tell("ANALYZE", name_of(url))
    async with database.begin() as db:
        await db.messages.forget(list(range(1, 50)))
    assert await database.scrub()
    assert holding(postgres, url, "CANARY-many") == []


@pytest.mark.slow
async def test_what_somebody_is_reading_is_cleared_later(postgres, url, database):
    await said(database, line(1, "CANARY-read"))
    async with database.read() as reading:
        assert await reading.messages.transcript(1, "pixel", since=NOW)
        async with database.begin() as db:
            await db.messages.forget([1])
        assert not await database.scrub()
        assert await reading.messages.transcript(1, "pixel", since=NOW)
    assert await database.scrub()
    assert holding(postgres, url, "CANARY-read") == []


@pytest.mark.slow
async def test_what_a_prepared_transaction_holds_is_cleared_later(postgres, url, database):
    await said(database, line(1, "CANARY-prepared"))
    postgres.tell("BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'left'", name_of(url))
    try:
        async with database.begin() as db:
            await db.messages.forget([1])
        assert not await database.scrub()
        assert holding(postgres, url, "CANARY-prepared")
    finally:
        postgres.tell("ROLLBACK PREPARED 'left'", name_of(url))
    assert await database.scrub()
    assert holding(postgres, url, "CANARY-prepared") == []


@pytest.mark.parametrize(
    "view",
    [
        "pg_replication_slots AS SELECT '3'::xid AS xmin",
        "pg_stat_activity AS SELECT 0 AS pid, NULL::name AS datname, '3'::xid AS backend_xmin",
    ],
    ids=["by its slot", "by its connection"],
)
async def test_what_a_standby_server_still_reads_is_cleared_later(postgres, url, tmp_path, view):
    """There is none here: a view stands before the server's own, and says what it would say."""
    name = name_of(url)
    postgres.tell(f"ALTER DATABASE {name} SET search_path = public, pg_catalog")
    postgres.tell(f"CREATE VIEW public.{view}; GRANT SELECT ON public.{view.split()[0]} TO masquerade", name)
    database = await Database.connect(url, tmp_path / "none")
    assert not await database.scrub()
    postgres.tell(f"DROP VIEW public.{view.split()[0]}", name)
    assert await database.scrub()
    await database.close()


async def test_a_large_table_is_written_anew_at_night(postgres, url, database, monkeypatch):
    await said(database, *(line(number, "CANARY-night") for number in range(1, 5)))
    async with database.begin() as db:
        await db.messages.forget([1, 2])
        await db.messages.edited(3, "never mind")
        await db.messages.edited(4, "never mind")
    monkeypatch.setattr("database.backend.REWRITTEN_ROWS", 1)
    assert await database.scrub()
    assert holding(postgres, url, "CANARY-night")
    async with database.read() as db:
        assert await db.states.get(VACUUM_DUE) == ""
    assert await database.vacuum()
    assert holding(postgres, url, "CANARY-night") == []
    assert not await database.vacuum()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["paired", "reset", "reset everywhere"])
async def test_an_exchange_is_gone_from_the_server_in_every_way_to_forget(postgres, url, tmp_path, way):
    kinds = ("message", "reply", "offered", "accepted")
    async with drill(tmp_path / "data", url=url) as at:
        message_id = await at.exchange(CHANNEL)
        assert [kind for kind in kinds if not found(postgres.folder_of(url), kind)] == []
        await WAYS[way](at, message_id)
        assert [kind for kind in kinds if found(postgres.folder_of(url), kind)] == []
        assert [kind for kind in kinds if found(at.folder, kind)] == []


@pytest.mark.slow
async def test_who_leaves_is_in_no_file_of_the_server_any_more(postgres, url, tmp_path):
    kinds = ("message", "quote", "learnt", "summary", "repeated")
    words = f"a {canary('repeated')} sings in my kitchen from six in the morning"
    async with drill(tmp_path / "data", url=url) as at:
        await at.learnt()
        await at.hear(f"Pixel, {words}", where=CHANNEL)
        await at.hear(
            "Pixel, what sings?",
            where=CHANNEL,
            author_id=43,
            author_name="Bob",
            reply=f"I heard that {words}.",
        )
        await at.consolidated()
        assert [kind for kind in ("learnt", "repeated") if not found(postgres.folder_of(url), kind)] == []
        receipt = await at.app.privacy.leave(MIRA)
        assert receipt.finished
        assert (receipt.gone.echoes, receipt.named, receipt.left, receipt.by_words) == (1, 0, {}, True)
        assert [kind for kind in kinds if found(postgres.folder_of(url), kind)] == []


@pytest.mark.slow
async def test_every_column_of_every_table_can_be_searched_for_an_id_of_discords(database):
    person = 421_337_000_000_000_042
    async with database.begin() as db:
        assert await db.leftovers.residue(person) == ({}, 0)
        await db.users.note(person, {0: "Mira"}, is_bot=False, at=NOW)
        await db.states.set("a key", f"about {person}")
        found = await db.leftovers.residue(person)
    assert found.rows == {"users": 1, "nicknames": 1, "global_state": 1}


# --- Copies --------------------------------------------------------------------------------------------


def _copied(postgres: Server, program: str, *arguments: str) -> str:
    """Run one of PostgreSQL's own tools as the bot's user."""
    told = subprocess.run(
        [str(postgres.programs / program), *arguments], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


@pytest.mark.slow
async def test_a_dump_comes_back_as_is_told_over_a_schema_that_has_more(postgres, url, tmp_path):
    """Twice, for what is emptied and filled again must be such a database as before."""
    database = await Database.connect(url, tmp_path / "none")
    await said(database, line(1, "kept"))
    await database.close()
    for number in range(2):
        file = str(tmp_path / f"{number}.dump")
        _copied(postgres, "pg_dump", "--format=custom", f"--file={file}", url)
        assert "TABLE DATA public messages" in _copied(postgres, "pg_restore", "--list", file)
        postgres.tell("CREATE TABLE newer (id int)", name_of(url))
        _copied(postgres, "psql", "--command=DROP SCHEMA public CASCADE; CREATE SCHEMA public", url)
        _copied(postgres, "pg_restore", "--no-owner", "--single-transaction", f"--dbname={url}", file)
        database = await Database.connect(url, tmp_path / "none")
        async with database.read() as db:
            assert [one.text for one in await db.messages.transcript(1, "pixel", since=NOW)] == ["kept"]
        await said(database)
        await database.close()
        found = "SELECT count(*) FROM pg_tables WHERE tablename = 'newer'"
        assert postgres.tell(found, name_of(url)) == "0"


# --- Moving --------------------------------------------------------------------------------------------


async def _file(path: Path) -> None:
    database = await Database.open(path)
    await said(database, line(1, "one"), line(2, "two \0 and \U0001f431"), line(3, "three"))
    async with database.begin() as db:
        await db.messages.forget([3])
        await db.users.note(7, {0: "mira99"}, is_bot=False, at=NOW)
        await db.embeddings.put("fact", 7, "a model", {1: bytes(range(8))})
    await database.close()


@pytest.mark.slow
async def test_a_file_moves_to_the_server_with_every_row(empty, tmp_path):
    path, url = tmp_path / "masquerade.sqlite3", empty
    await _file(path)
    moved = await servers.move(path, url, backups=tmp_path / "backups")
    with closing(sqlite3.connect(path)) as connection:
        for table, count in moved.items():
            assert connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0] == count
    database = await Database.connect(url, path)
    await said(database, line(4, "four"))
    async with database.read() as db:
        lines = await db.messages.transcript(1, "pixel", since=NOW)
        user = await db.users.get(7)
        packed = await db.embeddings.of("fact", [7], "a model")
    assert [(one.position, one.text) for one in lines] == [
        (1, "one"),
        (2, "two \ufffd and \U0001f431"),
        (4, "four"),
    ]
    assert user is not None and user.first_seen == NOW
    assert (list(packed.ids), packed.rows) == ([1], bytes(range(8)))
    await database.close()


async def test_nothing_moves_into_a_database_that_holds_anything(url, database, tmp_path):
    await _file(tmp_path / "old.sqlite3")
    await said(database, line(9, "mine"))
    await database.close()
    with pytest.raises(DatabaseError, match="holds something already"):
        await servers.move(tmp_path / "old.sqlite3", url, backups=tmp_path / "backups")


async def test_what_was_broken_off_moved_nothing(postgres, url, tmp_path, monkeypatch):
    async def fails(*_: object) -> None:
        raise RuntimeError

    await _file(tmp_path / "old.sqlite3")
    monkeypatch.setattr(servers, "_count_on", fails)
    with pytest.raises(RuntimeError):
        await servers.move(tmp_path / "old.sqlite3", url, backups=tmp_path / "backups")
    assert postgres.tell("SELECT count(*) FROM channels", name_of(url)) == "0"


def test_every_fault_is_told_without_what_was_written():
    for state in (*postgres_faults._FAULTS, "23505", "22P02", "42P01", "99999", ""):
        error = Exception("a secret")
        error.sqlstate = state.ljust(5, "0")[:5] if state else None  # type: ignore[attr-defined]
        told = str(postgres_faults.named("the database", error))
        assert told.startswith("The database: ")
        assert ("secret" in told) is (state in ("23505", "42P01"))
