"""PersonaFlow: characters with memories, for any program; the standard library is all it needs."""

from personaflow.core import Character, Memory, MemoryConfig, MemoryManager, PersonaSystem

__all__ = ["Character", "Memory", "MemoryConfig", "MemoryManager", "PersonaSystem"]
