"""Support tickets: /ticket for everybody, /tickets for the admins of a server (F126, C90)."""

from cogs.tickets.cog import setup

__all__ = ["setup"]
