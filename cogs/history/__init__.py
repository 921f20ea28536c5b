"""What somebody may do with their own talk: forget it, have it told anew, rewrite it (C36, F117-F119)."""

from cogs.history.cog import setup

__all__ = ["setup"]
