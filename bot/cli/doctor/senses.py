"""Checks of the senses and of speech."""

import sys

from bot.cli.doctor.finding import Finding
from bot.discord.voice_stream import has_opus
from bot.features.senses.opening import (
    CALL,
    EAR,
    EYE,
    PACKAGED,
    READER,
    SENSES_EXTRA,
    VOICE_EXTRA,
    installed,
    whisper_folder,
)
from bot.features.speech.opening import missing_packages, voice_of
from bot.settings import Settings

SEES = " once a model that sees speaks"
READS = " once another model than the rehearsal voice speaks"
"""Suffix while no model is configured."""


def senses_findings(settings: Settings) -> list[Finding]:
    """Return a finding for each sense: available, switched off, or how to install it."""
    own = not (settings.anthropic_api_key.get_secret_value() or settings.anthropic_base_url)
    sees, reads = (SEES, READS) if own else ("", "")
    return [
        _of_packages("senses.pictures", "images", "look at pictures", EYE, sees, on=settings.images),
        _of_packages("senses.files", "files", "read text files and PDFs", READER, reads, on=settings.files),
        _of_the_ear(settings),
        _of_the_voice(settings.piper_model),
        _of_calls(settings),
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
    if fault := _what_hinders_listening(check, does, EAR, model):
        return fault
    if model == PACKAGED and settings.stt_language not in ("auto", "en"):
        sentence = (
            f"stt_language={settings.stt_language} has no effect: the packaged model knows English alone."
        )
        return Finding(
            check, "notice", sentence, "Name a folder with a model of many languages as stt_model."
        )
    return Finding(check, "ok", f"It can {does}.")


def _what_hinders_listening(check: str, does: str, packages: tuple[str, ...], model: str) -> Finding | None:
    has_model = whisper_folder(model) is not None
    if not installed(*packages) or (model == PACKAGED and not has_model):
        return _missing(check, does, VOICE_EXTRA)
    if has_model:
        return None
    sentence = f"It can't {does}: stt_model={model} is no folder with a Whisper model for CTranslate2."
    mend = "Write the folder as stt_model into config.env, or packaged; nothing is downloaded."
    return Finding(check, "notice", sentence, mend)


def _of_calls(settings: Settings) -> Finding:
    check, does = "senses.calls", "listen in voice channels"
    if not settings.piper_model:
        return _off(check, "piper_model", does)
    if fault := _what_hinders_listening(check, does, (*EAR, *CALL), settings.stt_model):
        return fault
    if not has_opus():
        return Finding(
            check, "notice", f"It can't {does}: libopus is missing.", "Install it: apt-get install libopus0"
        )
    return Finding(check, "ok", f"It can {does}.")


def _of_the_voice(model: str) -> Finding:
    check, does = "senses.speech", "speak"
    if not model:
        return _off(check, "piper_model", does)
    if command := missing_packages(model):
        return Finding(check, "notice", f"It can't {does}: a package is missing.", f"Run: {command}")
    if voice_of(model) is None:
        sentence = f"It can't {does}: piper_model={model} is no Piper voice with its .json beside it."
        return Finding(check, "notice", sentence, "Write the path of the .onnx into config.env, or joe.")
    return Finding(check, "ok", f"It can {does}.")


def _off(check: str, key: str, does: str) -> Finding:
    return Finding(check, "ok", f"It does not {does}: {key} is off.")


def _missing(check: str, does: str, extra: str) -> Finding:
    command = f"{sys.executable} -m pip install --constraint constraints.txt '.[{extra}]'"
    return Finding(check, "notice", f"It can't {does}: a package is missing.", f"Run: {command}")
