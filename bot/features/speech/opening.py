"""Construction of the speech engine from the settings and installed packages."""

import sys
from importlib.util import find_spec
from pathlib import Path

from bot.features.speech.piper import PACKAGED, PiperEngine, packaged_voice, whole

PACKAGES = ("av", "piper")
EXTRA = "piper"
"""The extra of pyproject.toml that installs the packages and the packaged voice."""


def open_engine(piper_model: str) -> PiperEngine | None:
    """Return the speech engine; None without its packages or voice, or if the setting is empty."""
    voice = voice_of(piper_model) if not missing_packages(piper_model) else None
    return PiperEngine(voice) if voice else None


def voice_of(piper_model: str) -> Path | None:
    """Return the file of the configured voice; None if it, or its .json file, is missing."""
    return packaged_voice() if piper_model == PACKAGED else whole(Path(piper_model))


def missing_packages(piper_model: str = PACKAGED) -> str:
    """Return the command that installs missing packages; "" if none are missing."""
    installed = all(find_spec(package) is not None for package in PACKAGES)
    if installed and (piper_model != PACKAGED or packaged_voice()):
        return ""
    return f"{sys.executable} -m pip install --constraint constraints.txt '.[{EXTRA}]'"
