"""Tests of main.py on Discord's own wire."""
