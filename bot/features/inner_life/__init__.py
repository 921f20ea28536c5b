"""A character's days, weeks and status, and how it gets on with people."""
