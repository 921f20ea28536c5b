"""Characters as pure values and rules, independent of Discord, Claude and the database."""
