"""What of a text is spoken aloud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.text.spoken import finished_sentences, sentences, spoken_text

SIGNS = (". ", "! ", "?", " ", "\n", "*", "**", "(", ")", "`", "```", "<", ">", "||", "_", "\\", "- ", "1. ")
WORDS = ("Hello there", "Dr. Who", "<:a:1>", "[b", "](http://x.org/y)", "https://x.org/a_b ", "😀", ":) ")
FRAGMENTS = st.sampled_from((*SIGNS, *WORDS))


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("*leans in. Slowly.* Tell me more.", "Tell me more."),
        ("Fine (she lies (badly)), then.", "Fine , then."),
        ("Run `make check` now.", "Run now."),
        ("Look:\n```py\nprint(1)\n```\nDone.", "Look: Done."),
        ("See https://example.org/a?b=c for it.", "See for it."),
        ("See [the page](https://example.org) for it.", "See the page for it."),
        ("Nice 👩‍🚀 work 🇩🇪 <:wave:123> <@42>!", "Nice work !"),
        ("**Really**, __truly__ ~~not~~ _so_.", "Really, truly not so."),
        ("# News\n- one\n- two\n> said", "News one two said"),
        ("I know who did it: ||the butler||.", "I know who did it: ."),
        ("That went well :) or not :(", "That went well or not"),
        ("2 * 3 * 4 is 24", "2 3 4 is 24"),
        ("it stays snake_case", "it stays snake_case"),
        ("*waves*", ""),
        ("[[sIl@ns]]", "sIl@ns"),
    ],
)
def test_only_the_words_of_a_text_are_spoken(text, spoken):
    assert spoken_text(text) == spoken


def test_a_text_is_spoken_in_sentences_and_lines():
    text = 'He said "Go." Dr. Grey went!\nAnd then'
    assert sentences(text) == ['He said "Go."', "Dr. Grey went!", "And then"]


def test_an_action_that_is_not_closed_yet_holds_back_what_follows():
    assert finished_sentences("Hm. *She leans in. Then she smiles. ") == ["Hm."]
    assert finished_sentences("Hm. *She leans in.* Well. ") == ["Hm.", "Well."]


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_what_was_spoken_of_a_growing_text_is_how_the_whole_one_begins(text):
    whole = sentences(text)
    for cut in range(len(text) + 1):
        found = finished_sentences(text[:cut])
        assert found == whole[: len(found)]
