"""Edits by operators while the bot runs, all recorded and undone in the same way (F124, C85)."""
