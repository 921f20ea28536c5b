"""`main.py simulate`: a written scene, played again with its own time and its own model."""

from bot.cli.simulate.play import play

__all__ = ["play"]
