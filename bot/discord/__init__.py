"""The connection to Discord: starting and stopping, the command tree, what it refuses to send."""
