"""Tests of personaflow/."""
