"""Features beyond talking, for people and admins; each package is named by a noun."""
