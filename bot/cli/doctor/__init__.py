"""`main.py doctor`: looks at everything the bot needs, and says what is wrong and how to mend it."""
