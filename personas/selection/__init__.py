"""Selection of the speaking character: topics, mentions, routing."""
