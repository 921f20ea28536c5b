"""Talking to the character without Discord: the same walk, on a screen or through a pipe."""

from bot.cli.terminal.opening import talk

__all__ = ["talk"]
