"""Discord, one concern a file; a file or folder with a leading underscore is not a cog."""
