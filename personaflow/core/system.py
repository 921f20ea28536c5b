"""The system: characters by name, one of them active, and broadcasts to several."""

from collections.abc import Collection, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

from personaflow.core.bot_database import COMPILED, DATABASE, Connection, memories_of, opened, played_in
from personaflow.core.character import Character
from personaflow.core.folders import publish
from personaflow.core.memory import Summarize
from personaflow.core.sheet import sheets_of


class PersonaSystem:
    """Characters by name; `active_character` is the name of one of them, or None (P01).

    `summarize` is passed to every character created here.
    """

    def __init__(self, *, summarize: Summarize | None = None) -> None:
        self.characters: dict[str, Character] = {}
        self.active_character: str | None = None
        self._summarize = summarize

    def create_character(
        self,
        name: str,
        prompt: str | dict[str, Any],
        background: dict[str, Any] | None = None,
        memory_config: Mapping[str, Any] | None = None,
    ) -> Character:
        """Create a character, replacing one with the same name, without making it active (P02)."""
        character = Character(name, prompt, background, memory_config, summarize=self._summarize)
        self.characters[name] = character
        return character

    def get_character(self, name: str) -> Character:
        """Return the character; KeyError if none has that name (P03)."""
        try:
            return self.characters[name]
        except KeyError:
            known = ", ".join(self.characters) or "none"
            raise KeyError(f"no character is called {name!r}; known: {known}") from None

    def switch_active_character(self, name: str) -> None:
        """Make this character the active one; KeyError if none has that name (P03)."""
        self.get_character(name)
        self.active_character = name

    def add_interaction(
        self,
        character_name: str,
        content: dict[str, Any],
        memory_type: str = "interaction",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Store a memory of one character; KeyError if none has that name (P04)."""
        self.get_character(character_name).add_memory(content, memory_type, metadata)

    def broadcast_interaction(
        self,
        content: dict[str, Any],
        memory_type: str = "broadcast",
        metadata: dict[str, Any] | None = None,
        broadcast_to: Collection[str] | None = None,
        exclude_characters: Collection[str] | None = None,
    ) -> None:
        """Store a memory of several characters, each with its own copy (P05).

        With `broadcast_to`, even an empty one, only those characters receive it and `exclude_characters` is
        ignored; without, all but the excluded. Unknown names are ignored.
        """
        if broadcast_to is None:
            hearing = self.characters.keys() - set(exclude_characters or ())
        else:
            hearing = self.characters.keys() & set(broadcast_to)
        for name, character in self.characters.items():
            if name in hearing:
                character.add_memory(content, memory_type, metadata)

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of all data as plain values (P06)."""
        return {
            "characters": {name: character.to_dict() for name, character in self.characters.items()},
            "active_character": self.active_character,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, summarize: Summarize | None = None) -> Self:
        """Return the system that `to_dict` described (P06)."""
        system = cls(summarize=summarize)
        for name, values in data["characters"].items():
            system.characters[name] = Character.from_dict(values, summarize=summarize)
        system.active_character = data.get("active_character")
        return system

    @classmethod
    def from_database(
        cls,
        database: str | PathLike[str] | Connection,
        *,
        compiled: str | PathLike[str] | None = None,
        private: bool = False,
        summarize: Summarize | None = None,
    ) -> Self:
        """Return the bot's characters with their knowledge about people; the bot may run meanwhile (P22).

        `database` is the bot's data folder, its SQLite file, or a DB-API connection, such as one to
        PostgreSQL; `compiled` is the folder with the characters, by default in the data folder, and is
        required with a connection. Content of direct messages is left out without `private`. Raises
        FileNotFoundError for missing paths, ValueError for data that is not the bot's.
        """
        if isinstance(database, str | PathLike):
            if not Path(database).exists():
                raise FileNotFoundError(f"there is no file or folder {database}")
            data = Path(database) if Path(database).is_dir() else Path(database).parent
            database = data / DATABASE if Path(database).is_dir() else database
            compiled = data / COMPILED if compiled is None else compiled
        elif compiled is None:
            raise ValueError("name the folder `compiled` of the bot's data folder, too")
        characters = played_in(Path(compiled))
        system = cls(summarize=summarize)
        with opened(database) as connection:
            known = memories_of(connection, characters, private=private)
        for played in characters:
            memories = known.get(played.slug, [])
            name = played.slug if played.name in system.characters else played.name
            manager = system.create_character(name, played.prompt, played.background).memory_manager
            manager.config.max_memories = max(manager.config.max_memories, len(memories))
            manager.memories.extend(memories)
        return system

    def export(self, folder: str | PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write a folder for every character and return the paths, as Character.export does (P22).

        Everything is validated before anything is written: one ExportError lists all faults, including names
        that would share a folder.
        """
        sheets = sheets_of(
            [
                (character.name, character.prompt, character.background)
                for character in self.characters.values()
            ]
        )
        return publish(Path(folder), sheets, overwrite=overwrite)
