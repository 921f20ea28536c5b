"""Messages cut at Discord's limit, and replies that were cut before their end."""

from collections.abc import Iterator

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.text.clean import trim_to_sentence
from bot.conversation.text.names import is_blank
from bot.conversation.text.split import TextPiece, pieces, split

MENTIONS = ["<@123456789012345678>", "<@!12>", "<@&34>", "<#56>", "<:nyx:78>", "<a:glitch_cat:90>", "<t:1:R>"]
MENTIONS += ["<a:purring_purring_purring_cat:1234567890123456789>"]
MENTION = regex.compile(r"<(?:@[!&]?|#|a?:\w{2,32}:)\d{1,20}>|<t:\d+:R>")
FENCE = regex.compile(r"\p{GCB=Prepend}*```[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*")
LANGUAGE = regex.compile(r"[A-Za-z0-9_+.#-]{0,32}\r?\n")
VISIBLE = regex.compile(r"[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]")
FENCE_ROOM = 40

words = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=12)
fragments = st.one_of(
    words,
    words.map(lambda word: f"{word} "),
    words.map(lambda word: f"{word}. "),
    words.map(lambda word: f"https://example.org/{word}?q={word} "),
    words.map(lambda word: f"`{word} {word}`"),
    st.sampled_from(MENTIONS),
    st.sampled_from(["\n", "\n\n", "\r\n", " ", "    ", "\t", "\u200b", "\u2060", "\ufeff", "\u3164"]),
    st.sampled_from(["```", "```\n", "```py\n", "\n```\n", "`", "``", "~~~", "```\u0301"]),
    st.sampled_from(["👩\u200d🚀", "👍🏽", "🇩🇪", "🇩", "e\u0301", "क्षि", "한", "각", "\u0600", "\r", "。"]),
    st.sampled_from(["\ud83d", "\ude00", "\ud83d\ude00", "\x00", "😀" * 30, "x" * 130, "漢" * 70]),
    st.integers(1, 150).map(lambda count: "a" + "\u0301" * count),
    st.text(st.characters(), max_size=20),
)
texts = st.lists(fragments, max_size=60).map("".join)
limits = st.integers(100, 300)


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fences_before(text: str, position: int) -> int:
    return text[:position].count("```")


def without_fences(text: str) -> str:
    """The text with a space for every character that only marks a code block."""
    bare = text
    for number, fence in enumerate(FENCE.finditer(text)):
        language = None if number % 2 else LANGUAGE.match(text, fence.end())
        start, end = fence.start(), language.end() if language else fence.end()
        bare = bare[:start] + " " * (end - start) + bare[end:]
    return bare


def gaps(text: str, cut: list[TextPiece]) -> Iterator[str]:
    edges = [0, *(edge for piece in cut for edge in (piece.start, piece.end)), len(text)]
    return (text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


def unbroken(text: str, limit: int) -> Iterator[tuple[int, int]]:
    """The spans that no cut may fall into.

    A mention and the character that its first or last sign is part of go together, or, where that is
    too wide, the mention goes alone.
    """
    whole = limit - FENCE_ROOM
    mentions = [span.span() for span in MENTION.finditer(text)]
    for span in (*regex.finditer(r"\X", text), *MENTION.finditer(text)):
        crowded_fence = "`" in span[0] and len(span[0]) > 20
        if units(span[0]) <= whole and not crowded_fence and not torn(text, span.span(), mentions, whole):
            yield span.span()


def torn(text: str, span: tuple[int, int], mentions: list[tuple[int, int]], whole: int) -> bool:
    """Say whether a character reaches into a mention with which it is wider than may stay whole."""
    joined = [span, *(one for one in mentions if one != span and one[0] < span[1] and span[0] < one[1])]
    if len(joined) == 1 or span in mentions:
        return False
    start, end = min(one[0] for one in joined), max(one[1] for one in joined)
    others = [one.span() for one in regex.finditer(r"\X", text) if one.start() < end and start < one.end()]
    return units(text[min(one[0] for one in others) : max(one[1] for one in others)]) > whole


def check(text: str, limit: int) -> None:
    cut, parts = list(pieces(text, limit)), split(text, limit)
    bare, edges = without_fences(text), {edge for piece in cut for edge in (piece.start, piece.end)}
    assert parts == [f"{piece.opening}{text[piece.start : piece.end]}{piece.closing}" for piece in cut]
    assert all(1 <= units(part) <= limit for part in parts)
    assert all(part.count("```") % 2 == 0 for part in parts)
    assert all(VISIBLE.search(bare, piece.start, piece.end) for piece in cut)
    assert not any(VISIBLE.search(gap) for gap in gaps(bare, cut))
    for piece in cut:
        assert bool(piece.opening) == bool(fences_before(text, piece.start) % 2)
        assert bool(piece.closing) == bool(fences_before(text, piece.end) % 2)
    assert not [(start, end) for start, end in unbroken(text, limit) if edges & set(range(start + 1, end))]
    assert not any(
        "\ud800" <= text[e - 1] < "\udc00" <= text[e] < "\ue000" for e in edges if 0 < e < len(text)
    )


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(texts, limits)
def test_every_part_fits_and_nothing_is_broken_or_lost(text, limit):
    check(text, limit)


@pytest.mark.parametrize("marks", [1, 40, 70])
def test_a_mention_in_code_that_is_too_long_for_a_message_stays_whole(marks):
    accented = "a" + "\u0301" * marks
    for text in (
        f"`{'b' * 60}{accented}<@123456789012345678>`",
        f"`{'b' * 60}<@123456789012345678>{accented[1:]}`",
    ):
        check(text, 100)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=10_000, deadline=None)
@given(texts, limits)
def test_ten_thousand_texts_are_split_without_a_violation(text, limit):
    check(text, limit)


def test_a_text_that_fits_is_one_part():
    assert split("  hello\nthere ") == ["hello\nthere"]


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u200b\u200d", "\u3164", "\u2800 \ufeff", "```\n\n```", "\x00"]
)
def test_a_blank_text_has_no_parts(text):
    assert split(text) == []


@pytest.mark.parametrize(
    ("text", "blank"), [("", True), ("\u200b\n", True), ("\u200b.", False), ("😀", False)]
)
def test_text_that_shows_nothing_is_blank(text, blank):
    assert is_blank(text) is blank


def test_text_is_measured_in_utf_16_units():
    assert [len(part) for part in split("😀" * 1001)] == [1000, 1]


def test_exactly_the_limit_is_one_part():
    assert split("x" * 2000) == ["x" * 2000]


def test_a_limit_too_small_to_carry_fences_is_refused():
    with pytest.raises(ValueError, match="100"):
        split("hello", 99)


def test_a_paragraph_is_a_better_cut_than_a_line():
    first, second = "a" * 60 + "\n\n", "b" * 20 + "\n" + "c" * 40
    assert split(first + second, 100) == [first.strip(), second]


def test_a_line_is_a_better_cut_than_a_sentence():
    assert split("a" * 60 + "\n" + "Bb cc. Dd ee ff gg hh. Ii jj kk ll mm nn oo", 100)[0] == "a" * 60


def test_a_sentence_is_a_better_cut_than_a_word():
    assert split("a" * 70 + ' said "no." ' + "bb " * 20, 100)[0] == "a" * 70 + ' said "no."'


def test_a_word_is_not_cut_where_a_space_is_near():
    assert split("hello " + "x" * 98, 100) == ["hello", "x" * 98]


def test_a_word_longer_than_a_message_is_cut_at_the_limit():
    assert [len(part) for part in split("x" * 4050)] == [2000, 2000, 50]


def test_a_sentence_without_spaces_is_cut_behind_its_full_stop():
    assert split("漢" * 64 + "。" + "字" * 80, 100)[0] == "漢" * 64 + "。"


@pytest.mark.parametrize("mention", [*MENTIONS, "</remember this:123>", "<id:customize>", "<t:1700000000>"])
def test_a_mention_stays_in_one_piece(mention):
    assert mention in split("x" * 97 + mention + "y" * 60, 100)[1]


def test_a_link_moves_to_the_next_message_whole():
    link = "https://de.wikipedia.org/wiki/Käse?a=b#c"
    assert split("x" * 80 + f"({link})", 100) == ["x" * 80 + "(", f"{link})"]


def test_inline_code_moves_to_the_next_message_whole():
    assert split("x" * 80 + "`a b c d e f g h i j k`", 100)[1] == "`a b c d e f g h i j k`"


def test_a_code_block_is_closed_and_opened_again_with_its_language():
    code = "\n".join(f"    line {number}" for number in range(24))
    parts = split(f"See:\n```py\n{code}\n```", 120)
    assert len(parts) == 3
    assert all("```py\n    line" in part and part.endswith("\n```") for part in parts)


def test_code_keeps_its_indentation_behind_a_cut():
    parts = split("```\n" + "x" * 80 + "\n        indented\n```", 100)
    assert parts[1] == "```\n        indented\n```"


def test_a_code_block_that_ends_at_the_cut_leaves_no_empty_block_behind():
    assert split("```\n" + "x" * 92 + "\n```", 100) == ["```\n" + "x" * 92 + "\n```"]
    assert split("```\n" + "x" * 60 + "\n```\n\n" + "y" * 60, 100) == ["```\n" + "x" * 60 + "\n```", "y" * 60]


def test_a_code_block_whose_end_no_longer_fits_is_not_opened_again():
    assert split("```\n" + "x" * 92 + "\n\n```\n" + "y" * 60, 100) == ["```\n" + "x" * 92 + "\n```", "y" * 60]


def test_room_is_kept_for_the_fence_that_closes_a_cut_block():
    parts = split("```\n" + "x" * 500, 100)
    assert all(len(part) <= 100 and part.endswith("x\n```") for part in parts)


@pytest.mark.parametrize("tail", ["\u0301", "\u200d", "\ufe0f"])
def test_a_mark_stays_with_the_mention_before_it(tail):
    parts = split("y" * 95 + "<#56>" + tail + "z", 100)
    assert any(f"<#56>{tail}" in part for part in parts)


def test_two_surrogates_that_make_one_character_stay_together():
    parts = split("x" + "\ud83d\ude00" * 100, 100)
    assert not any(part.startswith("\ude00") for part in parts)


def test_a_message_does_not_end_with_an_empty_code_block():
    parts = split("a" * 90 + "\n```py\n" + "b" * 30 + "\n```", 100)
    assert parts == ["a" * 90, "```py\n" + "b" * 30 + "\n```"]


def test_a_code_block_left_open_is_closed():
    assert split("```py\nprint(1)") == ["```py\nprint(1)\n```"]


def test_a_character_longer_than_a_message_is_cut_between_code_points():
    parts = split("e" + "\u0301" * 150, 100)
    assert "".join(parts) == "e" + "\u0301" * 150
    assert all(len(part) <= 100 for part in parts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "x" * 300_000,
        "`" * 300_000,
        "漢" * 300_000,
        "```\n" + " " * 300_000 + "x",
        "<@1" * 100_000,
        "` " * 100_000,
        "e" + "\u0301" * 300_000,
        "https://a" * 30_000,
        "```a\n" * 60_000,
        "\n" * 300_000 + "x",
        "\u0600" * 100_000,
    ],
)
def test_a_hostile_text_is_split_to_its_end(text):
    assert all(1 <= units(part) <= 2000 for part in split(text))


@pytest.mark.parametrize(
    ("cut_short", "said"),
    [
        ("Hello there. I was going to", "Hello there."),
        ("Really?! *waves.* And th", "Really?! *waves.*"),
        ('She said "no." And the', 'She said "no."'),
        ("他说。然后他", "他说。"),
        ("To do:\n- one thing\n- two thi", "To do:\n- one thing"),
        ("I was going to the sto", "I was going to the…"),
        ("First, secon", "First…"),
        ("Supercalifra", "Supercalifra…"),
        ("Mr. Smi", "Mr. Smi…"),
        ("1. Ta", "1. Ta…"),
        ("It costs 3.5 and", "It costs 3.5…"),
        ("Ok. " + "and then " * 9 + "the", "Ok. " + "and then " * 8 + "and then…"),
        ("All is said.", "All is said."),
        ("All is said. \n", "All is said."),
        ("Wow \ufffd", "Wow…"),
        ("", ""),
        (" \u200b", ""),
    ],
)
def test_a_reply_that_was_cut_short_ends_as_well_as_it_can(cut_short, said):
    assert trim_to_sentence(cut_short) == said


def test_code_that_was_cut_short_ends_with_a_whole_line_and_is_closed():
    assert trim_to_sentence("Look:\n```py\na = 1\nb = 2\nc =") == "Look:\n```py\na = 1\nb = 2\n```\n…"


def test_code_without_a_whole_line_is_left_out():
    assert trim_to_sentence("Look here.\n```py\na =") == "Look here."
