"""Scheduled work: jobs, their times, and their results."""
