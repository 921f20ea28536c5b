"""C32, D9: keys that are patterns, broken, slow and greedy ones among them."""

from random import Random

import pytest

from personas.lorebooks import faults, read_lorebook, scan
from personas.lorebooks.match import needle_of
from personas.lorebooks.patterns import HEAVIEST, TimeBox, compiled, weight_of
from tests.support.lorebook_files import entry, read
from tests.support.lorebooks import FRESH, book_of, look, lore, uids


def test_a_pattern_finds_what_it_describes():
    book = book_of(lore("a", r"dra(g|k)on\b", use_regex=True))
    assert uids(look(book, "DRAKON.")) == ["a"]
    assert uids(look(book, "dragons")) == []


def test_a_broken_pattern_never_matches_and_is_noticed():
    book, notices = read_lorebook({"entries": [{"keys": ["(drag"], "content": "c", "use_regex": True}]})
    assert len(notices) == 1
    assert "'(drag'" in notices[0]
    assert "never matches" in notices[0]
    assert uids(look(book, "(drag")) == []


def test_a_slow_pattern_is_cut_short_and_after_three_times_left_out():
    """(a+)+$ stood for 20 s on such a text (D9)."""
    book = book_of(lore("slow", "(a+)+$", use_regex=True), lore("quick", "aaa!"))
    clock = iter(range(1_000))
    text = "a" * 5_000 + "!"

    def seconds() -> float:
        return next(clock) / 1_000

    for turn in range(3):
        state = FRESH
        found = scan(
            {"b": book}, [text], state=state, turn=turn, rng=Random(0), tokens=len, stopwatch=seconds
        )
        assert uids(found) == ["quick"]
    assert faults(book) == ("the pattern '(a+)+$' is too slow: not tried again",)
    assert found.notices == ("b: the pattern '(a+)+$' is too slow: not tried again",)


def test_what_a_pattern_did_not_find_out_in_its_time_is_no_answer():
    """It takes a second to find out that this text does not match."""
    slow = compiled("(a|aa)+$", cased=True)
    assert TimeBox(stopwatch=lambda: 0.0).search(slow, "a" * 30 + "!") is None


def test_all_patterns_together_have_a_time_that_ends():
    book = book_of(*(lore(f"{n}", f"x{n}[ab]", use_regex=True) for n in range(100)))
    clock = iter(range(1_000_000))
    found = scan(
        {"b": book},
        ["x99a"],
        state=FRESH,
        turn=1,
        rng=Random(0),
        tokens=len,
        stopwatch=lambda: next(clock) / 100,
    )
    assert uids(found) == []
    assert found.notices == ("The time for patterns was up before all of them were tried.",)


def test_a_pattern_that_would_fill_the_memory_is_refused_unread():
    """Compiling this one takes more than a gigabyte."""
    book, notices = read_lorebook(
        {"entries": [{"keys": ["((a{1000}){1000}){1000}"], "content": "c", "use_regex": True}]}
    )
    assert "repeats too much" in notices[0]
    assert uids(look(book, "a" * 2_000)) == []


def test_a_pattern_of_mere_letters_is_looked_up_like_a_word():
    assert not needle_of(lore("a", "dragon's lair", use_regex=True), "dragon's lair").is_pattern
    assert needle_of(lore("a", "drag.n", use_regex=True), "drag.n").is_pattern


def test_where_keys_are_patterns_v3_leaves_constant_and_other_keys_aside():
    book, notices = read_lorebook(
        {
            "entries": [
                {
                    "keys": ["a[0-9]"],
                    "secondary_keys": ["never"],
                    "selective": True,
                    "content": "@@exclude_keys boo\n@@additional_keys b[0-9]\nc",
                    "use_regex": True,
                    "constant": True,
                }
            ]
        }
    )
    assert notices == ("Entry 0: constant does not count where keys are patterns",)
    assert uids(look(book, "a")) == []
    assert uids(look(book, "a1 boo")) == ["0"]
    assert uids(look(book, "b2")) == ["0"]


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{1000}){1000}){1000}",
        "(?x)((a{1 0 0 0}){1000}){1000}",
        "(?:" * 20 + "a" + "){2,}" * 20,
        "a{99999999999999}",
    ],
)
def test_repeats_that_would_unroll_are_weighed_before(pattern: str):
    assert weight_of(pattern) > HEAVIEST


@pytest.mark.parametrize("pattern", [r"\d{4}-\d{2}-\d{2}", r"(\w+ ){0,900}x", "[a-f0-9]{64}"])
def test_honest_repeats_are_light(pattern: str):
    assert weight_of(pattern) <= HEAVIEST


def test_a_book_may_hold_500_patterns():
    _, notices = read(*(entry(keys=[f"x[0-9]{n}"], use_regex=True) for n in range(502)))
    assert len(notices) == 2
    assert "one too many" in notices[0]


@pytest.mark.parametrize(
    "pattern", ["(" * 5_000, "(?:" * 160 + "a" + ")*" * 160, "[", "(?P<a", "\\", "a{2,1}"]
)
def test_malformed_patterns_are_notices(pattern: str):
    book, notices = read(entry(keys=[pattern], use_regex=True))
    assert len(notices) == 1
    assert uids(look(book, pattern[:100])) == []
