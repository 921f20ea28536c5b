"""C32: what lorebooks of V2 and V3 mean, one test a rule."""

from random import Random

import pytest

from personas.lorebooks import (
    Position,
    scan,
)
from tests.support.lorebooks import FRESH, book_of, look, lore, uids, v3

# Keys


def test_a_key_is_found_within_a_word():
    assert uids(look(book_of(lore("a", "drag")), "Mira: a Dragon!")) == ["a"]


def test_one_key_of_several_is_enough():
    assert uids(look(book_of(lore("a", "elf", "dragon")), "a dragon")) == ["a"]


def test_what_was_not_said_stays_out():
    assert uids(look(book_of(lore("a", "dragon")), "a drag on stage")) == []


def test_case_counts_where_an_entry_says_so():
    book = book_of(lore("any", "mira"), lore("exact", "Mira", case_sensitive=True))
    assert uids(look(book, "MIRA is here")) == ["any"]
    assert uids(look(book, "Mira is here")) == ["any", "exact"]


def test_whole_words_are_not_found_within_others():
    book = book_of(lore("a", "cat", match_whole_words=True))
    assert uids(look(book, "concatenate, cats, _cat")) == []
    assert uids(look(book, "concatenate the (cat)!")) == ["a"]


@pytest.mark.parametrize("word", ["sun", "sunrise"])
def test_one_word_may_be_a_key_in_every_way(word: str):
    book = book_of(
        lore("any", word),
        lore("whole", word, match_whole_words=True),
        lore("exact", word, case_sensitive=True),
        lore("both", word, case_sensitive=True, match_whole_words=True),
    )
    assert uids(look(book, f"the {word}!")) == ["any", "whole", "exact", "both"]
    assert uids(look(book, f"un{word}")) == ["any", "exact"]
    assert uids(look(book, f"the {word.upper()}")) == ["any", "whole"]


def test_an_accent_and_an_apostrophe_may_be_typed_in_two_ways():
    book = book_of(lore("a", "Zoe\u0301's"))
    assert uids(look(book, "that is Zo\u00e9\u2019s hat")) == ["a"]


def test_an_entry_that_is_not_enabled_is_never_in():
    book = book_of(lore("a", "x", enabled=False, constant=True, forced=True))
    assert uids(look(book, "x")) == []


def test_an_empty_content_adds_nothing():
    assert uids(look(book_of(lore("a", "x", content="")), "x")) == []


def test_the_same_text_is_in_a_prompt_once():
    found = look(book_of(lore("a", "x", content="same"), lore("b", "x", content="same")), "x")
    assert uids(found) == ["a"]
    assert found.left_out == {("b", "b"): "the same text is in already"}


def test_an_entry_that_is_always_in_needs_no_key():
    assert uids(look(book_of(lore("a", constant=True)), "nothing")) == ["a"]


# Secondary keys


@pytest.mark.parametrize(
    ("logic", "fitting"),
    [
        ("AND_ANY", ["red one", "red and blue one"]),
        ("AND_ALL", ["red and blue one"]),
        ("NOT_ANY", ["one"]),
        ("NOT_ALL", ["one", "red one"]),
    ],
)
def test_secondary_keys_select_by_their_logic(logic: str, fitting: list[str]):
    entry = v3(
        "x", "one", secondary_keys=["red", "blue"], selective=True, extensions={"selectiveLogic": logic}
    )
    said = ["one", "red one", "red and blue one"]
    assert [text for text in said if uids(look(book_of(entry), text))] == fitting


def test_secondary_keys_count_only_if_the_entry_is_selective():
    assert uids(look(book_of(lore("a", "one", secondary_keys=("red",))), "one")) == ["a"]


def test_secondary_keys_alone_bring_nothing_in():
    entry = lore("a", "one", secondary_keys=("red",), selective=True)
    assert uids(look(book_of(entry), "red")) == []


def test_key_and_secondary_key_may_be_in_two_messages():
    entry = lore("a", "one", secondary_keys=("red",), selective=True)
    assert uids(look(book_of(entry), "red", "one")) == ["a"]


# How far back


def test_only_the_newest_messages_are_looked_through():
    book = book_of(lore("a", "dragon"), scan_depth=2)
    assert uids(look(book, "dragon", "hm", "hm")) == []
    assert uids(look(book, "hm", "dragon", "hm")) == ["a"]


def test_without_a_scan_depth_it_is_four_messages():
    book = book_of(lore("a", "dragon"))
    assert uids(look(book, "dragon", "1", "2", "3")) == ["a"]
    assert uids(look(book, "dragon", "1", "2", "3", "4")) == []


def test_an_entrys_scan_depth_goes_before_the_books():
    book = book_of(lore("far", "dragon", scan_depth=2), lore("near", "dragon"), scan_depth=1)
    assert uids(look(book, "dragon", "hm")) == ["far"]
    assert uids(look(book, "dragon", "hm", "hm")) == []


def test_with_a_scan_depth_of_0_no_message_counts():
    book = book_of(lore("a", "dragon"), lore("b", constant=True), scan_depth=0)
    assert uids(look(book, "dragon")) == ["b"]


def test_a_key_does_not_reach_over_two_messages():
    assert uids(look(book_of(lore("a", "dragon")), "a drag", "on stage")) == []


# Order, priority, budget


def test_the_lower_insertion_order_comes_first():
    book = book_of(
        lore("late", "x", insertion_order=200), lore("soon", "x", insertion_order=-5), lore("mid", "x")
    )
    assert uids(look(book, "x")) == ["soon", "mid", "late"]


def test_entries_of_one_order_stand_as_in_the_book():
    assert uids(look(book_of(lore("b", "x"), lore("a", "x")), "x")) == ["b", "a"]


def test_what_stands_deeper_comes_first_among_the_messages():
    book = book_of(
        lore("0", "x", position=Position.DEPTH, depth=0),
        lore("9", "x", position=Position.DEPTH, depth=9),
        lore("after", "x", position=Position.AFTER),
        lore("before", "x"),
    )
    assert uids(look(book, "x")) == ["before", "after", "9", "0"]


def test_over_the_budget_the_lowest_priority_goes_first():
    book = book_of(
        lore("low", "x", priority=1, content="1" * 10),
        lore("high", "x", priority=9, content="2" * 10),
        lore("mid", "x", priority=5, content="3" * 10),
        token_budget=20,
    )
    found = look(book, "x")
    assert uids(found) == ["high", "mid"]
    assert found.left_out == {("b", "low"): "over the book's token budget"}


def test_without_a_priority_the_lowest_insertion_order_goes_first():
    book = book_of(
        lore("1", "x", insertion_order=1),
        lore("3", "x", insertion_order=3),
        lore("2", "x", insertion_order=2),
    )
    assert uids(look(book, "x", budget=len("about 1") * 2)) == ["2", "3"]


def test_what_would_not_fit_alone_drives_nobody_else_out():
    book = book_of(lore("huge", "x", priority=9, content="h" * 50), lore("small", "x", priority=1))
    assert uids(look(book, "x", budget=20)) == ["small"]


def test_the_whole_budget_binds_what_ignores_its_books():
    entry = lore("a", "x", ignore_budget=True, content="a" * 30)
    assert uids(look(book_of(entry, token_budget=10), "x")) == ["a"]
    assert uids(look(book_of(entry, token_budget=10), "x", budget=20)) == []


def test_two_books_share_the_whole_budget_and_have_their_own():
    books = {
        "one": book_of(lore("a", "x", content="a" * 10), token_budget=10),
        "two": book_of(lore("a", "x", content="b" * 10, priority=999), lore("b", "x", content="c" * 10)),
    }
    found = scan(books, ["x"], state=FRESH, turn=1, rng=Random(0), tokens=len, budget=20)
    assert [active.ref for active in found.entries] == [("one", "a"), ("two", "a")]


# What a scan tells


def test_it_is_said_why_an_entry_is_in():
    book = book_of(
        lore("a", "Dragon", content="see Vael"),
        lore("b", "vael"),
        lore("c", constant=True),
        recursive=True,
    )
    assert look(book, "the DRAGON of private words").reasons == {
        ("b", "a"): "'dragon' was said",
        ("b", "b"): "other lore names 'vael'",
        ("b", "c"): "it is always in",
    }


def test_without_books_or_talk_nothing_happens():
    assert scan({}, ["x"], state=FRESH, turn=1, rng=Random(0), tokens=len).entries == ()
    assert uids(look(book_of(lore("a", "x")))) == []
