"""Characters: reading, import, export, and presence in places."""
