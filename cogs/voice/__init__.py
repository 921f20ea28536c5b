"""Voice messages and voice channels: /voice."""

from cogs.voice.cog import setup

__all__ = ["setup"]
