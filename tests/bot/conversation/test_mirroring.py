"""How somebody writes, and whether a character leans towards it (F051, C77)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.context.mirroring import Habits, habits_of, mirrored, style_note
from bot.conversation.text.names import speaker_label
from bot.conversation.types import Line
from bot.llm.types import TokenEstimate
from tests.builders import PIXEL
from tests.fakes import EPOCH

ALL = Habits(small_letters=True, emoji=True, exclamations=True)
SMALL = Habits(small_letters=True)
PLAIN = ("Hello there.", "I went home.", "Then it rained.", "We had soup.", "It was good.")


def lines(texts, *, speaker="Mira#482193", mine=False):
    return [
        Line(2 * number, speaker, text, mine, EPOCH + timedelta(seconds=number))
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("texts", "habits"),
    [
        ((), Habits()),
        (("ok",) * 4, Habits()),
        (("ok",) * 5, SMALL),
        (("hey", "i am back", "what is up with you", "nothing here", "so bored"), SMALL),
        (PLAIN, Habits()),  # most of its letters are small, as in all prose
        (("HELLO",) * 5, Habits()),
        (("okay", "okay", "okay", "Okay", "Okay"), SMALL),
        (("ok", "ok", "OK", "OK", "OK"), Habits()),
        (("ok ok ok ok AA", "a", "b", "c", "d"), SMALL),
        (("ok AAA", "a", "b", "c", "d"), Habits()),  # 6 of 9
        (("Hello there.", *("so bored",) * 5), SMALL),  # only the last five count
        ((*("so bored",) * 5, *PLAIN), Habits()),
        # What is not their own writing.
        (("<@42> https://example.org/abc `code`",) * 5, Habits()),
        (("```\ncode = 1\n```",) * 5, Habits()),
        (("> quoted words",) * 5, Habits()),
        ((":wave:",) * 5, Habits(emoji=True)),
        (("Mira#482193: HELLO",) * 5, Habits()),
        (("HI <@!42>", "YES <@!42>", "NO <#7>", "OH </play:9>", "AH <t:1700000000:R>"), Habits()),
        (("SEE HTTPS://X.YZ/ABC now", "so bored", "so bored", "so bored", "so bored"), SMALL),
        # Scripts without letter case say nothing.
        (("你好。",) * 5, Habits()),
        (("გამარჯობა",) * 5, Habits()),
        (("привет",) * 5, SMALL),
        (("Привет.",) * 5, Habits()),
        (("ǅ",) * 5, Habits()),
        # Exclamation marks.
        (("Hey!", "Good!", *PLAIN[:3]), Habits(exclamations=True)),
        (("Hey!!", *PLAIN[:4]), Habits(exclamations=True)),
        (("Hey!", *PLAIN[:4]), Habits()),
        (("你好！", "早！", "嗯", "嗯", "嗯"), Habits(exclamations=True)),
        (("!play A", "!skip B", *PLAIN[:3]), Habits()),
        (("A != B", "B != C", *PLAIN[:3]), Habits()),
        (("`no!` Yes", "`no!!` Yes", *PLAIN[:3]), Habits()),
        # Emoji: at least two of the five have one.
        (("Hey 😀", "Good 👍🏽", *PLAIN[:3]), Habits(emoji=True)),
        (("Hey 😀😀😀", *PLAIN[:4]), Habits()),
        (("Hey <:wave:12345>", "Good <a:dance:12345>", *PLAIN[:3]), Habits(emoji=True)),
        (("Hey :wave:", "Good ❤", *PLAIN[:3]), Habits(emoji=True)),
        (("Hey 1️⃣", "Good ☀️", *PLAIN[:3]), Habits(emoji=True)),
        (("It is 10:30:20.", "Say std::vec::Vec.", "Made © 2026™", "Do 5 * 3 # now.", "A → B"), Habits()),
        (("`😀` Yes", "`😀` No", *PLAIN[:3]), Habits()),
    ],
)
def test_how_somebody_writes(texts, habits):
    assert habits_of(texts) == habits


@pytest.mark.parametrize(
    ("habits", "changes", "told", "untold"),
    [
        (ALL, {}, ("small letters", "emoji", "exclamation marks"), ()),
        (SMALL, {}, ("small letters",), ("emoji", "exclamation")),
        (ALL, {"emotes": "none"}, ("small letters", "exclamation marks"), ("emoji",)),
        (ALL, {"emotes": "many"}, ("emoji",), ()),
    ],
)
def test_a_note_tells_what_stands_out(habits, changes, told, untold):
    note = style_note(PIXEL.model_copy(update=changes), habits)
    assert all(word in note for word in told)
    assert not any(word in note for word in untold)


@pytest.mark.parametrize("character", [PIXEL, PIXEL.model_copy(update={"emotes": "none"})])
def test_who_writes_like_everybody_gets_no_note(character):
    assert style_note(character, Habits()) == ""


def test_emoji_alone_are_no_note_for_who_uses_none():
    assert style_note(PIXEL.model_copy(update={"emotes": "none"}), Habits(emoji=True)) == ""


def test_a_character_that_does_not_mirror_never_gets_a_note():
    stubborn = PIXEL.model_copy(update={"mirror_style": False})
    assert style_note(stubborn, ALL) == ""
    assert mirrored(stubborn, lines(["so bored!! 😀"] * 5), "Mira#482193") == ""


def test_the_longest_note_has_at_most_thirty_tokens():
    assert TokenEstimate()(style_note(PIXEL, ALL)) <= 30


def test_a_person_is_known_by_what_they_said_and_nobody_else():
    mira, tom = speaker_label("Mira", 42), speaker_label("Tom", 7)
    talk = [
        *lines(["so bored"] * 5, speaker=mira),
        *lines(["HELLO"] * 9, speaker=tom),
        *lines(["I SEE"] * 9, speaker=mira, mine=True),
    ]
    assert "small letters" in mirrored(PIXEL, talk, mira)
    assert mirrored(PIXEL, talk, tom) == ""
    assert mirrored(PIXEL, talk[1:], mira) == ""  # four turns are too few
    assert mirrored(PIXEL, [], mira) == ""


words = st.text(max_size=60) | st.sampled_from(["`", "```", "<@", ":a:", "!", "\ud800", "a" * 5000, "> x"])


@given(st.lists(words, max_size=8))
def test_any_texts_have_habits_and_a_note(texts):
    habits = habits_of(texts)
    assert habits == habits_of(texts[-5:])
    assert len(style_note(PIXEL, habits)) < 120
    if len(texts) < 5:
        assert habits == Habits()


@given(st.lists(words, min_size=5, max_size=5))
def test_letter_case_decides_about_small_letters_and_nothing_else(texts):
    small, large = habits_of([text.lower() for text in texts]), habits_of([text.upper() for text in texts])
    assert not large.small_letters
    for text in texts:
        if "\u0130" in text or text.lower().upper() != text.upper():
            return  # a few letters become others with a mark
    assert (small.emoji, small.exclamations) == (large.emoji, large.exclamations)
