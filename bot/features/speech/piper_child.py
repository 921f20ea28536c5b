"""Speech synthesis with Piper: a separate program, started by bot.features.speech.piper.

Each input line is an order in JSON: `{"number": 1, "text": "...", "model": PATH, "length_scale": 1,
"pitch": 1}`. The answer is a series of frames: order number and length, four bytes each, then that much PCM.
An empty frame ends an answer; one of length FAILED means that there is none.
"""

import json
import os
import struct
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, BinaryIO

HEADER = struct.Struct(">II")
FAILED = 0xFFFFFFFF
RATE = 48_000


@lru_cache(maxsize=3)
def _voice(model: str) -> Any:
    from piper import PiperVoice

    return PiperVoice.load(model)


def spoken(order: dict[str, Any]) -> Iterator[bytes]:
    """Yield a text as 48 kHz mono s16le.

    The pitch is raised by playing faster, so the speech is slowed down in proportion.
    """
    import av
    from piper import SynthesisConfig

    voice, pitch = _voice(order["model"]), order["pitch"]
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    length_scale = voice.config.length_scale * order["length_scale"] * pitch
    for chunk in voice.synthesize(order["text"], SynthesisConfig(length_scale=length_scale)):
        samples = chunk.audio_int16_bytes
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2)
        frame.planes[0].update(samples)
        frame.sample_rate = round(chunk.sample_rate * pitch)
        for piece in resampler.resample(frame):
            yield _bytes_of(piece)
    for piece in resampler.resample(None):
        yield _bytes_of(piece)


def _bytes_of(frame: Any) -> bytes:
    return bytes(frame.planes[0])[: frame.samples * 2]  # a plane is padded


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Process orders until the input ends."""
    for line in orders:
        order = json.loads(line)
        number, length = order["number"], 0
        try:
            answers.writelines(HEADER.pack(number, len(pcm)) + pcm for pcm in spoken(order))
        except Exception:  # noqa: BLE001 - a voice may raise anything on an unusual text
            length = FAILED
        answers.write(HEADER.pack(number, length))
        answers.flush()


def main() -> None:
    """Serve orders, with libraries' prints redirected away from the answers."""
    sys.path += sys.argv[1].split(os.pathsep)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
