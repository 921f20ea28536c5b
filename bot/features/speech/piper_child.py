"""Speaks with the voices of Piper: a program of its own, started by bot.features.speech.piper.

Each line of its input is an order in JSON: `{"number": 1, "text": "...", "model": PATH, "length_scale": 1,
"pitch": 1}`. It answers with frames: the order's number and a length, four bytes each, and so much PCM. An
empty frame ends an answer, and one of the length FAILED says that there is none.
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
    """Yield a text as one channel of 16 bits, 48,000 times a second.

    The pitch is raised by playing faster, so the voice speaks slower by as much.
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
    """Carry out one order after another, until nobody gives any more."""
    for line in orders:
        order = json.loads(line)
        number, length = order["number"], 0
        try:
            answers.writelines(HEADER.pack(number, len(pcm)) + pcm for pcm in spoken(order))
        except Exception:  # noqa: BLE001 - there is no telling what a voice makes of a text
            length = FAILED
        answers.write(HEADER.pack(number, length))
        answers.flush()


def main() -> None:
    """Serve; what libraries print is no answer."""
    sys.path += sys.argv[1].split(os.pathsep)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
