"""What the admins of a server lay down for it: /settings (F127, C15)."""

from cogs.server_settings.cog import setup

__all__ = ["setup"]
