"""Reminders, birthdays, dates to remember, and people's time zones (C82)."""

from cogs.reminders.cog import setup

__all__ = ["setup"]
