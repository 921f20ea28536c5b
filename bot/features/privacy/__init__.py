"""Consent, export, import and erasure of what is kept of a person."""
