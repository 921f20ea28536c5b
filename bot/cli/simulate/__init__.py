"""`main.py simulate`: playback of a written scene with simulated time and a scripted model."""

from bot.cli.simulate.play import play

__all__ = ["play"]
