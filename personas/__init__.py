"""Who a character is: pure values and rules, with nothing of Discord, Claude or the database."""
