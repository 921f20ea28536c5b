"""Secrets and distress: what is found, and what is masked."""
