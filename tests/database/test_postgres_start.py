"""The start with a database on a PostgreSQL server: what passes is waited for, and no fault of a setting."""

import asyncio
import logging
from pathlib import Path

import pytest

from bot import app as composition
from bot.app import DATABASE_NAME, open_app, open_database
from bot.core.errors import ConfigurationError, DatabaseUnreachable
from bot.jobs.schedule import Schedule
from bot.llm.server import Server as Voice
from bot.settings import Settings
from database import Database, DatabaseAway, DatabaseBusy, DatabaseError, DatabaseFull, DatabaseTaken
from tests.builders import PIXEL
from tests.fakes import FakeClaude, FakeClock
from tests.postgres import Server

pytestmark = pytest.mark.slow

AWAY = "postgresql://masquerade:canary@127.0.0.1:1/masquerade"
PASSING = [DatabaseAway, DatabaseBusy, DatabaseFull, DatabaseTaken]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "AWAY_SECONDS", 1)
    monkeypatch.setattr(composition, "TAKEN_SECONDS", 1)
    monkeypatch.setattr(composition, "BRIEF_SECONDS", 0)


def at(folder: Path, url: str) -> Settings:
    return Settings.model_validate({"data_dir": folder, "database_url": url})


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


async def test_a_server_that_is_away_is_waited_for_with_one_line_and_then_given_up(tmp_path, caplog):
    asked = asyncio.get_running_loop().time()
    with pytest.raises(DatabaseUnreachable, match="can't be reached"):
        await open_database(at(tmp_path, AWAY), patient=True)
    assert asyncio.get_running_loop().time() - asked >= 1
    (told,) = warned(caplog)
    assert told.endswith("It is tried again for up to 1 seconds.")
    assert "canary" not in told


async def test_where_a_person_waits_a_server_that_is_away_is_told_soon(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(composition, "AWAY_SECONDS", 300)
    async with asyncio.timeout(10):
        with pytest.raises(DatabaseUnreachable):
            await open_database(at(tmp_path, AWAY))
    assert warned(caplog) == []


async def test_a_server_that_comes_back_is_used(postgres: Server, url, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(composition, "AWAY_SECONDS", 60)
    await asyncio.to_thread(postgres.stop)
    try:
        opening = asyncio.create_task(open_database(at(tmp_path, url), patient=True))
        while not warned(caplog):
            await asyncio.sleep(0.05)
    finally:
        await asyncio.to_thread(postgres.start)
    await (await opening).close()


async def test_waiting_for_a_server_can_be_broken_off(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(composition, "AWAY_SECONDS", 300)
    opening = asyncio.create_task(open_database(at(tmp_path, AWAY), patient=True))
    while not warned(caplog):
        await asyncio.sleep(0.05)
    opening.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await opening


async def test_a_database_whose_holder_goes_is_taken_over(url, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(composition, "TAKEN_SECONDS", 60)
    first = await Database.connect(url, tmp_path / DATABASE_NAME)
    opening = asyncio.create_task(open_database(at(tmp_path, url), patient=True))
    while not warned(caplog):
        await asyncio.sleep(0.05)
    await first.close()
    await (await opening).close()


async def test_a_database_that_another_keeps_is_told_and_may_be_tried_again(url, tmp_path):
    first = await Database.connect(url, tmp_path / DATABASE_NAME)
    with pytest.raises(DatabaseUnreachable, match="Another Masquerade runs on"):
        await open_database(at(tmp_path, url), patient=True)
    await first.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [*((one, DatabaseUnreachable) for one in PASSING), (DatabaseError, ConfigurationError)],
)
async def test_passing_trouble_at_the_start_is_no_fault_of_a_setting(
    tmp_path, monkeypatch, fault: type[DatabaseError], told: type[Exception]
):
    async def fails(*_: object) -> None:
        raise fault("why")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "connect", fails)
        with pytest.raises(told, match="why"):
            await open_database(at(tmp_path, AWAY))
    monkeypatch.setattr(Schedule, "open", fails)
    clock = FakeClock()
    opening = open_app(
        at(tmp_path, ""),
        PIXEL,
        Voice("http://127.0.0.1:1", "key", "any"),
        claude=FakeClaude(clock),
        clock=clock,
    )
    with pytest.raises(told, match="why"):
        async with opening:
            pass
