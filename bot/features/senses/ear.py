"""Transcription of voice messages by Whisper in its own process (faster-whisper)."""

import json
from pathlib import Path

from bot.conversation.text.names import clean_text
from bot.core.errors import Unperceived
from bot.features.senses import child
from bot.features.senses.process import ChildAnswer, Process

LONGEST = 180.0
"""Maximum length of a recording in seconds."""
LATEST = 30.0
"""Timeout in seconds for any recording."""
PROGRAM = child.beside("speech_child.py")

_MOST_LETTERS = 8_000
# The length reported by Discord differs slightly from the recording's.
_LEEWAY = 1.0


class _Understood(ChildAnswer):
    text: str


class WhisperEar:
    """Transcribes with the Whisper model in a folder; `language` is "auto" or a code such as "de"."""

    def __init__(self, model: Path, language: str = "auto") -> None:
        self._model = model
        self._language = language
        self._process = Process(PROGRAM)

    async def hear(self, data: bytes, *, seconds: float) -> str:
        """Transcribe a recording; `seconds` is its length as reported by Discord. Raises Unperceived."""
        if not 0 <= seconds <= LONGEST:
            raise Unperceived(f"it is longer than {LONGEST:g} s")
        order = {"model": str(self._model), "language": self._language, "seconds": LONGEST + _LEEWAY}
        answer, _ = await self._process.ask(data, json.dumps(order), deadline=deadline_of(seconds))
        understood = _Understood.of(answer)
        return clean_text(understood.text[:_MOST_LETTERS]).strip()


def deadline_of(seconds: float) -> float:
    """Return the timeout in seconds for a recording, including the start of the process.

    A length of 0 means unknown.
    """
    return min(LATEST, 5.0 + 3.0 * seconds) if seconds else LATEST
