"""`main.py import-legacy`: what an older bot knew of people, from its user_info.pickle or SEL's files."""

from bot.cli.legacy.bringing import bring_over

__all__ = ["bring_over"]
