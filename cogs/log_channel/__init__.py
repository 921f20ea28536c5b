"""The operators' log channel: its commands and notices (F123, F129, D12)."""

from cogs.log_channel.cog import setup

__all__ = ["setup"]
