"""Speaking with Piper: in a process of its own, which nothing that goes wrong there outlives."""

import asyncio
import io
import os
import signal
from base64 import b64decode

import pytest

from bot.core.errors import Unspeakable
from bot.features.speech import opening, piper
from bot.features.speech.opening import missing_packages, open_engine, voice_of
from bot.features.speech.piper import PAUSE, PiperEngine
from bot.features.speech.recording import LONGEST, RATE, OggRecorder, recording_of
from personas.timbre import Timbre

needs_piper = pytest.mark.skipif(bool(missing_packages()), reason="the extra is missing: .[piper]")
A_SECOND = RATE * 2
PLAIN = Timbre()


async def spoken(engine: PiperEngine, text: str, timbre: Timbre = PLAIN) -> bytes:
    return b"".join([pcm async for pcm in engine.speak(text, timbre)])


@pytest.fixture
async def engine():
    found = open_engine("joe")
    assert found is not None
    yield found
    await found.close()


class Beeps:
    """An engine that makes a sound of so many seconds of each text."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def speak(self, text: str, timbre: Timbre):
        yield b"\x00\x40" * round(self._seconds * RATE)

    async def close(self) -> None: ...


@pytest.fixture
async def program(tmp_path, monkeypatch):
    """Return an engine whose process is another program."""
    engine = PiperEngine(tmp_path / "voice.onnx")

    def written(*lines: str) -> PiperEngine:
        (tmp_path / "program.py").write_text("\n".join(("import sys, os, time", *lines)))
        monkeypatch.setattr(piper, "PROGRAM", tmp_path / "program.py")
        return engine

    yield written
    await engine.close()


@pytest.mark.slow
@needs_piper
async def test_a_text_is_spoken_sentence_by_sentence(engine):
    pieces = [pcm async for pcm in engine.speak("One thing. *waves* Another thing.", PLAIN)]
    assert len(pieces) == 4
    assert pieces[1] == pieces[3] == PAUSE
    assert all(0.3 * A_SECOND < len(pcm) < 3 * A_SECOND for pcm in pieces[::2])


@pytest.mark.slow
@needs_piper
async def test_a_recording_of_speech_takes_about_32_kbit_a_second(engine):
    made = await OggRecorder(engine).record("The lamps along the path are still burning.", PLAIN)
    assert 16_000 < len(made.data) * 8 / made.seconds < 48_000


@pytest.mark.slow
@needs_piper
async def test_a_voice_that_is_higher_is_no_faster_and_one_that_is_slower_is(engine):
    # A voice takes its time anew each time it says the same: so it says it four times.
    text = "The lamps along the path are still burning. Nobody has come to put them out since noon. " * 4
    usual, high, slow = [
        len(await spoken(engine, text, timbre))
        for timbre in (PLAIN, Timbre(pitch=1.25), Timbre(length_scale=1.5))
    ]
    assert high == pytest.approx(usual, rel=0.15)
    assert slow > 1.2 * usual


@pytest.mark.slow
@needs_piper
async def test_what_nobody_waits_for_any_more_is_not_heard_later(engine):
    await spoken(engine, "Ready.")
    begun = asyncio.get_running_loop().create_task(spoken(engine, "Nobody is going to hear any of this now."))
    await asyncio.sleep(0.05)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert len(await spoken(engine, "No.")) < 1.5 * A_SECOND


@pytest.mark.slow
@needs_piper
async def test_a_process_that_is_killed_breaks_one_sentence_and_the_next_is_spoken(engine):
    await spoken(engine, "Ready.")
    os.kill(engine._process.pid, signal.SIGKILL)
    with pytest.raises(Unspeakable):
        await spoken(engine, "Lost.")
    assert await spoken(engine, "Found.")


@pytest.mark.slow
@needs_piper
async def test_a_voice_of_the_characters_that_is_not_there_is_told_once_and_the_operators_speaks(
    engine, caplog
):
    for _ in range(2):
        assert await spoken(engine, "Hello.", Timbre(model="nobody"))
    assert caplog.text.count("No voice nobody lies beside piper_model") == 1


def test_a_character_names_no_file_elsewhere(tmp_path):
    (tmp_path / "voices").mkdir()
    for name in ("outside", "voices/own"):
        for ending in (".onnx", ".onnx.json"):
            (tmp_path / f"{name}{ending}").write_text("{}")
    engine = PiperEngine(tmp_path / "voices/main.onnx")
    assert engine._voice_of(Timbre(model="own")) == tmp_path / "voices/own.onnx"
    sneaky = Timbre.model_construct(model="../outside.onnx")
    assert engine._voice_of(sneaky) == tmp_path / "voices/main.onnx"


async def test_an_engine_that_hangs_is_ended(program, monkeypatch):
    engine = program("time.sleep(600)")
    monkeypatch.setattr(piper, "DEADLINE", 0.3)
    with pytest.raises(Unspeakable, match="longer than"):
        await spoken(engine, "Hi.")
    assert engine._process is None


async def test_an_engine_that_crashes_says_so(program):
    engine = program("os.abort()")
    with pytest.raises(Unspeakable, match="ended in the middle"):
        await spoken(engine, "Hi.")


async def test_an_idle_engine_takes_no_memory(program, monkeypatch):
    answer = r"sys.stdin.readline(); sys.stdout.buffer.write(b'\0\0\0\1\0\0\0\2hi\0\0\0\1\0\0\0\0')"
    engine = program(answer, "sys.stdout.flush()", "sys.stdin.readline()")
    monkeypatch.setattr(piper, "IDLE_SECONDS", 0.05)
    assert await spoken(engine, "Hi.") == b"hi" + PAUSE
    process = engine._process
    assert process is not None
    await asyncio.wait_for(process.wait(), 10)
    assert engine._process is None


async def test_the_process_knows_no_secrets(program, tmp_path, monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    told = tmp_path / "told"
    engine = program(f"open({str(told)!r}, 'w').write(repr(dict(os.environ)))")
    with pytest.raises(Unspeakable):
        await spoken(engine, "Hi.")
    assert "secret" not in told.read_text()


def test_without_the_packages_there_is_no_engine_and_one_command_brings_them(monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    assert open_engine("joe") is None
    assert missing_packages().endswith("'.[piper]'")


def test_an_empty_setting_and_a_file_that_is_not_there_are_no_voice(tmp_path):
    assert open_engine("") is None
    assert voice_of(str(tmp_path / "none.onnx")) is None
    (tmp_path / "alone.onnx").write_text("")
    assert voice_of(str(tmp_path / "alone.onnx")) is None


# --- Recordings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "points"), [(0.05, 1), (2.0, 20), (60.0, 250)])
def test_a_recording_is_opus_of_its_length_with_a_waveform(seconds, points):
    av = pytest.importorskip("av", reason="the extra is missing: .[piper]")
    made = recording_of((b"\0\x40" * 100 + b"\0\xc0" * 100) * round(seconds * RATE / 200))
    with av.open(io.BytesIO(made.data)) as file:
        (stream,) = file.streams
        assert (stream.codec_context.name, stream.codec_context.channels) == ("opus", 1)
        assert file.duration / av.time_base == pytest.approx(seconds, abs=0.1)
    assert made.seconds == seconds
    drawn = b64decode(made.waveform)
    assert points <= len(drawn) <= min(points + 6, 256)
    assert set(drawn) <= {127, 128}


async def test_silence_and_what_is_too_long_is_no_recording():
    with pytest.raises(Unspeakable, match="no words"):
        await OggRecorder(Beeps(0)).record("*waves*", PLAIN)
    with pytest.raises(Unspeakable, match="longer than"):
        await OggRecorder(Beeps(LONGEST + 1)).record("On and on.", PLAIN)
