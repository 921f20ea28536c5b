"""`main.py import-legacy`: import of people's data from an older bot's user_info.pickle or SEL's files."""

from bot.cli.legacy.bringing import bring_over

__all__ = ["bring_over"]
