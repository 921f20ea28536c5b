"""What a person decides about being remembered, sees, takes along and deletes: /privacy (C51, C64, C65)."""

from cogs.privacy.cog import setup

__all__ = ["setup"]
