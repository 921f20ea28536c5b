"""Summaries of older conversation that no longer fits a prompt or is about to leave the log."""
