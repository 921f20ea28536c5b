"""Tests of bot/features/senses/."""
