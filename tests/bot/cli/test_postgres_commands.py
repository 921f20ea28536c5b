"""The command line with a database on a PostgreSQL server."""

import asyncio
import sys
from pathlib import Path

import pytest

from bot.app import DATABASE_NAME
from bot.cli.doctor.finding import Finding
from bot.cli.doctor.storage import data_findings
from bot.cli.main import EX_CONFIG, main
from bot.settings import Settings
from database import Database
from tests.postgres import PASSWORD, Server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which the commands run, without a token and with no such character."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "data")
    monkeypatch.setenv("CHARACTER", "nobody")
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    return tmp_path / "data"


async def look(folder: Path, url: str, *, offline: bool = False) -> dict[str, Finding]:
    settings = Settings.model_validate({"data_dir": folder, "database_url": url})
    found = await data_findings(settings, offline=offline, deadline=5)
    assert all(PASSWORD not in f"{one.sentence} {one.mend}" for one in found)
    return {one.check: one for one in found}


@pytest.mark.slow
async def test_doctor_says_how_the_server_stands_and_changes_nothing(postgres: Server, url, folder):
    finding = (await look(folder, url))["data.database"]
    assert finding.level == "ok"
    assert "up to date" in finding.sentence
    postgres.tell("UPDATE alembic_version SET version_num = '0003'", url.rpartition("/")[2])
    assert "make a backup before" in (await look(folder, url))["data.database"].sentence
    postgres.tell("UPDATE alembic_version SET version_num = '9999'", url.rpartition("/")[2])
    finding = (await look(folder, url))["data.database"]
    assert (finding.level, "later version" in finding.sentence) == ("problem", True)


@pytest.mark.slow
async def test_doctor_looks_while_the_bot_runs(url, folder):
    running = await Database.connect(url, folder / DATABASE_NAME)
    assert (await look(folder, url))["data.database"].level == "ok"
    async with running.begin() as db:
        await db.states.set("a", "b")
    await running.close()


async def test_doctor_says_without_a_network_how_to_get_the_driver(monkeypatch, folder):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    finding = (await look(folder, "postgresql://bot@localhost/bot", offline=True))["data.database"]
    assert finding.level == "problem"
    assert f"{sys.executable} -m pip install --constraint constraints.txt '.[postgres]'" in finding.sentence


async def test_doctor_names_a_server_that_is_not_there_and_asks_none_when_offline(folder):
    away = f"postgresql://masquerade:{'canary' * 3}@127.0.0.1:1/masquerade"
    finding = (await look(folder, away))["data.database"]
    assert (finding.level, "can't be reached" in finding.sentence) == ("problem", True)
    assert (await look(folder, away, offline=True))["data.database"].level == "skipped"


async def test_doctor_reminds_of_the_file_that_is_left(url, folder):
    await (await Database.open(folder / DATABASE_NAME)).close()
    assert "move-database" in (await look(folder, url))["data.left_behind"].mend


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_copies_are_left_to_postgresqls_own_tools_and_the_command_is_told(
    monkeypatch, capsys, folder, command
):
    monkeypatch.setenv(
        "DATABASE_URL",
        "postgresql://mira:canary@host:5433/talk?sslmode=verify-full&passfile=canary&sslrootcert=/a%20b",
    )
    assert main([command, "my copy.dump"]) == EX_CONFIG
    told = capsys.readouterr().err
    assert "canary" not in told
    what = {"backup": "pg_dump --format=custom", "restore": "pg_restore --no-owner --single-transaction"}
    assert what[command] in told
    assert "'postgresql://mira@host:5433/talk?sslmode=verify-full&sslrootcert=/a%20b'" in told
    assert ("empty that database" in told) is (command == "restore")
    assert "'my copy.dump'" in told


def test_a_file_moves_with_one_command_while_no_bot_runs(monkeypatch, capsys, folder, url):
    async def fill() -> None:
        database = await Database.open(folder / DATABASE_NAME)
        async with database.begin() as db:
            await db.states.set("a key", "a value")
        await database.close()

    async def read() -> str | None:
        database = await Database.connect(url, folder / DATABASE_NAME)
        async with database.read() as db:
            value = await db.states.get("a key")
        await database.close()
        return value

    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["move-database"]) == EX_CONFIG
    assert "nothing to move" in capsys.readouterr().err
    asyncio.run(fill())
    assert main(["move-database"]) == 0
    told = capsys.readouterr().out
    assert "1 rows of" in told
    assert PASSWORD not in told
    assert asyncio.run(read()) == "a value"
    assert main(["move-database"]) == EX_CONFIG
    assert "holds something already" in capsys.readouterr().err


def test_without_an_address_there_is_nowhere_to_move(monkeypatch, capsys, folder):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["move-database"]) == EX_CONFIG
    assert "database_url=postgresql://" in capsys.readouterr().err
