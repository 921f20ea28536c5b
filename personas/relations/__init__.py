"""Affinity, bonds and tone: how characters and people get on."""
