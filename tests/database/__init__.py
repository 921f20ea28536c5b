"""Tests of database/."""
