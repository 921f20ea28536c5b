"""Reminders, birthdays and dates."""
