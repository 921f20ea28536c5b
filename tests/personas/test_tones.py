"""What people do with what they say, told by rules (F085, C69)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.relations.bonds import Tone
from personas.relations.signs import ToneReading, tone_of

NAMES = ("Pixel", "Pix")


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("", Tone.TALK),
        ("what time is it?", Tone.TALK),
        ("the cat sat on the mat", Tone.TALK),
        ("my boss is an idiot", Tone.TALK),
        ("that movie was stupid", Tone.TALK),
        ("thanks to the rain, the match is off", Tone.TALK),
        ("Pixel, you are wonderful!", Tone.PRAISE),
        ("you're so smart", Tone.PRAISE),
        ("I love you", Tone.PRAISE),
        ("good bot", Tone.PRAISE),
        ("thank you so much!", Tone.GRATITUDE),
        ("ty pix", Tone.GRATITUDE),
        ("thanks, that helped a lot", Tone.GRATITUDE),
        ("danke!", Tone.GRATITUDE),
        ("merci beaucoup", Tone.GRATITUDE),
        ("Pixel, you are stupid", Tone.CONFLICT),
        ("shut up", Tone.CONFLICT),
        ("I hate you", Tone.CONFLICT),
        ("sorry, I was rude earlier", Tone.APOLOGY),
        ("I apologize", Tone.APOLOGY),
        ("I've never told anyone this", Tone.CONFIDING),
        ("lol you're such an idiot 😂", Tone.BANTER),
    ],
)
def test_what_words_do(text, tone):
    assert tone_of(text, NAMES).tone is tone


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("you are boring", Tone.RUDENESS),
        ("Pixel, leave me alone", Tone.RUDENESS),
        ("bad bot", Tone.RUDENESS),
        ("you are boring and I hate you", Tone.CONFLICT),
        ("you worthless idiot", Tone.CONFLICT),
        ("I will hurt you", Tone.THREAT),
        ("Pixel, you're a bad bot, I'm going to delete you", Tone.THREAT),
        ("watch your back", Tone.THREAT),
        ("kys", Tone.THREAT),
        ("my boss said he will hurt you", Tone.TALK),
        ("I will never hurt you", Tone.TALK),
        ("I'll drop you a line", Tone.TALK),
        ("you idiot lol I'll kill you 😂", Tone.BANTER),
    ],
)
def test_what_is_unkind_has_a_class_of_hostility(text, tone):
    """F133."""
    assert tone_of(text, NAMES).tone is tone


@pytest.mark.parametrize(
    "text",
    [
        "you are not stupid, you are wonderful",
        "thank you, you idiot",
        "you are not funny",
        "I don't hate you",
    ],
)
def test_words_that_point_two_ways_leave_a_doubt(text):
    assert not tone_of(text, NAMES).sure


@pytest.mark.parametrize("text", ["what time is it?", "thank you!", "you are wonderful", "shut up"])
def test_plain_words_leave_none(text):
    assert tone_of(text, NAMES).sure


@given(st.text(max_size=2_000))
def test_any_text_has_a_tone(text):
    assert isinstance(tone_of(text, NAMES), ToneReading)


@given(
    st.lists(
        st.sampled_from(["so ", "very ", "not ", "you ", "are ", "stupid ", "!", "thank "]), max_size=400
    )
)
def test_no_text_takes_long(words):
    """A pattern that backtracks would not come back here: pytest's own time limit tells."""
    assert tone_of("".join(words) * 20, NAMES)
