"""`main.py doctor`: checks everything that the bot needs, and says what is wrong and how to fix it."""
