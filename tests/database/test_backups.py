"""Backups: complete while the bot writes, brought back whole, damage named, nothing lost on the way (C92)."""

import asyncio
import hashlib
import json
import logging
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from bot.app import DATABASE_NAME, App, open_app
from bot.cli.doctor.storage import storage_findings
from bot.cli.main import main
from bot.core.data_lock import held
from bot.llm.server import Server
from bot.settings import Settings
from database import (
    Database,
    DatabaseCorrupt,
    DatabaseError,
    DatabaseTooNew,
    backups,
    copies,
    files,
    schema,
)
from database.backups import NightWatch
from database.copies import PASSING_TABLES
from tests.builders import AT_ONCE, PIXEL
from tests.fakes import EPOCH, FakeClaude, FakeClock
from tests.support.paths import ROOT

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MADE = "2026-11-21 11:00:00.000000"
REVISIONS = [script.revision for script in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()][::-1]
SMALL = 40
"""Rows in each table of a database that stays at a hundred pages or so."""

Hashes = dict[str, str]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of a machine on which the commands run, without a token and with no such character."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "data")
    monkeypatch.setenv("CHARACTER", "nobody")
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    return tmp_path / "data" / DATABASE_NAME


def kept_in(path: Path) -> Path:
    return path.parent / files.BACKUPS


def built(path: Path, revision: str = "head", *, rows: int = SMALL) -> Path:
    """Build a database as a version of the program made it, with rows in every table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with files._connected(path) as migrating:
        config.attributes["connection"] = migrating
        command.upgrade(config, revision)
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in tables(connection) - {"alembic_version", *PASSING_TABLES}:
            fill(connection, table, rows)
    path.chmod(0o600)
    return path


def tables(connection: sqlite3.Connection) -> set[str]:
    named = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {name for (name,) in named if not name.startswith("sqlite_")}


def fill(connection: sqlite3.Connection, table: str, rows: int) -> None:
    """Put rows into a table of any version: row 3 holds threes, and points at row 3 of others."""
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    columns = [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]
    for number in range(1, rows + 1):
        values = [value(sql, name, kind, number) for name, kind in columns]
        marks = ",".join("?" * len(values))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)


def value(sql: str, name: str, kind: str, number: int) -> Any:
    if allowed := re.search(rf"\b{name} IN \('([^']+)'", sql):
        return allowed[1]
    if bounds := re.search(rf"\b{name} BETWEEN (-?\d+) AND (-?\d+)", sql):
        least, most = int(bounds[1]), int(bounds[2])
        return least + number % (most - least + 1)
    if kind == "DATETIME":
        return MADE
    if kind == "JSON":
        return json.dumps({"text": f"text {number}"} if name in ("before", "after") else [number])
    if kind == "BOOLEAN":
        return number % 2
    return f"{name} {number} of Mira" if "CHAR" in kind or kind == "TEXT" else number


def hashes(path: Path) -> Hashes:
    """Return a hash of all the rows of each table."""
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: hashlib.sha256(
                repr(sorted(map(repr, connection.execute(f"SELECT * FROM {table}")))).encode()
            ).hexdigest()
            for table in tables(connection)
        }


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def as_after_a_crash(path: Path, folder: Path) -> Path:
    """Return a copy of a database that some process left with its last rows in the WAL only."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        with connection:
            connection.executemany(
                "INSERT INTO global_state VALUES (?, 'x')", [(f"wal {n}",) for n in range(500)]
            )
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, folder / file.name)
    assert (folder / f"{path.name}-wal").stat().st_size > 0
    return folder / path.name


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


# --- The drill ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_backup_restored_on_an_empty_machine_is_the_same_in_every_table(
    path, tmp_path, monkeypatch, capsys
):
    before = hashes(built(path))
    assert len(before) > 10
    assert run("backup", "copy.sqlite3") == 0
    said = capsys.readouterr().out
    count = len(before) - 1  # alembic's own table is not counted
    rows = SMALL * (count - len(PASSING_TABLES))
    what = rf"\d\.\d MB, schema {schema.head()}, {rows:,} rows in {count} tables"
    assert re.fullmatch(rf"Wrote copy\.sqlite3: {what}\.\n", said)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "new" / "machine"))
    there = tmp_path / "new" / "machine" / DATABASE_NAME
    assert run("restore", "copy.sqlite3") == 0
    assert hashes(there) == before
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert re.fullmatch(rf"Restored {there} from copy\.sqlite3: {what}\.\n", capsys.readouterr().out)
    assert not (there.parent / files.BACKUPS).exists()


@pytest.mark.slow
def test_a_backup_is_one_file_that_only_its_owner_reads(path, tmp_path):
    as_after_a_crash(built(tmp_path / "elsewhere" / DATABASE_NAME), path.parent)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    assert run("backup", shelf / "copy") == 0
    assert names(shelf) == ["copy"]
    assert stat.S_IMODE((shelf / "copy").stat().st_mode) == 0o600
    assert (shelf / "copy").read_bytes()[18:20] == b"\x01\x01"  # no WAL: it can be read from a read-only disk
    assert copies.flaw(shelf / "copy") is None


@pytest.mark.slow
def test_rows_that_only_the_wal_holds_are_in_the_backup(path, tmp_path):
    crashed = as_after_a_crash(built(tmp_path / "elsewhere" / DATABASE_NAME), path.parent)
    shutil.copy(crashed, tmp_path / "plain")
    assert run("backup", "copy") == 0
    query = "SELECT count(*) FROM global_state WHERE key LIKE 'wal %'"
    for file, count in (("copy", 500), ("plain", 0)):
        with closing(sqlite3.connect(tmp_path / file)) as connection:
            assert connection.execute(query).fetchone() == (count,)


async def test_everything_acknowledged_before_a_backup_began_is_in_it(path, tmp_path):
    database, acknowledged, done = await Database.open(path), 0, False

    async def write() -> None:
        nonlocal acknowledged
        while not done:
            async with database.begin() as db:
                await db.states.set(f"{acknowledged:06}", "x" * 500)
            acknowledged += 1

    writing = asyncio.create_task(write())
    for number in range(8):
        while acknowledged < 20 * (number + 1):
            await asyncio.sleep(0.001)
        before, target = acknowledged, tmp_path / f"{number}.sqlite3"
        assert await asyncio.to_thread(run, "backup", target) == 0
        with closing(sqlite3.connect(target)) as connection:
            keys = [key for (key,) in connection.execute("SELECT key FROM global_state ORDER BY key")]
        assert len(keys) >= before
        assert keys == [f"{key:06}" for key in range(len(keys))]
    done = True
    await writing
    assert acknowledged > len(keys)
    await database.close()


# --- What a backup refuses ------------------------------------------------------------------------


def test_there_is_nothing_to_back_up_before_the_first_start(path, tmp_path, capsys):
    assert run("backup", "copy") == 78
    assert "There is no database in" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_a_backup_does_not_overwrite_unless_told_to(path, tmp_path, capsys):
    built(path)
    (tmp_path / "mine").write_text("my shopping list")
    assert run("backup", "mine") == 78
    assert "mine is there already; name another file, or add --force" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "my shopping list"
    assert run("backup", "--force", "mine") == 0
    assert hashes(tmp_path / "mine") == hashes(path)


@pytest.mark.slow
def test_a_link_leads_a_backup_to_where_it_points(path, tmp_path):
    built(path)
    (tmp_path / "usual").symlink_to(tmp_path / "monday")
    assert run("backup", "usual") == 0
    assert (tmp_path / "usual").is_symlink()
    assert hashes(tmp_path / "monday") == hashes(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "target",
    [f"data/{DATABASE_NAME}", f"data/{DATABASE_NAME}-wal", "data/masquerade.lock", "linked", "the same"],
)
def test_a_backup_never_takes_the_place_of_the_database_or_its_parts(path, tmp_path, target, capsys):
    content = built(path).read_bytes()
    (tmp_path / "linked").symlink_to(path)
    os.link(path, tmp_path / "the same")
    assert run("backup", "--force", target) == 78
    assert "is the database itself, or belongs to it" in capsys.readouterr().err
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_yet_is_made_for_its_owner_alone(path, tmp_path):
    built(path)
    assert run("backup", "data/backups/x.sqlite3") == 0
    assert (tmp_path / "data/backups/x.sqlite3").is_file()
    assert (tmp_path / "data/backups").stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("data", "is a folder; name a file in it"),
        ("no/such/folder/copy", "There is no folder"),
        (f"data/{DATABASE_NAME}/copy", "There is no folder"),
        ("pipe", "is no ordinary file"),
    ],
)
def test_a_place_where_no_backup_can_be_is_named(path, tmp_path, target, words, capsys):
    built(path)
    os.mkfifo(tmp_path / "pipe")
    assert run("backup", "--force", target) == 78
    assert words in capsys.readouterr().err


def test_a_folder_that_takes_no_file_is_named(path, tmp_path, monkeypatch, capsys):
    def read_only(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    built(path)
    monkeypatch.setattr("tempfile.mkstemp", read_only)
    assert run("backup", "copy") == 78
    assert f"{tmp_path / 'copy'} can't be written: Read-only file system" in capsys.readouterr().err


@pytest.mark.slow
def test_a_full_disk_leaves_the_earlier_backup_and_no_crumbs(path, tmp_path, monkeypatch, capsys):
    connect = sqlite3.connect

    def on_a_small_disk(name: Any, *rest: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(name, *rest, **options)
        if str(name).endswith(".partial"):
            connection.execute("PRAGMA max_page_count = 20")
        return connection

    built(path)
    (tmp_path / "copy").write_text("the earlier one")
    before = names(tmp_path)
    monkeypatch.setattr("sqlite3.connect", on_a_small_disk)
    assert run("backup", "--force", "copy") == 1
    assert "There is no room left in" in capsys.readouterr().err
    assert names(tmp_path) == before
    assert (tmp_path / "copy").read_text() == "the earlier one"


def test_changes_of_another_database_are_not_laid_beside_a_backup(path, tmp_path, capsys):
    """SQLite would write them into it."""
    built(path)
    (tmp_path / "copy-wal").write_bytes(b"rows")
    assert run("backup", "copy") == 78
    assert "belongs to another database" in capsys.readouterr().err
    assert names(tmp_path) == ["copy-wal", "data"]


def test_a_damaged_database_gives_no_backup(path, tmp_path, capsys):
    flip_an_indexed_letter(built(path))
    assert run("backup", "copy") == 78
    said = capsys.readouterr().err
    assert "can't be used" in said
    assert "There is no sound backup in" in said
    assert names(tmp_path) == ["data"]


# --- Restoring ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_a_restore_replaces_is_kept_with_its_wal(path, tmp_path, capsys):
    new = hashes(built(tmp_path / "new.sqlite3", rows=3))
    built(tmp_path / "elsewhere" / DATABASE_NAME)
    as_after_a_crash(tmp_path / "elsewhere" / DATABASE_NAME, path.parent)
    old = hashes(tmp_path / "elsewhere" / DATABASE_NAME)
    assert run("restore", "new.sqlite3") == 0
    said = capsys.readouterr().out
    kept = re.fullmatch(r"Restored .*\. What it replaced is kept for 7 days: (.+)\n", said)
    assert kept
    assert re.fullmatch(r"masquerade-before-restore-\d{8}T\d{6}Z\.sqlite3", Path(kept[1]).name)
    assert hashes(Path(kept[1])) == old
    assert stat.S_IMODE(Path(kept[1]).stat().st_mode) == 0o600
    assert names(path.parent) == [files.BACKUPS, "masquerade.lock", DATABASE_NAME]
    assert hashes(path) == new


@pytest.mark.slow
def test_a_restore_can_be_taken_back(path, tmp_path):
    old = hashes(built(path))
    built(tmp_path / "new.sqlite3", rows=3)
    assert run("restore", "new.sqlite3") == 0
    (kept,) = kept_in(path).iterdir()
    assert run("restore", kept) == 0
    assert hashes(path) == old


@pytest.mark.slow
def test_two_restores_within_a_second_keep_both(path, tmp_path):
    built(path)
    built(tmp_path / "new.sqlite3", rows=3)
    for _ in range(3):
        backups.restore(tmp_path / "new.sqlite3", path, backups=kept_in(path), at=NOW)
    assert names(kept_in(path)) == [
        f"masquerade-before-restore-20261121T12000{second}Z.sqlite3" for second in range(3)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("damage", "crashed"), [("page", True), ("header", False), ("empty", False)])
def test_a_damaged_database_is_kept_byte_by_byte(path, tmp_path, damage, crashed):
    new = hashes(built(tmp_path / "new.sqlite3", rows=3))
    built(path)
    if crashed:
        as_after_a_crash(built(tmp_path / "elsewhere" / DATABASE_NAME), path.parent)
    wal = path.with_name(f"{path.name}-wal")
    rest = [wal.read_bytes()] if crashed else []
    content = path.read_bytes()
    at = content.rindex(b"of Mira") & ~4095  # a page that the WAL does not replace
    page = content[:at] + bytes(4096) + content[at + 4096 :]
    content = {"page": page, "header": bytes(100) + content[100:], "empty": b""}[damage]
    path.write_bytes(content)
    assert run("restore", "new.sqlite3") == 0
    kept, *beside = sorted(kept_in(path).iterdir())
    assert kept.read_bytes() == content
    assert [one.read_bytes() for one in beside] == rest
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert names(path.parent) == [files.BACKUPS, "masquerade.lock", DATABASE_NAME]
    assert hashes(path) == new


@pytest.mark.slow
def test_changes_without_their_database_are_kept_and_not_written_into_another(path, tmp_path):
    new = hashes(built(tmp_path / "new.sqlite3", rows=3))
    as_after_a_crash(built(tmp_path / "elsewhere" / DATABASE_NAME), path.parent).unlink()
    assert run("restore", "new.sqlite3") == 0
    assert [name[-4:] for name in names(kept_in(path))] == ["-wal"]
    assert hashes(path) == new


async def test_changes_without_their_database_are_not_taken_for_a_fresh_start(path, tmp_path):
    as_after_a_crash(built(tmp_path / "elsewhere" / DATABASE_NAME), path.parent).unlink()
    before = names(path.parent)
    with pytest.raises(DatabaseError, match="-wal is there without its database"):
        await Database.open(path)
    assert names(path.parent) == before


@asynccontextmanager
async def bot_on(path: Path) -> AsyncIterator[App]:
    server, clock = Server("http://127.0.0.1:1", "key", "claude-sonnet-5-5"), FakeClock()
    async with open_app(
        Settings(data_dir=path.parent), PIXEL, server, manner=AT_ONCE, claude=FakeClaude(clock), clock=clock
    ) as app:
        yield app


async def test_nothing_is_restored_while_the_bot_runs_but_a_backup_is_made(path, tmp_path, capsys):
    built(tmp_path / "new.sqlite3", rows=3)
    async with bot_on(path) as app:
        assert "check the whole database" in app.schedule.names
        async with app.database.begin() as db:
            await db.states.set("a key", "a value")
        assert await asyncio.to_thread(run, "restore", "new.sqlite3") == 78
        assert "already runs" in capsys.readouterr().err
        assert await asyncio.to_thread(run, "backup", "copy") == 0
        async with app.database.read() as db:
            assert await db.states.get("a key") == "a value"
    assert hashes(tmp_path / "copy") == hashes(path)


def test_nothing_is_restored_while_another_program_has_the_database_open(path, tmp_path, capsys):
    built(tmp_path / "new.sqlite3", rows=3)
    with closing(sqlite3.connect(built(path))) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT count(*) FROM users").fetchone()
        assert run("restore", "new.sqlite3") == 1
        assert "held by another program" in capsys.readouterr().err
        connection.execute("DELETE FROM global_state")
        connection.commit()
    assert not [name for name in names(path.parent) if "restoring" in name]


def test_what_is_no_backup_is_refused_before_anything_is_made(path, tmp_path, capsys):
    (tmp_path / "list").write_text("my shopping list\n" * 100)
    with closing(sqlite3.connect(tmp_path / "recipes")) as connection:
        connection.execute("CREATE TABLE recipes (id INTEGER)")
    for file, words in {
        "nothing": "nothing is not there",
        ".": "is no file",
        "list": "file is not a database",
        "recipes": "not one of ours",
    }.items():
        assert run("restore", file) == 78
        assert words in capsys.readouterr().err
    assert names(tmp_path) == ["list", "recipes"]


def test_a_database_is_no_backup_of_itself(path, capsys):
    content = built(path).read_bytes()
    assert run("restore", path) == 78
    assert "is the database itself" in capsys.readouterr().err
    assert path.read_bytes() == content


def test_a_database_of_another_machine_can_be_restored_with_its_wal(path, tmp_path):
    """Somebody copied all three files of a database in use by hand: its WAL counts, and stays there."""
    crashed = as_after_a_crash(built(tmp_path / "elsewhere" / DATABASE_NAME), tmp_path / "theirs")
    before = {file.name: file.read_bytes() for file in crashed.parent.iterdir() if "shm" not in file.name}
    assert run("restore", crashed) == 0
    assert hashes(path) == hashes(tmp_path / "elsewhere" / DATABASE_NAME)
    assert {name: (crashed.parent / name).read_bytes() for name in before} == before


async def test_a_backup_copied_into_place_by_hand_works_and_can_be_copied_again(path, tmp_path):
    built(path)
    assert run("backup", "copy") == 0
    shutil.copy(tmp_path / "copy", path)
    database = await Database.open(path)
    async with database.begin() as db:
        await db.states.set("a key", "a value")
    await database.close()
    shutil.copy(path, tmp_path / "by hand")
    assert copies.flaw(tmp_path / "by hand") is None
    assert run("restore", "by hand") == 0


SWEEP = """
import json, os, shutil, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from database import backups, copies, files
from tests.database.test_backups import hashes

NOW = datetime.now(UTC)
scene, work, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect", "sqlite3.connect/handle"}

def die_after(steps, folder):
    left = steps
    def step(*_):
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    connect = copies.connect
    def traced(*arguments):
        connection = connect(*arguments)
        connection.set_trace_callback(step)
        return connection
    copies.connect = traced
    sys.addaudithook(lambda event, arguments: step() if event in EVENTS else None)

def killed(steps, folder):
    child = os.fork()
    if not child:
        die_after(steps, folder)
        backups.restore(scene / "new.sqlite3", folder / name, backups=folder / "backups", at=NOW)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0

ended, going, steps = [], True, 0
while going:
    folder = work / str(steps)
    shutil.copytree(scene / "data", folder)
    going = killed(steps, folder)
    files.prepare(folder / name, backups=folder / "backups")
    kept = [hashes(one) for one in (folder / "backups").glob("*.sqlite3")]
    ended.append({"now": hashes(folder / name), "kept": kept, "left": sorted(os.listdir(folder))})
    shutil.rmtree(folder)
    steps += 1
print(json.dumps(ended))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks, to kill the fork")
def test_a_restore_killed_at_any_step_leaves_the_old_database_or_the_new(path, tmp_path):
    new = hashes(built(tmp_path / "new.sqlite3", rows=3))
    built(tmp_path / "elsewhere" / DATABASE_NAME)
    as_after_a_crash(tmp_path / "elsewhere" / DATABASE_NAME, path.parent)
    old = hashes(tmp_path / "elsewhere" / DATABASE_NAME)
    swept = subprocess.run(
        [sys.executable, "-c", SWEEP, tmp_path, tmp_path / "work", DATABASE_NAME],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert swept.returncode == 0, swept.stderr.decode()
    ended = json.loads(swept.stdout)
    assert len(ended) > 30
    assert [one["now"] for one in ended if one["now"] not in (old, new)] == []
    turn = [one["now"] == new for one in ended]
    assert turn == sorted(turn), "once the new one is there it stays"
    assert not turn[0]
    assert turn[-1]
    for one in ended:
        assert one["now"] == old or old in one["kept"]
        assert f"{DATABASE_NAME}.restoring" not in one["left"]


# --- Damage (faults B8) ---------------------------------------------------------------------------


def flip_an_indexed_letter(path: Path) -> None:
    """Change a letter in a table, and not in its index: quick_check does not see that."""
    content = bytearray(path.read_bytes())
    content[content.index(b"name 7 of Mira")] ^= 1
    path.write_bytes(content)


def damaged(content: bytes, seed: int) -> bytes:
    """Return the content of a database with one fault in it, of one of four sorts."""
    chance, spoilt = Random(seed), bytearray(content)
    page = 4096 * chance.randrange(1, len(content) // 4096)
    match seed % 4:
        case 0:
            return content[: chance.randrange(1, len(content))]
        case 1:
            spoilt[: chance.choice([16, 100, 4096])] = bytes(chance.choice([16, 100, 4096]))
            return bytes(spoilt[: len(content)])
        case 2:
            spoilt[page : page + 4096] = chance.randbytes(4096)
        case 3:
            spoilt[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def test_a_damaged_backup_is_never_restored(path, tmp_path, capsys):
    before = hashes(built(path))
    assert run("backup", "copy") == 0
    content = (tmp_path / "copy").read_bytes()
    for seed in range(80):
        (tmp_path / "bad").write_bytes(damaged(content, seed))
        with pytest.raises(DatabaseCorrupt, match="bad can't be used: "):
            backups.check(tmp_path / "bad", path, backups=kept_in(path))
    assert run("restore", "bad") == 78
    assert hashes(path) == before


@pytest.mark.slow
def test_each_bit_that_flips_in_a_text_shows(path, tmp_path):
    """integrity_check sees none of these; the checksum in the backup does."""
    built(path)
    assert run("backup", "copy") == 0
    content = (tmp_path / "copy").read_bytes()
    at = content.index(b"text 9 of Mira")
    for bit in range(8 * 14):
        spoilt = bytearray(content)
        spoilt[at + bit // 8] ^= 1 << bit % 8
        (tmp_path / "bad").write_bytes(spoilt)
        assert copies.damage(tmp_path / "bad", in_use=False) is None
        assert "checksum" in (copies.flaw(tmp_path / "bad") or "")


@pytest.mark.slow
async def test_a_damaged_database_is_refused_or_whole_and_never_replaced_by_an_empty_one(path, tmp_path):
    content = built(path).read_bytes()
    counts, refused = counted(path), 0
    for seed in range(60):
        bad = tmp_path / str(seed) / DATABASE_NAME
        bad.parent.mkdir()
        bad.write_bytes(damaged(content, seed))
        left = bad.read_bytes()
        try:
            await (await Database.open(bad)).close()
        except DatabaseError:
            refused += 1
            assert bad.read_bytes() == left
        else:
            assert seed % 4 == 3, "only a bit may go unseen by quick_check"
            assert counted(bad) == counts
    assert refused >= 45


def counted(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in tables(connection)
        }


@pytest.mark.slow
async def test_a_refused_start_names_the_newest_backup_that_is_sound(path, tmp_path):
    built(path)
    shelf = kept_in(path)
    for days, name in enumerate(["friday", "thursday", "wednesday", "tuesday", "monday"]):
        assert run("backup", tmp_path / "copy", "--force") == 0
        shelf.mkdir(exist_ok=True)
        shutil.copy(tmp_path / "copy", shelf / f"{name}.sqlite3")
        if name == "thursday":
            later(shelf / "thursday.sqlite3")
        aged(shelf / f"{name}.sqlite3", days)
    for name in ("friday", "wednesday"):
        spoil(shelf / f"{name}.sqlite3")
    path.write_bytes(b"broken")
    newest = shelf / "tuesday.sqlite3"
    with pytest.raises(DatabaseCorrupt) as caught:
        await Database.open(path)
    assert f"The newest backup is {newest}" in str(caught.value)
    assert str(caught.value).endswith(f"python main.py restore {newest}")
    assert path.read_bytes() == b"broken"


def later(path: Path) -> None:
    """Make it a database of a later version of the program."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("PRAGMA application_id = 0")


def spoil(path: Path) -> None:
    content, at = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, (at.st_atime, at.st_mtime))


def aged(path: Path, days: float) -> None:
    at = time.time() - days * 86_400
    os.utime(path, (at, at))


# --- Versions (faults B16) ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("revision", REVISIONS)
async def test_every_earlier_schema_is_brought_up_to_date_with_its_rows(path, revision):
    before = contents(built(path, revision))
    await (await Database.open(path)).close()
    assert files.revision(path) == schema.head()
    assert lost(before, contents(path)) == {}
    if revision != schema.head():
        copy = kept_in(path) / f"masquerade-before-{schema.head()}.sqlite3"
        assert contents(copy) == before
        assert copies.flaw(copy) is None


@pytest.mark.slow
@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_backup_of_every_earlier_version_can_be_restored(path, tmp_path, revision, capsys):
    before = contents(built(tmp_path / "old.sqlite3", revision))
    assert run("restore", "old.sqlite3") == 0
    said = capsys.readouterr().out
    assert f"schema {revision}" in said
    assert ("The next start brings it up to date" in said) is (revision != schema.head())
    await (await Database.open(path)).close()
    assert lost(before, contents(path)) == {}


Contents = dict[str, list[dict[str, Any]]]


def contents(path: Path) -> Contents:
    """Return the rows of each table but the one that holds the revision."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        named = tables_of(path) - {"alembic_version"}
        return {table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")] for table in named}


def tables_of(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return tables(connection)


MOVED = {
    "core_memories": "facts",
    "core_memory_changes": "fact_changes",
    "core_memory_sources": "fact_sources",
}
"""Tables whose rows stand in another one since; what a row was after a change is told by the next one."""


def moment(key: str, value: Any) -> Any:
    """Return a time as earlier versions wrote it."""
    if key not in ("at", "made_at", "changed_at") or not isinstance(value, int):
        return value
    at = datetime.fromtimestamp(value / 1e6, UTC).replace(tzinfo=None)
    return at.isoformat(" ", "microseconds")


def lost(before: Contents, after: Contents) -> Contents:
    """Return the rows of before that are not among those after, as far as their columns are."""
    gone = {}
    seats = {row["channel_id"]: row for row in after.get("seats", [])}  # what a channel had of it is here now
    after = {**after, "channels": [{**seats.get(row["id"], {}), **row} for row in after["channels"]]}
    for table, rows in before.items():
        if not rows:
            continue
        now = after.get(MOVED.get(table, table), [])
        same = [key for key in rows[0] if table not in MOVED or key in now[0]] if now else list(rows[0])
        moved = moment if table in MOVED else lambda _key, value: value
        there = [{key: moved(key, row.get(key)) for key in same} for row in now]
        gone[table] = [row for row in rows if {key: row[key] for key in same} not in there]
    return {table: rows for table, rows in gone.items() if rows}


@pytest.mark.slow
def test_a_backup_of_a_later_version_is_refused_with_the_sentence_of_the_start(path, tmp_path, capsys):
    before = built(path).read_bytes()
    later(built(tmp_path / "later.sqlite3"))
    assert run("restore", "later.sqlite3") == 78
    said = capsys.readouterr().err
    assert path.read_bytes() == before
    with pytest.raises(DatabaseTooNew) as caught:
        files.prepare(tmp_path / "later.sqlite3", backups=kept_in(path))
    assert said == f"{caught.value}\n".replace(str(tmp_path / "later.sqlite3"), "later.sqlite3")


# --- The night watch ------------------------------------------------------------------------------


def watch(path: Path, *, told: list[str], kept: int = 7) -> NightWatch:
    return NightWatch(path, kept=timedelta(days=kept), now=lambda: datetime.now(UTC), tell=told.append)


async def test_a_sound_database_is_one_line_in_the_log_and_no_word_to_the_operator(path, caplog):
    told: list[str] = []
    caplog.set_level(logging.INFO, "database")
    database = await Database.open(path)
    await watch(path, told=told).look()
    await database.close()
    assert told == []
    (line,) = [one.getMessage() for one in caplog.records if one.name.startswith("database")]
    assert re.fullmatch(r"The whole database was read in \d+\.\d s and is sound", line)


@pytest.mark.slow
async def test_what_quick_check_overlooks_is_told_once_each_time_it_happens(path, tmp_path):
    built(path)
    kept_in(path).mkdir()
    assert run("backup", kept_in(path) / "monday.sqlite3") == 0
    good, told = path.read_bytes(), list[str]()
    watching = watch(path, told=told)
    flip_an_indexed_letter(path)
    await (await Database.open(path)).close()  # the start sees nothing
    await watching.look()
    await watching.look()
    (sentence,) = told
    assert sentence.startswith(f"{path} is damaged: row ")
    assert f"python main.py restore {kept_in(path) / 'monday.sqlite3'}" in sentence
    assert "Mira" not in sentence
    path.write_bytes(good)
    await watching.look()
    flip_an_indexed_letter(path)
    await watching.look()
    assert len(told) == 2


async def test_copies_that_the_program_made_go_after_a_while_and_those_of_others_stay(path):
    built(path)
    shelf = kept_in(path)
    shelf.mkdir()
    own = {
        "masquerade-before-0002.sqlite3": 8,
        "masquerade-before-restore-20261101T120000Z.sqlite3": 8,
        "masquerade-before-restore-20261101T120000Z.sqlite3-wal": 8,
        ".monday.sqlite3.ab_12xyz.partial": 2,
        ".monday.sqlite3.ab_12xyz.partial-journal": 2,
    }
    others = {
        "masquerade-before-0003.sqlite3": 6,
        "masquerade-before-christmas.sqlite3": 900,
        "monday.sqlite3": 900,
        "before-0002.sqlite3": 900,
        ".monday.sqlite3.fresh_12.partial": 0.5,
        "thesis.partial": 900,
    }
    for name, days in {**own, **others}.items():
        (shelf / name).write_bytes(b"x")
        aged(shelf / name, days)
    await watch(path, told=[]).look()
    assert names(shelf) == sorted(others)


async def test_old_copies_go_at_a_start_too_for_a_bot_that_sleeps_at_night(path):
    kept_in(path).mkdir(parents=True)
    old, new = (kept_in(path) / f"masquerade-before-000{number}.sqlite3" for number in (2, 3))
    for copy, at in ((old, EPOCH - timedelta(days=8)), (new, EPOCH - timedelta(days=6))):
        copy.write_bytes(b"x")
        os.utime(copy, (at.timestamp(), at.timestamp()))
    async with bot_on(path):
        assert names(kept_in(path)) == [new.name]


@pytest.mark.slow
async def test_no_copy_goes_while_the_database_is_damaged(path):
    built(path)
    kept_in(path).mkdir()
    copy = kept_in(path) / "masquerade-before-0002.sqlite3"
    shutil.copy(path, copy)
    aged(copy, 30)
    flip_an_indexed_letter(path)
    told: list[str] = []
    await watch(path, told=told).look()
    assert f"restore {copy}" in told[0]
    assert copy.exists()


def test_the_doctor_tells_how_old_the_newest_backup_is(path):
    built(path)
    assert "data.backups" not in [finding.check for finding in storage_findings(path.parent)]
    kept_in(path).mkdir()
    for days in (30, 3):
        (kept_in(path) / f"{days}.sqlite3").write_bytes(b"x")
        aged(kept_in(path) / f"{days}.sqlite3", days)
    finding = storage_findings(path.parent)[-1]
    assert (finding.check, finding.level) == ("data.backups", "ok")
    assert "3 days old" in finding.sentence


def test_the_folder_is_held_for_the_length_of_a_restore(path, tmp_path, capsys):
    built(tmp_path / "new.sqlite3", rows=3)
    with held(path.parent):
        assert run("restore", "new.sqlite3") == 78
    assert "already runs" in capsys.readouterr().err
    assert names(path.parent) == ["masquerade.lock"]
    assert run("restore", "new.sqlite3") == 0
