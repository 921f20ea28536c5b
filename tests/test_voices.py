"""Replies of the shipped characters, spoken by Piper, listened to and read back by Whisper."""

from pathlib import Path

import pytest

from bot.features.senses.opening import EAR, installed
from bot.features.speech.opening import missing_packages
from tests.voices import REPLIES, listen_to_all, report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(missing_packages()), reason="the extra is missing: .[piper]"),
    pytest.mark.skipif(not installed(*EAR), reason="the extra is missing: .[voice]"),
]


async def test_what_the_characters_say_is_understood_and_each_sounds_different(tmp_path: Path):
    """Fewer than one word in ten is misheard; Fangs is slow and low, Pixel fast and high."""
    sounds = await listen_to_all(tmp_path)
    assert len(list(tmp_path.glob("*.ogg"))) == 3 * len(REPLIES)
    mistaken, words = sum(one.mistaken for one in sounds.values()), sum(one.words for one in sounds.values())
    assert mistaken < 0.1 * words, report(sounds)
    order = [sounds[slug] for slug in ("fangs", "nyx", "pixel")]
    assert order == sorted(order, key=lambda one: one.words_a_minute), report(sounds)
    assert order == sorted(order, key=lambda one: one.pitch), report(sounds)
