"""Older talk summed up, when it no longer fits a prompt or is about to leave the log."""
