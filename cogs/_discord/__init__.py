"""Code that several cogs share: conversions between Discord's objects and our values."""
