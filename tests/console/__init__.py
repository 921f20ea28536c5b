"""The console, from outside."""
