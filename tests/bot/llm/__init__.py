"""Tests of bot/llm/."""
