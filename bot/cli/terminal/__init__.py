"""Terminal chat: the same pipeline without Discord, on a screen or through a pipe."""

from bot.cli.terminal.opening import talk

__all__ = ["talk"]
