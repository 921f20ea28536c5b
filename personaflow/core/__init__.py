"""Characters, their memories, and the system that contains them."""

from personaflow.core.character import Character
from personaflow.core.memory import Memory, MemoryConfig, MemoryManager
from personaflow.core.system import PersonaSystem

__all__ = ["Character", "Memory", "MemoryConfig", "MemoryManager", "PersonaSystem"]
