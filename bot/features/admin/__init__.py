"""What operators edit while the bot runs: one way in, one record, one way back (F124, C85)."""
