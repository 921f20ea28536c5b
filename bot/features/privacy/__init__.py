"""Consent, export, import and erasure of a person's data."""
