"""The operator's channel: its commands, and what there is to tell there (F123, F129, D12)."""

from cogs.log_channel.cog import setup

__all__ = ["setup"]
