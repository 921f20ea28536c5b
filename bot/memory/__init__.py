"""The services around memory that still know the bot; they move into memory/ one by one."""
