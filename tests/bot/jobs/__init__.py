"""Tests of bot/jobs/."""
