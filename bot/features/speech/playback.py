"""Audio frames of a spoken reply: produced on the event loop, consumed by a thread, counted by sentence."""

from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

FRAME_SECONDS = 0.02
SILENCE = bytes(3_840)
"""A 20 ms frame: 48 kHz, two channels, 16 bits."""
LONGEST_SILENCE = 500
"""Maximum number of silent frames while waiting for the next sentence."""

_MONO_FRAME = len(SILENCE) // 2
CUT = "—"
"""Appended to a sentence that was cut off."""


@dataclass(slots=True)
class _Sentence:
    text: str
    frames: deque[bytes] = field(default_factory=deque)
    rest: bytes = b""
    made: int = 0
    played: int = 0
    whole: bool = False

    @property
    def is_over(self) -> bool:
        return self.whole and self.played == self.made

    @property
    def heard(self) -> str:
        """The words that were played; of an interrupted sentence, in proportion to the played frames."""
        if self.is_over:
            return self.text
        words = self.text.split()
        some = words[: len(words) * self.played // self.made] if self.whole and self.made else []
        return " ".join(some) + CUT if some else ""


class Playback:
    """Buffer read frame by frame by a player's thread, which calls `on_progress` after each sentence."""

    def __init__(self, on_progress: Callable[[], None]) -> None:
        self._on_progress = on_progress
        self._lock = Lock()
        self._sentences: list[_Sentence] = []
        self._now = 0
        self._silent = 0
        self._over = False
        self.read_frames = 0

    def begin(self, text: str) -> None:
        """Start a sentence, to which the following sound belongs."""
        with self._lock:
            self._sentences.append(_Sentence(text))

    def add(self, pcm: bytes) -> None:
        """Append sound of any length, 48 kHz mono s16le."""
        with self._lock:
            self._cut_up(self._sentences[-1], pcm)

    def finish(self) -> None:
        """Mark the sentence as complete."""
        with self._lock:
            last = self._sentences[-1]
            if last.rest:
                self._cut_up(last, bytes(_MONO_FRAME - len(last.rest)))
            last.whole = True

    def end(self) -> None:
        """Let the player stop after the remaining frames."""
        with self._lock:
            self._over = True

    def stop(self) -> None:
        """Stop playing at once and skip the remaining frames."""
        with self._lock:
            self._over, self._now = True, len(self._sentences)

    @property
    def finished(self) -> int:
        """The number of sentences played to their end."""
        return sum(sentence.is_over for sentence in self._sentences)

    def heard(self, after: int = 0) -> str:
        """Return the words played after the first `after` sentences."""
        with self._lock:
            return " ".join(filter(None, (sentence.heard for sentence in self._sentences[after:])))

    def read(self) -> bytes:
        """Return the next frame; b"" at the end. A player's thread calls this every 20 ms."""
        with self._lock:
            self.read_frames += 1
            frame, progress = self._next()
        if progress:
            self._on_progress()
        return frame

    def _next(self) -> tuple[bytes, bool]:
        progress = False
        while self._now < len(self._sentences):
            sentence = self._sentences[self._now]
            if sentence.frames:
                sentence.played += 1
                self._silent = 0
                return sentence.frames.popleft(), progress
            if not sentence.whole:
                break
            self._now += 1
            progress = True
        self._silent += 1
        waits = not self._over and self._silent <= LONGEST_SILENCE
        return (SILENCE if waits else b""), progress

    def _cut_up(self, sentence: _Sentence, pcm: bytes) -> None:
        pcm = sentence.rest + pcm
        whole = len(pcm) - len(pcm) % _MONO_FRAME
        for begin in range(0, whole, _MONO_FRAME):
            sentence.frames.append(stereo(pcm[begin : begin + _MONO_FRAME]))
            sentence.made += 1
        sentence.rest = pcm[whole:]


def stereo(mono: bytes) -> bytes:
    """Duplicate 16-bit mono samples to two channels."""
    samples = array("h", mono)
    both = array("h", bytes(2 * len(mono)))
    both[0::2] = both[1::2] = samples
    return both.tobytes()
