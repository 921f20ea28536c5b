"""Measurements of the bot, each next to something simpler that does the same work."""
