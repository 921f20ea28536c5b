"""Reminders, birthdays and dates to remember, and by which clock somebody lives (C82)."""

from cogs.reminders.cog import setup

__all__ = ["setup"]
