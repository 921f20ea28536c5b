"""The senses that this machine has and the settings allow."""

from bot.conversation.senses import Ear, Eye, Reader, Senses
from bot.features.senses.ear import WhisperEar
from bot.features.senses.eye import PillowEye
from bot.features.senses.parts import EAR, EYE, READER, installed, whisper_folder
from bot.features.senses.reader import DocumentReader
from bot.settings import Settings


def open_senses(settings: Settings, *, jpeg: bool = False) -> Senses:
    """Return every sense that is switched on and has its packages; None stands for the others.

    With `jpeg` pictures become JPEGs: not every server reads WebP.
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
    """Return the ear; None without its packages, or where the model is not on this machine."""
    folder = whisper_folder(stt_model) if installed(*EAR) else None
    return WhisperEar(folder, language) if folder else None
