"""A character's days, weeks, thoughts and status, and its bonds with people."""
