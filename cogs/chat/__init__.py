"""What is said where the bot can hear it, answered by the character."""

from cogs.chat.cog import setup

__all__ = ["setup"]
