"""Transcription of untrusted recordings: a separate program, started by bot.core.child.

Its order is JSON: `{"model": FOLDER, "language": "auto", "seconds": 180}`. It answers `{"text": "..."}`. With
`"call": true`, it stays alive and transcribes one turn of speech after the other, given as raw samples.
"""

import io
import itertools
import json
import os
import sys

if __name__ == "__main__":
    # When run as a program, only the standard library is on the path.
    sys.path += sys.argv[3].split(os.pathsep)
    # Never download Whisper or its tokenizer; a thread per core would be useless.
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    # If these are installed, CTranslate2 would load them needlessly: seconds, and a gigabyte.
    for unused in ("torch", "transformers"):
        sys.modules[unused] = None  # type: ignore[assignment]

from collections.abc import Iterator
from typing import Any

import av
import av.container
import faster_whisper
import numpy
from faster_whisper.vad import get_vad_model

from bot.features.senses.child import Answer, UnreadableFile, quiet, serve, serve_on

MOST_MEMORY = 768 << 20
"""Memory limit in bytes on top of the model: three minutes of audio take about half of it.

Memory, files and CPU time are limited as for other files. Threads are not limited for root, nor on Windows
and macOS; the model and its threads exist before the limits take effect, so a larger model fits as well.
"""
RATE = 16_000
_KINDS = {b"OggS": "ogg", b"RIFF": "wav", b"fLaC": "flac", b"ID3": "mp3", b"\x1aE\xdf\xa3": "matroska"}
_MP3 = (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")
_Pcm = numpy.ndarray[Any, numpy.dtype[numpy.float32]]


class WhisperListener:
    """A Whisper model on one core, with a small model that detects speech.

    In a `call`, where a person waits, it uses two cores and the first result it finds.
    """

    def __init__(self, folder: str, language: str, *, call: bool = False) -> None:
        self._model = faster_whisper.WhisperModel(
            folder,
            device="cpu",
            compute_type="int8",
            cpu_threads=min(2, os.cpu_count() or 1) if call else 1,
            num_workers=1,
            local_files_only=True,
        )
        self._call = call
        get_vad_model()
        self._language = None if language == "auto" else language
        if not self._model.model.is_multilingual:
            self._language = "en"

    def hear(self, sound: _Pcm, *, gated: bool = True) -> str:
        """Transcribe a recording; if `gated`, only where voice activity is detected."""
        segments, _ = self._model.transcribe(
            sound,
            language=self._language,
            beam_size=1 if self._call else 5,
            without_timestamps=self._call,
            temperature=0.0,  # retries at a higher temperature produce more hallucination than text
            condition_on_previous_text=False,
            vad_filter=gated,
        )
        return " ".join(segment.text.strip() for segment in segments if is_sure(segment)).strip()


def is_sure(segment: Any) -> bool:
    """Return whether a segment was recognised, rather than hallucinated or repeated."""
    made_up = segment.no_speech_prob > 0.6 or segment.avg_logprob < -1 or segment.compression_ratio > 2.4
    return not made_up


def decoded(data: bytes, seconds: float) -> _Pcm:
    """Decode a recording to mono at 16 kHz; raises UnreadableFile if it is longer than `seconds`."""
    pieces, left = [numpy.zeros(0, numpy.float32)], round(seconds * RATE)
    with av.open(io.BytesIO(data), "r", format=_kind(data), metadata_errors="ignore") as container:
        if not container.streams.audio:
            raise UnreadableFile("it has no sound")
        for piece in _resampled(container):
            pieces.append(piece)
            left -= piece.size
            if left < 0:
                raise UnreadableFile(f"it is longer than {seconds:g} s")
    return numpy.concatenate(pieces)


def samples_of(pcm: bytes) -> _Pcm:
    """Transcribe speech from a call, 16 kHz mono s16le."""
    return numpy.frombuffer(pcm, "<i2").astype(numpy.float32) / numpy.float32(32_768)


def _resampled(container: av.container.InputContainer) -> Iterator[_Pcm]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    for frame in itertools.chain(container.decode(audio=0), [None]):  # None flushes the resampler
        for piece in resampler.resample(frame):
            yield piece.to_ndarray().reshape(-1).astype(numpy.float32, copy=False)


def _kind(data: bytes) -> str:
    """Detect the container by its first bytes: some that FFmpeg knows refer to other files and addresses."""
    for beginning, kind in _KINDS.items():
        if data.startswith(beginning):
            return kind
    if data[4:8] == b"ftyp":
        return "mp4"
    if data.startswith(_MP3):
        return "mp3"
    raise UnreadableFile("it is no recording")


def main() -> None:
    """Load the model named by the order, warm it up, and serve standard input."""
    quiet()
    order = json.loads(sys.argv[2])
    listener = WhisperListener(order["model"], order["language"], call=order.get("call", False))
    if order.get("call"):
        listener.hear(numpy.zeros(RATE, numpy.float32))
        listener.hear(numpy.zeros(RATE, numpy.float32), gated=False)
        serve_on(lambda pcm, _: ({"text": listener.hear(samples_of(pcm))}, b""), memory=MOST_MEMORY)
    _load_all(listener)

    def work(data: bytes, _: str) -> Answer:
        return {"text": listener.hear(decoded(data, order["seconds"]))}, b""

    serve(work, memory=MOST_MEMORY)


def _load_all(listener: WhisperListener) -> None:
    """Exercise all code once: no file can be opened and no thread started once the limits are in force."""
    quiet_second = numpy.zeros(RATE, numpy.float32)
    listener.hear(quiet_second)
    listener.hear(quiet_second, gated=False)
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(numpy.zeros((1, 4_800), numpy.int16), format="s16", layout="mono")
        frame.rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    decoded(file.getvalue(), 1)


if __name__ == "__main__":
    main()
