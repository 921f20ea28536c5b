"""How characters sound: replies are spoken, listened to and read back. `python -m tests.voices` prints it."""

import asyncio
import json
import re
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bot.conversation.senses import SpeechEngine
from bot.conversation.text.spoken import spoken_text
from bot.features.senses.ear import LONGEST, PROGRAM
from bot.features.senses.opening import PACKAGED, whisper_folder
from bot.features.senses.process import Process
from bot.features.speech.opening import open_engine
from bot.features.speech.recording import RATE, OggRecorder
from personas.character import Character
from tests.support.examples import shipped

REPLIES = {
    "nyx": (
        "you left the door open again. *taps the glass* i closed it from the inside, and i kept the key.",
        "eleven years of weather data, and not one day of it was what they said it would be.",
        "fine. run it once more, but slowly this time, and tell me which light goes out first.",
    ),
    "fangs": (
        "Good evening. *sets down the cup* You have waited a long while, and it has done you no harm.",
        "That Tuesday tasted of rain and old paper. I have kept a little of it for the winter.",
        "There is no hurry. The clock on the wall stopped long ago, and nobody here has missed it.",
    ),
    "pixel": (
        "I found it! The bug was hiding behind the second loop, and it was eating all of your memory.",
        "Please do not restart the server now. *ears twitch* I have just got warm on top of it.",
        "Your test is green because it checks nothing at all. Shall we write one that can fail?",
    ),
}
"""Three replies of each shipped character."""


@dataclass
class Sound:
    """What was measured of a character's replies."""

    words: int = 0
    mistaken: int = 0
    seconds: float = 0.0
    pitches: list[float] = field(default_factory=list)

    @property
    def words_a_minute(self) -> float:
        return 60 * self.words / self.seconds

    @property
    def pitch(self) -> float:
        """The median fundamental frequency, in Hertz."""
        return median(self.pitches)


def word_errors(said: str, understood: str) -> float:
    """Return the share of words that were understood wrongly (WER)."""
    return mistakes(said, understood) / max(len(words_of(said)), 1)


def mistakes(said: str, understood: str) -> int:
    """Count the words that are others, missing or too many."""
    left, right = words_of(said), words_of(understood)
    row = list(range(len(right) + 1))
    for number, word in enumerate(left, 1):
        above, row[0] = row[0], number
        for at, other in enumerate(right, 1):
            above, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, above + (word != other))
    return row[-1]


def words_of(text: str) -> list[str]:
    """Return the words of what is spoken of a text."""
    return re.findall(r"[a-z0-9]+", spoken_text(text).casefold().replace("'", "").replace("’", ""))


async def heard(recording: bytes) -> str:
    """Return what Whisper makes out in a recording, however long a busy machine takes for it."""
    order = {"model": str(whisper_folder(PACKAGED)), "language": "en", "seconds": LONGEST}
    answer, _ = await Process(PROGRAM).ask(recording, json.dumps(order), deadline=120.0)
    return str(answer["text"])


def pitches_of(pcm: bytes) -> Iterable[float]:
    """Yield the fundamental frequency, in Hertz, of each voiced twentieth of a second of 48 kHz sound."""
    import numpy

    samples = numpy.array(array("h", pcm), dtype=numpy.float64)[::6]
    rate, size = RATE // 6, RATE // 6 // 20
    for begin in range(0, len(samples) - 2 * size, size):
        piece = samples[begin : begin + 2 * size] - samples[begin : begin + 2 * size].mean()
        likeness = numpy.correlate(piece, piece, "full")[len(piece) - 1 :]
        lags = slice(rate // 350, rate // 60)
        if likeness[0] < 1e8 or (best := likeness[lags].max()) < 0.5 * likeness[0]:
            continue
        yield rate / (int(likeness[lags].argmax()) + lags.start) if best else 0.0


async def listen_to(
    engine: SpeechEngine, character: Character, replies: Sequence[str], folder: Path
) -> Sound:
    """Speak replies into files of a folder, read them back, and measure them."""
    sound = Sound()
    for number, reply in enumerate(replies, 1):
        recording = await OggRecorder(engine).record(reply, character.timbre)
        (folder / f"{character.slug}-{number}.ogg").write_bytes(recording.data)
        sound.words += len(words_of(reply))
        sound.seconds += recording.seconds
        sound.mistaken += mistakes(reply, await heard(recording.data))
        sound.pitches += pitches_of(b"".join([pcm async for pcm in engine.speak(reply, character.timbre)]))
    return sound


async def listen_to_all(folder: Path) -> dict[str, Sound]:
    """Return how each shipped character sounds, by its slug; the recordings stay in the folder."""
    engine = open_engine("joe")
    assert engine is not None, "the extra is missing: pip install '.[piper]'"
    try:
        return {
            slug: await listen_to(engine, shipped(slug), replies, folder) for slug, replies in REPLIES.items()
        }
    finally:
        await engine.close()


def report(sounds: dict[str, Sound]) -> list[str]:
    """Return a line for each character, and one for all of them."""
    lines = [
        f"{slug:<6} {sound.words_a_minute:4.0f} words a minute, {sound.pitch:4.0f} Hz, "
        f"word errors {sound.mistaken / sound.words:.1%}"
        for slug, sound in sounds.items()
    ]
    mistaken, words = (sum(getattr(one, what) for one in sounds.values()) for what in ("mistaken", "words"))
    return [*lines, f"all    word errors {mistaken / words:.1%} of {words} words"]


def main() -> None:
    """Print how the shipped characters sound; with a folder the recordings are kept in it."""
    with TemporaryDirectory() as passing:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else passing)
        folder.mkdir(parents=True, exist_ok=True)
        sys.stdout.write("\n".join(report(asyncio.run(listen_to_all(folder)))) + "\n")


if __name__ == "__main__":
    main()
