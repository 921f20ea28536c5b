"""Messages from Discord, which the characters hear and answer."""

from cogs.chat.cog import setup

__all__ = ["setup"]
