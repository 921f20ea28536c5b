"""What two characters are to each other is named by its number in a database of before, too (D14)."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config

from database import files, schema


def test_who_was_called_a_stranger_to_an_enemy_is_not_any_more(tmp_path: Path):
    path = tmp_path / "masquerade.sqlite3"
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with files._connected(path) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0014")
    before = [
        ("nyx", -10.0, ""),
        ("ruby", -6.0, "strangers"),
        ("onyx", 6.0, ""),
        ("fangs", 0.0, "strangers"),
        ("pixel", 2.2, "acquaintances"),
    ]
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO affinities (character, other, value, stage) VALUES ('a', ?, ?, ?)", before
        )
    files._upgrade(path)
    with closing(sqlite3.connect(path)) as db:
        after = dict(db.execute("SELECT other, stage FROM affinities").fetchall())
    assert after == {
        "nyx": "enemies",
        "ruby": "frenemies",
        "onyx": "besties",
        "fangs": "strangers",
        "pixel": "acquaintances",
    }
