"""The characters' memories of the asker: /remember, /memory and !memsvg (F072, F083, F120, C56, C60, C62)."""

from cogs.memory.cog import setup

__all__ = ["setup"]
