"""Access to the bot's characters and their knowledge about people (P22)."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

from personaflow.core.memory import Memory

DATABASE, COMPILED = "masquerade.sqlite3", "compiled"
"""Names in the bot's data folder."""
KIND = "fact"
"""Type of memories from the bot."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FACTS = """
    SELECT character, for_all, person_id, text, scope, guild_id, channel_id, category, last_at,
        (SELECT name FROM nicknames WHERE user_id = person_id ORDER BY last_seen DESC LIMIT 1)
    FROM facts WHERE ended_at IS NULL ORDER BY last_at, id
"""


class Connection(Protocol):
    """A DB-API 2.0 connection (PEP 249)."""

    def cursor(self) -> Any: ...


@dataclass(frozen=True)
class Played:
    """A character of the bot: slug, name, complete prompt, and other properties."""

    slug: str
    name: str
    prompt: str
    background: dict[str, Any]


def played_in(compiled: Path) -> list[Played]:
    """Return the characters in the bot's folder `compiled`, ordered by slug.

    Raises FileNotFoundError if there are none, ValueError for a file that is not the bot's.
    """
    # A character that changed its framework has two files; the newer one counts.
    files = sorted(compiled.glob("*.json"), key=lambda path: path.stat().st_mtime)
    if not files:
        raise FileNotFoundError(f"{compiled} holds no character: start the bot once, then try again")
    found = {character.slug: character for character in map(_played, files)}
    return [found[slug] for slug in sorted(found)]


def _played(path: Path) -> Played:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        character = values["character"]
        told = {key: character[key] for key in ("description", "scenario") if character.get(key)}
        return Played(character["slug"], character["name"], values["prompt"], told)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no character that the bot compiled: {error!r}") from error


@contextmanager
def opened(database: str | PathLike[str] | Connection) -> Iterator[Connection]:
    """Open the bot's database file read-only; a given connection is used and stays open."""
    if not isinstance(database, str | PathLike):
        yield database
        return
    path = Path(database).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"there is no database at {path}")
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def memories_of(
    connection: Connection, characters: Sequence[Played], *, private: bool
) -> dict[str, list[Memory]]:
    """Return each character's knowledge about people, by slug, oldest first.

    Facts from direct messages are included only with `private`.
    """
    cursor = connection.cursor()
    cursor.execute(_FACTS)
    known: dict[str, list[Memory]] = defaultdict(list)
    for character, for_all, person_id, text, scope, guild_id, channel_id, category, at, nickname in cursor:
        if scope == "dm" and not private:
            continue
        person = nickname or str(person_id)
        said = {"scope": scope, "guild_id": guild_id, "channel_id": channel_id, "category": category}
        moment = (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")
        for played in characters:
            if for_all or played.slug == character:
                metadata = {"person_id": person_id, **said}
                memory = Memory(moment, KIND, {"user": person, "fact": text}, metadata, played.name)
                known[played.slug].append(memory)
    return known
