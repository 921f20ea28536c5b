"""Requirements of a call: packages, a speech recognition model, and a voice."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.app import App
from bot.conversation.company import Speaker
from bot.conversation.senses import CallEar, SpeechEngine
from bot.core.i18n import _
from bot.discord.voice_stream import has_opus
from bot.features.senses.opening import CALL, installed, open_call_ear
from personas.timbre import Timbre

MISSING = _(
    "I can't come to a voice channel yet. Missing: {parts}. `python main.py doctor` tells whoever runs me "
    "how to get it."
)
PACKAGES, EAR, ENGINE = (
    _("packages for voice channels (`pip install '.[voice]'`)"),
    _("a model that listens (stt_model)"),
    _("a voice that speaks (piper_model)"),
)


@dataclass(frozen=True, slots=True)
class Equipment:
    """Speech recognition and speech engine for one call; the owner must close the ear."""

    engine: SpeechEngine
    ear: CallEar
    timbre_of: Callable[[Speaker], Timbre]


def equipment_of(app: App) -> Equipment | str:
    """Return the equipment for a call, or a sentence about the missing part."""
    missing = [] if installed(*CALL) and has_opus() else [str(PACKAGES)]
    engine = app.perception.senses.speech
    ear = open_call_ear(app.settings.stt_model, app.settings.stt_language)
    missing += [str(EAR)] if ear is None else []
    missing += [str(ENGINE)] if engine is None else []
    if missing or ear is None or engine is None:
        return MISSING.format(parts=", ".join(missing))
    return Equipment(engine, ear, lambda speaker: timbre_of(app, speaker))


def timbre_of(app: App, speaker: Speaker) -> Timbre:
    """Return the timbre of a character's voice."""
    role = app.company.by_slug.get(speaker.slug)
    return role.character.timbre if role else Timbre()
