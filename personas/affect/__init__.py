"""Hormones, moods and temperament."""
