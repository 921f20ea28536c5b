"""Whether a message is answered, and why."""
