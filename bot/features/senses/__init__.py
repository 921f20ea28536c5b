"""Senses of the characters: an eye for pictures, a reader for files, an ear for voice messages."""
