"""The connection to Discord: startup and shutdown, the command tree, and the request gate."""
