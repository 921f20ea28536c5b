"""Long-term memory of people, independent of Claude and Discord."""
