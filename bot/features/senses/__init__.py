"""What the characters perceive with: an eye for pictures, a reader for files, an ear for voice messages."""
