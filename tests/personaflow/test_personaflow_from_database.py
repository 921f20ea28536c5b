"""The bot's characters and memories, read by the library from the bot's own data: P22."""

import sqlite3
from contextlib import closing

import pytest

from personaflow import PersonaSystem
from tests.builders import CHANNEL, DM, table
from tests.support.live_characters import home as home  # noqa: PLC0414 - a fixture
from tests.support.live_characters import library

PUBLIC, PRIVATE = "I keep two swans", "I am afraid of swans"


@pytest.fixture
async def data(home):
    """The data folder of a bot to whom Mira told something in a channel and something in private."""
    async with table(home, library=library(home, "nyx", "fangs")) as at:
        await at.hear("hello", where=DM)
        await at.app.memories.remember("nyx", 42, PUBLIC, CHANNEL)
        await at.clock.sleep(1)
        await at.app.memories.remember("nyx", 42, PRIVATE, DM)
        yield home


def facts(system):
    memories = system.get_character("Nyx").memory_manager.get_memories()
    return [memory.content["fact"] for memory in memories]


async def test_a_running_bots_character_comes_with_its_prompt_and_what_people_told_it_in_channels(data):
    system = PersonaSystem.from_database(data)
    nyx = system.get_character("Nyx")
    assert "watches the stars" in nyx.prompt
    assert facts(system) == [PUBLIC]
    [memory] = nyx.get_context()["memories"]
    assert (memory["type"], memory["content"]["user"]) == ("fact", "Mira")
    assert memory["metadata"]["scope"] != "dm"
    assert system.get_character("Fangs").get_context()["memories"] == []
    assert PersonaSystem.from_dict(system.to_dict()).to_dict() == system.to_dict()


async def test_what_was_said_in_private_comes_only_when_asked_for(data):
    assert facts(PersonaSystem.from_database(data, private=True)) == [PRIVATE, PUBLIC]


async def test_the_file_and_a_connection_give_the_same_and_the_connection_stays_open(data):
    file, expected = data / "masquerade.sqlite3", PersonaSystem.from_database(data)
    characters = {name: one.get_context() for name, one in expected.characters.items()}
    with closing(sqlite3.connect(file)) as connection:
        for system in (
            PersonaSystem.from_database(file),
            PersonaSystem.from_database(connection, compiled=data / "compiled"),
        ):
            assert {name: one.get_context() for name, one in system.characters.items()} == characters
        assert connection.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(ValueError, match="compiled"):
            PersonaSystem.from_database(connection)


async def test_reading_changes_nothing_and_what_is_added_stays_in_the_program(data):
    before = (data / "masquerade.sqlite3").read_bytes()
    system = PersonaSystem.from_database(data)
    system.add_interaction("Nyx", {"user": "hello"})
    assert (data / "masquerade.sqlite3").read_bytes() == before
    assert facts(PersonaSystem.from_database(data)) == [PUBLIC]


def test_what_is_missing_or_strange_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file or folder .*nowhere"):
        PersonaSystem.from_database(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="start the bot once"):
        PersonaSystem.from_database(tmp_path)
    (tmp_path / "compiled").mkdir()
    (tmp_path / "compiled" / "nyx.json").write_text('{"prompt": 3}')
    with pytest.raises(ValueError, match=r"nyx\.json is no character"):
        PersonaSystem.from_database(tmp_path)
    (tmp_path / "compiled" / "nyx.json").write_text(
        '{"prompt": "You are Nyx.", "character": {"slug": "nyx", "name": "Nyx"}}'
    )
    with pytest.raises(FileNotFoundError, match="no database at"):
        PersonaSystem.from_database(tmp_path)
