"""Pure functions on text: names, splitting, emotes, typing."""
