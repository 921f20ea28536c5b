"""Voice messages as Discord's clients record them: an Opus file with duration and waveform."""

import asyncio
import io
from array import array
from base64 import b64encode

from bot.conversation.senses import Recording, SpeechEngine
from bot.core.errors import Unspeakable
from personas.timbre import Timbre

RATE = 48_000
BIT_RATE = 32_000
LONGEST = 180
"""Maximum length of a voice message in seconds, the same as for incoming ones."""
DEADLINE = 90.0
MOST_POINTS = 256

_FRAME = RATE // 50
_POINT = RATE // 10


class OggRecorder:
    """Records the output of a speech engine."""

    def __init__(self, engine: SpeechEngine) -> None:
        self._engine = engine

    async def record(self, text: str, timbre: Timbre) -> Recording:
        """Record a text as a voice message. Raises Unspeakable, including for a text without words."""
        pcm = bytearray()
        try:
            async with asyncio.timeout(DEADLINE):
                async for piece in self._engine.speak(text, timbre):
                    pcm += piece
                    if len(pcm) > LONGEST * RATE * 2:
                        raise Unspeakable(f"it is longer than {LONGEST} s")
        except TimeoutError as error:
            raise Unspeakable(f"it takes longer than {DEADLINE:g} s") from error
        if not pcm:
            raise Unspeakable("there are no words in it")
        return await asyncio.to_thread(recording_of, bytes(pcm))


def recording_of(pcm: bytes) -> Recording:
    """Convert 48 kHz mono s16le to a voice message."""
    return Recording(_ogg(pcm), len(pcm) / 2 / RATE, _waveform(pcm))


def _ogg(pcm: bytes) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = BIT_RATE
        for begin in range(0, len(pcm), _FRAME * 2):
            samples = pcm[begin : begin + _FRAME * 2]
            frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
            frame.planes[0].update(samples.ljust(frame.planes[0].buffer_size, b"\0"))
            frame.sample_rate, frame.pts = RATE, begin // 2
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _waveform(pcm: bytes) -> str:
    """Return the loudness ten times a second, at most 256 points, in Discord's format."""
    samples = array("h", pcm)
    step = max(_POINT, -(-len(samples) // MOST_POINTS))
    points = (samples[begin : begin + step] for begin in range(0, len(samples), step))
    return b64encode(bytes(max(*point, -min(point)) * 255 // 32_768 for point in points)).decode()
