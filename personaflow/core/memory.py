"""A character's memories: a limited number, and summaries of those that were dropped."""

from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from typing import Any, Self


@dataclass
class Memory:
    """A memory of a character (P10).

    `timestamp` is in ISO 8601; without a time zone it counts as local time.
    """

    timestamp: str
    type: str
    content: dict[str, Any]
    metadata: dict[str, Any] | None = None
    character_name: str = ""

    def __post_init__(self) -> None:
        if self.metadata is None:
            self.metadata = {}


def values_of(memory: Memory) -> dict[str, Any]:
    """Return a copy of the memory's values by name."""
    return {field.name: deepcopy(getattr(memory, field.name)) for field in fields(memory)}


Summarize = Callable[[list[Memory]], str]
"""Summarises memories that are about to be dropped, oldest first."""


@dataclass
class MemoryConfig:
    """Limits on memories (P11).

    `summary_threshold` is validated and stored for programs that set it; a summary covers whatever no longer
    fits, however little that is.
    """

    max_memories: int = 1000
    summary_threshold: int = 10
    auto_summarize: bool = True


class MemoryManager:
    """The memories of a character, in order of arrival.

    `config` may be changed at any time and applies from the next memory on. `summarize` summarises memories
    that no longer fit; without it a summary only counts them.
    """

    def __init__(
        self,
        character_name: str,
        config: Mapping[str, Any] | None = None,
        *,
        summarize: Summarize | None = None,
    ) -> None:
        """Accept part or all of the configuration as a dict (P12).

        Raises ValueError for a blank name or a number that is not positive, TypeError for an unknown key.
        """
        if not character_name or not character_name.strip():
            raise ValueError("Character name cannot be empty")
        self.character_name = character_name
        self.config = MemoryConfig(**(config or {}))
        for key in ("max_memories", "summary_threshold"):
            if getattr(self.config, key) <= 0:
                raise ValueError(f"{key} must be above 0")
        self.memories: list[Memory] = []
        self.summarized_memories: list[Memory] = []
        self.last_accessed = _written(datetime.now(UTC))
        self._summarize = summarize or _count

    def add_memory(
        self,
        content: dict[str, Any],
        memory_type: str = "interaction",
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Store a copy of the content, with a later time than all earlier memories.

        Exceptions of `summarize` propagate: then the memory is stored and the older ones stay for the next
        call to summarise.
        """
        self.last_accessed = _written(self._next_moment())
        memory = Memory(
            self.last_accessed, memory_type, deepcopy(content), deepcopy(metadata), self.character_name
        )
        self.memories.append(memory)
        self._make_room()

    def get_memories(
        self, limit: int | None = None, memory_types: Collection[str] | None = None
    ) -> list[Memory]:
        """Return memories of these types, or of all, newest first (P13).

        A limit of 0 or None means all, a negative one raises ValueError. Memories of the same moment stay in
        order of arrival, and reading changes nothing.
        """
        if limit is not None and limit < 0:
            raise ValueError(f"limit is {limit}; write 0 or None for all memories, or a number above 0")
        chosen = [memory for memory in self.memories if not memory_types or memory.type in memory_types]
        newest_first = sorted(chosen, key=_moment_of, reverse=True)
        return newest_first[:limit] if limit else newest_first

    def to_dict(self) -> dict[str, Any]:
        """Return a copy of all data; `last_accessed` is the time of the last memory (P15)."""
        return {
            "character_name": self.character_name,
            "config": asdict(self.config),
            "memories": [values_of(memory) for memory in self.memories],
            "summarized_memories": [values_of(memory) for memory in self.summarized_memories],
            "last_accessed": self.last_accessed,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, summarize: Summarize | None = None) -> Self:
        """Return the manager that `to_dict` described; only `character_name` is required (P15)."""
        manager = cls(data["character_name"], data.get("config"), summarize=summarize)
        manager.memories = _memories(data, "memories")
        manager.summarized_memories = _memories(data, "summarized_memories")
        manager.last_accessed = data.get("last_accessed", manager.last_accessed)
        return manager

    def _next_moment(self) -> datetime:
        # A clock may stand still between two memories or be set back: times must still increase.
        last = _moment(self.last_accessed)
        return max(datetime.now(UTC), last + timedelta(microseconds=1))

    def _make_room(self) -> None:
        surplus = len(self.memories) - self.config.max_memories
        if surplus <= 0:
            return
        places = nsmallest(surplus, range(len(self.memories)), key=lambda at: _moment_of(self.memories[at]))
        if self.config.auto_summarize:
            self.summarized_memories.append(self._summary_of([self.memories[at] for at in places]))
        gone = set(places)
        self.memories = [memory for at, memory in enumerate(self.memories) if at not in gone]

    def _summary_of(self, leaving: list[Memory]) -> Memory:
        content = {
            "period": f"{leaving[0].timestamp} to {leaving[-1].timestamp}",
            "summary": self._summarize(leaving),
        }
        return Memory(_written(datetime.now(UTC)), "summary", content, character_name=self.character_name)


def _count(leaving: list[Memory]) -> str:
    return f"Summary of {len(leaving)} memories"


def _memories(data: Mapping[str, Any], key: str) -> list[Memory]:
    return [Memory(**deepcopy(values)) for values in data.get(key, ())]


def _written(moment: datetime) -> str:
    # Always with microseconds, so that the texts sort like the moments.
    return moment.isoformat(timespec="microseconds")


def _moment_of(memory: Memory) -> datetime:
    return _moment(memory.timestamp)


def _moment(timestamp: str) -> datetime:
    """Return the moment; an invalid text counts as older than every other."""
    try:
        return datetime.fromisoformat(timestamp).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return datetime.min.replace(tzinfo=UTC)
