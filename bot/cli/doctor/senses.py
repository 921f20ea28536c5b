"""Whether the bot can look at pictures, read files, and listen to voice messages."""

import sys

from bot.cli.doctor.finding import Finding
from bot.features.senses.opening import (
    EAR,
    EYE,
    PACKAGED,
    READER,
    SENSES_EXTRA,
    VOICE_EXTRA,
    installed,
    whisper_folder,
)
from bot.settings import Settings

SEES = " once a model that sees speaks"
READS = " once another model than the rehearsal voice speaks"
"""What is still wanting where nobody has said which model speaks."""


def senses_findings(settings: Settings) -> list[Finding]:
    """Return a finding for each sense: that it is there, is switched off, or how to get it."""
    own = not (settings.anthropic_api_key.get_secret_value() or settings.anthropic_base_url)
    sees, reads = (SEES, READS) if own else ("", "")
    return [
        _of_packages("senses.pictures", "images", "look at pictures", EYE, sees, on=settings.images),
        _of_packages("senses.files", "files", "read text files and PDFs", READER, reads, on=settings.files),
        _of_the_ear(settings),
    ]


def _of_packages(
    check: str, key: str, does: str, packages: tuple[str, ...], once: str, *, on: bool
) -> Finding:
    if not on:
        return _off(check, key, does)
    if not installed(*packages):
        return _missing(check, does, SENSES_EXTRA)
    return Finding(check, "ok", f"It can {does}{once}.")


def _of_the_ear(settings: Settings) -> Finding:
    check, does, model = "senses.voice_messages", "listen to voice messages", settings.stt_model
    if not settings.voice_messages:
        return _off(check, "voice_messages", does)
    if not installed(*EAR):
        return _missing(check, does, VOICE_EXTRA)
    if whisper_folder(model) is None:
        if model == PACKAGED:
            return _missing(check, does, VOICE_EXTRA)
        sentence = f"It can't {does}: stt_model={model} is no folder with a Whisper model for CTranslate2."
        mend = "Write the folder as stt_model into config.env, or packaged; nothing is downloaded."
        return Finding(check, "notice", sentence, mend)
    if model == PACKAGED and settings.stt_language not in ("auto", "en"):
        sentence = (
            f"stt_language={settings.stt_language} has no effect: the packaged model knows English alone."
        )
        return Finding(
            check, "notice", sentence, "Name a folder with a model of many languages as stt_model."
        )
    return Finding(check, "ok", f"It can {does}.")


def _off(check: str, key: str, does: str) -> Finding:
    return Finding(check, "ok", f"It does not {does}: {key} is off.")


def _missing(check: str, does: str, extra: str) -> Finding:
    command = f"{sys.executable} -m pip install --constraint constraints.txt '.[{extra}]'"
    return Finding(check, "notice", f"It can't {does}: a package is missing.", f"Run: {command}")
