"""The voice that this machine can speak with: its packages, and the file that a setting names."""

import sys
from importlib.util import find_spec
from pathlib import Path

from bot.features.speech.piper import PACKAGED, PiperEngine, packaged_voice, whole

PACKAGES = ("av", "piper")
EXTRA = "piper"
"""The extra of pyproject.toml that brings them, and the packaged voice."""


def open_engine(piper_model: str) -> PiperEngine | None:
    """Return what speaks; None without its packages or the voice, or where the setting is empty."""
    voice = voice_of(piper_model) if not missing_packages(piper_model) else None
    return PiperEngine(voice) if voice else None


def voice_of(piper_model: str) -> Path | None:
    """Return the file of the operator's voice; None where it, or the .json beside it, is not there."""
    return packaged_voice() if piper_model == PACKAGED else whole(Path(piper_model))


def missing_packages(piper_model: str = PACKAGED) -> str:
    """Return the command that installs what is missing for a voice; "" where nothing is."""
    there = all(find_spec(package) is not None for package in PACKAGES)
    if there and (piper_model != PACKAGED or packaged_voice()):
        return ""
    return f"{sys.executable} -m pip install --constraint constraints.txt '.[{EXTRA}]'"
