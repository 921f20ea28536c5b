"""The bot itself: its settings, its walk from an utterance to a reply, and its command line."""
