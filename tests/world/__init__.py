"""The world that the bot's tests live in: Discord and Claude, played by servers on this machine."""
