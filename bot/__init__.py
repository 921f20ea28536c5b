"""The bot itself: its settings, the pipeline from an utterance to a reply, and its command line."""
