"""Requests that were sent for replies: kept byte for byte, and gone with what they hold."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from database import Database, files
from database.models import MessageRow

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CHANNEL, OTHER, MIRA, TOM = 11, 12, 7, 8


def body(said: str, system: str = "You are Nyx: “sharp”.") -> bytes:
    request = {"model": "m", "system": [{"type": "text", "text": system}], "messages": [said]}
    return json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.fixture
async def database(opening):
    database = await opening()
    async with database.begin() as db:
        for turn, channel, people in ((1, CHANNEL, [MIRA]), (2, OTHER, [MIRA, TOM]), (3, OTHER, [TOM])):
            at = NOW + timedelta(minutes=turn)
            await db.prompts.add(turn, body(f"said {turn} 🦊"), at=at, channel_id=channel, people=people)
    yield database
    await database.close()


async def left(database: Database) -> list[int]:
    async with database.read() as db:
        return [turn for turn in (1, 2, 3) if await db.prompts.of_turn(turn)]


async def rows(database: Database) -> int:
    """Count the system prompts that are kept."""
    async with database.begin() as db:
        await db.prompts.prune(NOW - timedelta(days=1))
    with closing(sqlite3.connect(database.path)) as connection:
        return int(connection.execute("SELECT count(*) FROM system_prompts").fetchone()[0])


async def test_a_request_is_kept_byte_for_byte_and_its_system_prompt_once(database):
    async with database.read() as db:
        assert await db.prompts.of_turn(2) == [(NOW + timedelta(minutes=2), body("said 2 🦊"))]
    if not database.on_server:
        assert await rows(database) == 1


@pytest.mark.parametrize("sent", [b"{}", b"not json", b'{"messages":[1]}'])
async def test_a_request_without_a_system_prompt_is_kept_too(database, sent):
    async with database.begin() as db:
        await db.prompts.add(4, sent, at=NOW, channel_id=CHANNEL, people=[])
        assert [kept for _, kept in await db.prompts.of_turn(4)] == [sent]


async def test_with_words_of_a_place_or_a_person_the_requests_go_that_hold_them(database):
    async with database.begin() as db:
        await db.prompts.forget(channel_ids=[CHANNEL])
    assert await left(database) == [2, 3]
    async with database.begin() as db:
        await db.prompts.forget(people=[MIRA])
    assert await left(database) == [3]


async def test_a_deleted_or_edited_line_takes_the_requests_along_that_hold_it(database):
    async with database.begin() as db:
        for number, author, place in ((1, TOM, OTHER), (2, MIRA, CHANNEL)):
            name = f"place {place}"
            await db.channels.note(place, place="guild", name=name, guild_id=1, guild_name="", heard=number)
            line = MessageRow(
                id=number, channel_id=place, author_id=author, author_name="x", text="x", sent_at=NOW
            )
            await db.messages.add(line)
    async with database.begin() as db:
        await db.messages.edited(2, "something else")
    assert await left(database) == [3]
    async with database.begin() as db:
        await db.messages.forget([1])
    assert await left(database) == []


async def test_after_its_hours_a_request_is_gone_and_its_system_prompt_with_the_last(database):
    async with database.begin() as db:
        await db.prompts.prune(NOW + timedelta(minutes=2))
    assert await left(database) == [2, 3]
    async with database.begin() as db:
        await db.prompts.prune(NOW + timedelta(hours=1))
    assert await left(database) == []
    if not database.on_server:
        assert await rows(database) == 0


async def test_no_backup_holds_a_request(database, tmp_path):
    if database.on_server:
        pytest.skip("a server makes its own copies")
    copy = tmp_path / "copy.sqlite3"
    files.copy(database.path, copy)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM prompts").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM system_prompts").fetchone() == (0,)
    assert await left(database) == [1, 2, 3]
