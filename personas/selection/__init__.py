"""Which character speaks: topics, mentions, routing."""
