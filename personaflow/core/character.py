"""A character: name, prompt, background, and memories."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from os import PathLike
from pathlib import Path
from typing import Any, Self

from personaflow.core.folders import publish
from personaflow.core.memory import MemoryManager, Summarize, values_of
from personaflow.core.sheet import sheets_of


class Character:
    """A character; `prompt` is a text or a dict of traits."""

    def __init__(
        self,
        name: str,
        prompt: str | dict[str, Any],
        background: dict[str, Any] | None = None,
        memory_config: Mapping[str, Any] | None = None,
        *,
        summarize: Summarize | None = None,
    ) -> None:
        """Raise ValueError for a blank name or an empty prompt (P07), and MemoryManager's errors."""
        if not name or not name.strip():
            raise ValueError("Character name cannot be empty")
        if not prompt:
            raise ValueError("Character prompt cannot be empty")
        self.name = name
        self.prompt = prompt
        self.background: dict[str, Any] = background or {}
        self.memory_manager = MemoryManager(name, memory_config, summarize=summarize)

    def add_memory(
        self,
        content: dict[str, Any],
        memory_type: str = "interaction",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Store a copy of the content as a memory (P08)."""
        self.memory_manager.add_memory(content, memory_type, metadata)

    def get_context(
        self,
        include_memories: bool = True,
        memory_limit: int | None = None,
        memory_types: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """Return a copy of name, prompt and background, and of the memories, newest first (P08).

        The key `memories` exists only if they are included; limit and types are as in
        MemoryManager.get_memories.
        """
        context: dict[str, Any] = {
            "name": self.name,
            **deepcopy({"prompt": self.prompt, "background": self.background}),
        }
        if include_memories:
            memories = self.memory_manager.get_memories(memory_limit, memory_types)
            context["memories"] = [values_of(memory) for memory in memories]
        return context

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of all data as plain values (P09)."""
        return {**self.get_context(include_memories=False), "memory_manager": self.memory_manager.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, summarize: Summarize | None = None) -> Self:
        """Return the character that `to_dict` described; background and memories are optional (P09)."""
        prompt, background = deepcopy((data["prompt"], data.get("background")))
        character = cls(data["name"], prompt, background, summarize=summarize)
        memories = data.get("memory_manager")
        if memories is not None:
            character.memory_manager = MemoryManager.from_dict(memories, summarize=summarize)
        return character

    def export(self, folder: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write a character folder for the bot and return its path (P22).

        It is created within `folder` and contains a character.env without the memories. Raises ExportError, a
        ValueError, if the bot would refuse it, and FileExistsError if the character's folder exists, unless
        `overwrite`, which replaces its character.env alone.
        """
        sheets = sheets_of([(self.name, self.prompt, self.background)])
        return publish(Path(folder), sheets, overwrite=overwrite)[0]
