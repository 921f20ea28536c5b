"""The Discord cogs, one concern per file; a file or folder with a leading underscore is not a cog."""
