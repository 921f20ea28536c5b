"""Consent, inspection, export, import and deletion of one's own data: /privacy (C51, C64, C65)."""

from cogs.privacy.cog import setup

__all__ = ["setup"]
