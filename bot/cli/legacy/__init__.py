"""`main.py import-legacy`: takes over what an older bot knew of people, from its user_info.pickle."""

from bot.cli.legacy.bringing import bring_over

__all__ = ["bring_over"]
