"""What the cogs share: Discord's objects in, our values out, and back."""
