"""What is read for a reply: the talk, what is known, and how things are here and now."""
