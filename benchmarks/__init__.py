"""Measurements of the bot, each next to a floor: the least a bot on the same libraries does."""
