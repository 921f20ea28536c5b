"""Voice messages: a text as Discord's clients record one, an Opus file with its length and its waveform."""

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
"""Seconds of a voice message at most: whoever answers by voice is not listened to for longer, either."""
DEADLINE = 90.0
MOST_POINTS = 256

_FRAME = RATE // 50
_POINT = RATE // 10


class OggRecorder:
    """Records what a speech engine says."""

    def __init__(self, engine: SpeechEngine) -> None:
        self._engine = engine

    async def record(self, text: str, timbre: Timbre) -> Recording:
        """Return a text as a voice message. Raises Unspeakable, also where nothing of it is for the ear."""
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
    """Return sound of 48 kHz mono s16le as a voice message."""
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
    """Return how loud it is, ten times a second and at 256 points at most, as Discord draws it."""
    samples = array("h", pcm)
    step = max(_POINT, -(-len(samples) // MOST_POINTS))
    points = (samples[begin : begin + step] for begin in range(0, len(samples), step))
    return b64encode(bytes(max(*point, -min(point)) * 255 // 32_768 for point in points)).decode()
