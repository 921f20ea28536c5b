"""The ear: voice messages made out by Whisper in a process of its own (faster-whisper)."""

import json
from pathlib import Path

from bot.conversation.text.names import clean_text
from bot.core.errors import Unperceived
from bot.features.senses import child
from bot.features.senses.process import ChildAnswer, Process

LONGEST = 180.0
"""Seconds of a recording at most."""
LATEST = 30.0
"""Seconds that any recording may take."""
PROGRAM = child.beside("speech_child.py")

_MOST_LETTERS = 8_000
# What Discord says of the length and what was recorded are not the same to the frame.
_LEEWAY = 1.0


class _Understood(ChildAnswer):
    text: str


class WhisperEar:
    """Hears with the Whisper model in a folder; `language` is "auto" or a code such as "de"."""

    def __init__(self, model: Path, language: str = "auto") -> None:
        self._model = model
        self._language = language
        self._process = Process(PROGRAM)

    async def hear(self, data: bytes, *, seconds: float) -> str:
        """Return the words of a recording of so many seconds, by what Discord says."""
        if not 0 <= seconds <= LONGEST:
            raise Unperceived(f"it is longer than {LONGEST:g} s")
        order = {"model": str(self._model), "language": self._language, "seconds": LONGEST + _LEEWAY}
        answer, _ = await self._process.ask(data, json.dumps(order), deadline=deadline_of(seconds))
        understood = _Understood.of(answer)
        return clean_text(understood.text[:_MOST_LETTERS]).strip()


def deadline_of(seconds: float) -> float:
    """Return the seconds that making out a recording may take, with the start of the process.

    A length of 0 is one that nobody told.
    """
    return min(LATEST, 5.0 + 3.0 * seconds) if seconds else LATEST
