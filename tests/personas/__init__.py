"""Tests of personas/."""
