"""A character's inner life as people see it: /mood and /relationship (F085, F089, F090, C71, C74)."""

from cogs.inner_life.cog import setup

__all__ = ["setup"]
