"""The database: nothing lost, nothing locked, damage refused by name."""

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.pool import NullPool

from database import Database, DatabaseCorrupt, DatabaseError, DatabaseFull, DatabaseTooNew, files
from database.backend import READERS, VACUUM_DUE
from database.in_place import InPlace, to_its_end
from database.models import MessageRow, Row, Turn
from database.sqlite import BUSY_MILLISECONDS, SQLiteConnection

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "masquerade.sqlite3"


@pytest.fixture(params=[False, True], ids=["in a thread", "brief"])
def brief(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def _filled(path: Path, lines: int = 200) -> None:
    database = await Database.open(path)
    await _fill(database, lines)
    await database.close()


async def _fill(database: Database, lines: int) -> None:
    async with database.begin() as db:
        await db.channels.note(1, place="dm", name="", guild_id=None, guild_name="", heard=lines)
        for number in range(1, lines + 1):
            await db.messages.add(_message(number))


def _message(number: int, *, channel_id: int = 1, sent_at: datetime = NOW) -> MessageRow:
    return MessageRow(
        id=number,
        channel_id=channel_id,
        author_id=7,
        author_name="Mira",
        text=f"line {number} " + "x" * 100,
        sent_at=sent_at,
    )


@pytest.mark.slow
async def test_twenty_writers_lose_no_increment(opening, brief):
    database = await opening()
    async with database.begin(brief=brief) as db:
        await db.states.set("count", "0")

    async def count(times: int) -> None:
        for _ in range(times):
            async with database.begin(brief=brief) as db:
                value = int(await db.states.get("count") or 0)
                await asyncio.sleep(0)
                await db.states.set("count", str(value + 1))

    await asyncio.gather(*(count(25) for _ in range(20)))
    async with database.read(brief=brief) as db:
        assert await db.states.get("count") == "500"
    await database.close()


async def test_readers_see_a_consistent_view_while_others_write(opening, brief):
    database = await opening()
    await _fill(database, 10)
    async with database.read(brief=brief) as before:
        assert len(await before.messages.transcript(1, "pixel", since=NOW)) == 10
        async with database.begin(brief=brief) as db:
            await db.messages.add(_message(11))
        assert len(await before.messages.transcript(1, "pixel", since=NOW)) == 10
    async with database.read(brief=brief) as after:
        assert len(await after.messages.transcript(1, "pixel", since=NOW)) == 11
    await database.close()


async def test_a_read_transaction_cannot_write(opening, brief):
    database = await opening()
    with pytest.raises(DatabaseError, match="readonly"):
        async with database.read(brief=brief) as db:
            await db.states.set("a", "b")
    await database.close()


async def test_an_error_in_a_transaction_keeps_nothing_of_it(opening, brief):
    database = await opening()
    with pytest.raises(RuntimeError):
        async with database.begin(brief=brief) as db:
            await db.states.set("a", "b")
            raise RuntimeError
    async with database.read(brief=brief) as db:
        assert await db.states.get("a") is None
    await database.close()


@pytest.mark.slow
async def test_a_cancelled_transaction_is_rolled_back(opening, brief):
    database = await opening()
    entered = asyncio.Event()

    async def write() -> None:
        async with database.begin(brief=brief) as db:
            await db.states.set("a", "b")
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with database.begin(brief=brief) as db:
        assert await db.states.get("a") is None
    await database.close()


@pytest.mark.slow
async def test_cancelled_at_any_moment_a_transaction_is_whole_or_not_there(opening, brief):
    """Faults B14: at each of its steps in turn, and what comes after it finds the writer free."""
    database = await opening()
    keys = ["a", "b", "c"]

    async def write(number: int) -> None:
        async with database.begin(brief=brief) as db:
            for key in keys:
                await db.states.set(key, str(number))

    async def kept() -> set[str | None]:
        async with database.read(brief=brief) as db:
            return {await db.states.get(key) for key in keys}

    await write(0)
    ended, torn, number = 0, [], 0
    while ended < 3:  # until it is through before it is cancelled
        number += 1 + number // 40  # a server takes thousands of turns of the loop to answer
        task = asyncio.create_task(write(number))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        ended += outcome is None
        torn += [number] if len(await kept()) != 1 else []
    assert torn == []
    assert number > (3 if brief else 10)
    await write(-1)
    assert await kept() == {"-1"}
    await database.close()


@pytest.mark.parametrize("entity", [False, True])
async def test_a_part_of_a_transaction_is_undone_alone(opening, brief, entity):
    database = await opening()
    async with database.begin(brief=brief) as db:
        if entity:
            await db.users.get(1)
        await db.states.set("before", "1")
        with pytest.raises(DatabaseError):
            async with db.apart():
                await db.states.set("within", "1")
                await db.messages.add(_message(1, channel_id=404))  # no such channel
        async with db.apart():
            await db.states.set("within another", "1")
        await db.states.set("after", "1")
    async with database.read(brief=brief) as db:
        kept = await db.states.of(["before", "within", "within another", "after"])
    assert set(kept) == {"before", "within another", "after"}
    await database.close()


async def test_times_come_back_aware_and_in_utc(opening):
    database = await opening()
    zone = datetime(2026, 11, 21, 12, tzinfo=UTC).astimezone()
    async with database.begin() as db:
        await db.users.note(7, {0: "Mira"}, is_bot=False, at=zone)
    async with database.read() as db:
        user = await db.users.get(7)
    assert user is not None
    assert user.first_seen == zone
    assert user.first_seen.tzinfo is UTC
    await database.close()


async def test_all_nicknames_of_a_user_are_kept(opening):
    database = await opening()
    for minute, name in enumerate(["Mira", "Mirabelle", "Mira"]):
        async with database.begin() as db:
            await db.users.note(7, {0: "mira99", 5: name}, is_bot=False, at=NOW + timedelta(minutes=minute))
    async with database.read() as db:
        names = await db.users.nicknames(7)
        user = await db.users.get(7)
    assert {(one.guild_id, one.name) for one in names} == {(0, "mira99"), (5, "Mira"), (5, "Mirabelle")}
    assert names[0].last_seen == NOW + timedelta(minutes=2)
    assert user is not None and user.first_seen == NOW and user.last_seen == NOW + timedelta(minutes=2)
    await database.close()


async def test_the_schema_is_what_the_models_say(path):
    await _filled(path, 1)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    found = inspect(engine)
    for name, table in Row.metadata.tables.items():
        assert {column["name"] for column in found.get_columns(name)} == set(table.columns.keys())
        assert {index["name"] for index in found.get_indexes(name)} == {index.name for index in table.indexes}
    engine.dispose()


async def test_connections_wait_sync_and_erase(path):
    database = await Database.open(path)
    async with database._writer.connect() as connection:
        for pragma, value in {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "secure_delete": 1,
            "busy_timeout": 5000,
        }.items():
            assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value
    await database.close()


async def test_who_means_to_write_holds_the_file_from_the_first_statement_on(path, brief):
    """Or what was just read may be another's by the time that it is written."""
    database = await Database.open(path)
    async with database.begin(brief=brief) as db:
        await db.states.get("a")  # nothing is written yet
        with (
            closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
    await database.close()


async def test_nobody_is_kept_waiting_while_another_program_holds_the_file(path, brief):
    database = await Database.open(path)

    async def write() -> None:
        async with database.begin(brief=brief) as db:
            await db.states.set("a", "b")

    await write()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(write())
        begun = asyncio.get_running_loop().time()
        await asyncio.sleep(0.1)
        assert asyncio.get_running_loop().time() - begun < BUSY_MILLISECONDS / 1000 / 2
        assert not writing.done()
        other.execute("COMMIT")
    await writing
    await database.close()


async def test_of_a_brief_transaction_only_the_commit_goes_to_a_thread(path, monkeypatch):
    database = await Database.open(path)
    for _ in range(2):
        async with database.begin(brief=True) as db:
            await db.states.set("a", "b")
        async with database.read(brief=True) as db:
            await db.states.get("a")
    trips: list[object] = []
    monkeypatch.setattr(SQLiteConnection, "_in_thread", _counted(SQLiteConnection._in_thread, trips))
    monkeypatch.setattr(SQLiteConnection, "_execute", _counted(SQLiteConnection._execute, trips))
    async with database.begin(brief=True) as db:
        await db.states.set("a", "c")
        await db.states.set("b", "d")
    async with database.read(brief=True) as db:
        assert (await db.states.get("a"), await db.states.get("b")) == ("c", "d")
    assert len(trips) == 1
    await database.close()


def _counted(does: Callable[..., Awaitable[Any]], trips: list[object]) -> Callable[..., Awaitable[Any]]:
    async def count(*given: Any) -> Any:
        trips.append(given)
        return await does(*given)

    return count


async def test_a_transaction_in_which_nothing_is_done_is_over_when_it_ends(path, brief):
    database = await Database.open(path)
    for _ in range(2 * READERS):
        async with database.read(brief=brief):
            pass
        async with database.begin(brief=brief):
            pass
        with pytest.raises(RuntimeError):
            async with database.begin(brief=brief):
                raise RuntimeError
    await database.close()


async def test_who_is_cancelled_while_a_thread_commits_goes_when_it_has_committed():
    committing = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(to_its_end(committing))
    await asyncio.sleep(0)
    waiting.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    committing.set_result(None)
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.slow
async def test_a_connection_that_a_thread_is_at_work_on_is_closed_by_that_thread(path):
    """Closed from elsewhere, it would end the process."""
    database = await Database.open(path)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
    count = f"{numbers} SELECT max(i) FROM n"

    async def work() -> None:
        async with database.read() as db:
            await db.states._session.execute(text(count))

    for _ in range(2 * READERS):
        async with database.read(brief=True) as db:
            assert await db.states.get("a") is None
        working = asyncio.create_task(work())
        await asyncio.sleep(0.03)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
    await database.close()


async def test_what_a_thread_still_does_for_nobody_is_over_when_a_brief_transaction_begins(path):
    database = await Database.open(path)
    done: list[str] = []

    def work() -> None:
        time.sleep(0.2)
        done.append("work")

    async with database._writer.connect() as held:
        raw: Any = (await held.get_raw_connection()).driver_connection
        working = asyncio.create_task(raw._execute(work))
        await asyncio.sleep(0.01)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    async with database.begin(brief=True) as db:
        assert done == ["work"]
        await db.states.set("a", "b")
    await database.close()


def test_what_was_lent_is_closed_by_its_owner_alone():
    with closing(sqlite3.connect(":memory:")) as opened:
        lent = InPlace().over(opened)
        assert lent.execute(text("SELECT 1")).scalar() == 1
        lent.close()
        assert opened.execute("SELECT 1").fetchone() == (1,)


async def test_many_rows_are_read_in_a_thread_and_all_there(path):
    await _filled(path, 300)
    database = await Database.open(path)
    async with database.read(brief=True) as db:
        rows = await db.messages._session.execute(select(MessageRow.id).execution_options(long=True))
        assert len(rows.all()) == 300
    await database.close()


async def test_a_new_database_is_open_to_its_owner_alone(path):
    await (await Database.open(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_empty_file_is_no_fresh_start(path):
    path.touch()
    with pytest.raises(DatabaseCorrupt, match="it is empty"):
        await Database.open(path)
    assert path.stat().st_size == 0


@pytest.mark.parametrize("damage", ["truncated", "header", "page", "text"])
async def test_a_damaged_file_is_refused_by_name_and_left_alone(path, damage):
    await _filled(path)
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    elif damage == "header":
        content[:100] = bytes(100)
    elif damage == "page":
        content[4096 * 2 : 4096 * 4] = os.urandom(4096 * 2)
    else:
        content = bytearray(b"my shopping list\n" * 100)
    path.write_bytes(content)
    with pytest.raises(DatabaseCorrupt, match=r"masquerade\.sqlite3.*left as it is"):
        await Database.open(path)
    assert path.read_bytes() == content


async def test_the_refusal_names_the_newest_good_backup(path, tmp_path):
    await _filled(path)
    files.copy(path, tmp_path / "backups" / "monday.sqlite3")
    path.write_bytes(b"broken")
    with pytest.raises(DatabaseCorrupt, match=r"newest backup is .*monday\.sqlite3"):
        await Database.open(path)


async def test_a_database_of_a_later_version_is_refused(path):
    await _filled(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(DatabaseTooNew, match="later version of Masquerade"):
        await Database.open(path)
    assert path.read_bytes() == before


async def test_somebody_elses_database_is_refused(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (id INTEGER)")
        connection.commit()
    with pytest.raises(DatabaseError, match="not one of ours"):
        await Database.open(path)


async def test_a_backup_of_a_database_in_use_has_every_row(path, tmp_path):
    database = await Database.open(path)
    async with database.begin() as db:
        await db.channels.note(1, place="dm", name="", guild_id=None, guild_name="", heard=1)
        for number in range(1, 501):
            await db.messages.add(_message(number))
    files.copy(path, tmp_path / "copy.sqlite3")
    await database.close()
    restored = await Database.open(tmp_path / "copy.sqlite3")
    async with restored.read() as db:
        assert len(await db.messages.transcript(1, "pixel", since=NOW)) == 500
    await restored.close()


async def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(path, brief):
    await _filled(path, 50)
    database = await Database.open(path)
    async with database._writer.connect() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    acknowledged = 50
    with pytest.raises(DatabaseFull, match="free some disk space"):
        for number in range(51, 500):
            async with database.begin(brief=brief) as db:
                await db.messages.add(_message(number))
            acknowledged = number
    async with database.read(brief=brief) as db:
        assert len(await db.messages.transcript(1, "pixel", since=NOW)) == acknowledged
    async with database._writer.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    async with database.begin(brief=brief) as db:
        await db.messages.add(_message(1_000))
    await database.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_what_is_deleted_is_gone_from_the_file(path):
    database = await Database.open(path)
    async with database.begin() as db:
        await db.channels.note(1, place="dm", name="", guild_id=None, guild_name="", heard=1)
        message = _message(1)
        message.text = "CANARY-7f3a"
        await db.messages.add(message)
    async with database.begin() as db:
        assert await db.messages.forget([1]) == 1
    await database.close()  # closing the last connection folds the WAL into the file
    assert all(b"CANARY-7f3a" not in one.read_bytes() for one in path.parent.iterdir())


async def test_errors_do_not_carry_what_people_said(opening, brief):
    database = await opening()
    with pytest.raises(DatabaseError) as caught:
        async with database.begin(brief=brief) as db:
            message = _message(1, channel_id=404)  # no such channel
            message.text = "my secret"
            await db.messages.add(message)
    assert "my secret" not in f"{caught.value} {caught.value.__cause__}"
    await database.close()


async def test_a_turn_can_only_be_in_a_known_state(opening):
    database = await opening()
    with pytest.raises(DatabaseError, match=r"(?i)check constraint"):
        async with database.begin() as db:
            await db.states.set("a", "b")
            await db.channels.note(1, place="dm", name="", guild_id=None, guild_name="", heard=1)
            turn = Turn(1, 1, 1, "nyx", "why", 0, NOW, state="perhaps")
            await db.turns.pledge(turn, [])
    async with database.read() as db:
        assert await db.states.get("a") is None
    await database.close()


async def test_many_vectors_are_not_written_anew_for_each_thing_that_is_forgotten(opening, monkeypatch):
    database = await opening()
    async with database.begin() as db:
        for owner in range(3):
            await db.embeddings.put("fact", owner, "a model", {1: bytes(4)})
    for most, due in ((3, None), (2, "")):
        monkeypatch.setattr("database.backend.REWRITTEN_VECTORS", most)
        assert await database.scrub()
        async with database.read() as db:
            assert await db.states.get(VACUUM_DUE) == due
            assert len((await db.embeddings.of("fact", range(3), "a model")).ids) == 3
    await database.close()


async def test_a_fresh_file_is_read_at_once_while_somebody_writes_in_it(path):
    """Nobody changes the journal any more, which would find the file locked without waiting."""
    database = await Database.open(path)
    with closing(sqlite3.connect(path, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with database.read() as db, database.read(brief=True) as brief:
            assert await db.states.get("a") is None is await brief.states.get("a")
    await database.close()
