"""Settings that the admins of a server choose for it: /settings (F127, C15)."""

from cogs.server_settings.cog import setup

__all__ = ["setup"]
