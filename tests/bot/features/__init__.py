"""Tests of bot/features/."""
