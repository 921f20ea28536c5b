"""What is shown of a reply that is still being written."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.text.clean import tidy
from bot.conversation.text.emotes import dress
from bot.conversation.text.growing import showable
from bot.conversation.text.split import split, width
from personas.character import names_of
from tests.builders import PIXEL

LABELS = ("Mira Fox#123456", "Bob#654321")
EMOTES = {"cat_jam": "<:cat_jam:123456789012345678>"}
LIMIT = 200

FRAGMENTS = st.sampled_from(
    [
        *("Hello there.", "purrs", "Pixel", "Pixel:", "Mira", "Mira Fox#123456 said", "Bob"),
        *(
            "\n",
            "\n\n",
            " ",
            "  ",
            "\nBob#654321: I say",
            "\nMira Fox#123456: oh",
            '"',
            "“",
            "”",
            "'",
            "*",
            "**",
            "||",
            "`",
            "```",
            "```py\n",
        ),
        *(
            "print(1)",
            "<@123456789012345678>",
            ":cat_jam:",
            ":unknown_one:",
            "https://example.org/a?b=c",
            "@everyone",
        ),
        *(
            "@here",
            "[a link](https://example.org)",
            "</play song:123456789012345678>",
            "。",
            "你好",
            "！",
            "é",
            "😀",
        ),
        *("12:30", "…", "?!", "Dr. Who", "<", "word " * 30),
    ]
)
WRITTEN = st.lists(st.tuples(FRAGMENTS, st.sampled_from(["", " ", " ", "\n"])), min_size=1, max_size=30).map(
    lambda pairs: "".join(fragment + gap for fragment, gap in pairs)
)


def shown(text: str) -> str:
    return showable(text, PIXEL, labels=LABELS, emotes=EMOTES)


def said(text: str) -> str:
    return dress(tidy(text, names_of(PIXEL), labels=LABELS), EMOTES, PIXEL)


@settings(max_examples=200, deadline=None)
@given(WRITTEN, st.data())
def test_what_is_shown_only_grows_and_is_how_the_reply_begins(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    states = [*(shown(text[:cut]) for cut in cuts), said(text)]
    for earlier, later in pairwise(states):
        assert later.startswith(earlier)


@settings(max_examples=200, deadline=None)
@given(WRITTEN, st.data())
def test_nothing_that_is_shown_calls_everybody_speaks_for_others_or_leaves_code_open(text, data):
    state = shown(text[: data.draw(st.integers(0, len(text)))])
    assert "@everyone" not in state
    assert "@here" not in state
    assert "Bob#654321:" not in state
    for piece in split(state, LIMIT):
        assert width(piece) <= LIMIT
        assert piece.count("```") % 2 == 0


@settings(max_examples=200, deadline=None)
@given(WRITTEN, st.data())
def test_a_message_that_is_followed_by_another_stays_as_it_is(text, data):
    first, second = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    before, behind = split(shown(text[:first]), LIMIT), split(shown(text[:second]), LIMIT)
    assert behind[: max(len(before) - 1, 0)] == before[:-1]
