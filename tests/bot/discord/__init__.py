"""Tests of bot/discord/."""
