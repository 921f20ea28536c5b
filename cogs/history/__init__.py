"""Commands on one's own conversation: forget, regenerate and rewrite it (C36, F117-F119)."""

from cogs.history.cog import setup

__all__ = ["setup"]
