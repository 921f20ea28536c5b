"""Relationships of characters with each other and with people."""
