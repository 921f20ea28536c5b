"""Lorebooks with whatever in them: no error, always the same, within the budget, nothing overlooked."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.lorebooks import Logic, Lorebook, LoreEntry, LoreState, Position, Ref, ScanContext, scan
from personas.lorebooks.needles import Needles, SearchedText, plain, stands_alone

WORDS = (
    "sun",
    "moon",
    "Sun",
    "su",
    "n m",
    "moonlight",
    "\u00e9toile",
    "e\u0301toile",
    "stra\u00dfe",
    "STRASSE",
    "'",
)
SAID = st.lists(st.sampled_from((*WORDS, " ", ".", "sunny", "MOON")), max_size=12).map("".join)
KEYS = st.lists(st.sampled_from((*WORDS, "(a+)+$", "[", "m..n", "/s.n/i")), max_size=3).map(tuple)
COUNTS = st.integers(0, 4)
UIDS = ("0", "1", "2", "3", "4", "5", "6", "7")


@st.composite
def books(draw: st.DrawFn) -> Lorebook:
    """Draw a book whose entries have a bit of everything."""
    uids = draw(st.lists(st.sampled_from(UIDS), unique=True, max_size=8))
    return Lorebook(
        entries=tuple(draw(entries(uid)) for uid in uids),
        scan_depth=draw(st.none() | COUNTS),
        token_budget=draw(st.none() | st.integers(0, 60)),
        recursive=draw(st.none() | st.booleans()),
    )


@st.composite
def entries(draw: st.DrawFn, uid: str) -> LoreEntry:
    """Draw an entry."""
    rarely = st.sampled_from((False, False, False, True))
    return LoreEntry(
        uid=uid,
        keys=draw(KEYS),
        secondary_keys=draw(KEYS),
        content=draw(SAID),
        constant=draw(rarely),
        selective=draw(st.booleans()),
        logic=draw(st.sampled_from(Logic)),
        case_sensitive=draw(st.booleans()),
        match_whole_words=draw(st.booleans()),
        use_regex=draw(rarely),
        slashed=draw(rarely),
        insertion_order=draw(st.integers(-3, 3)),
        priority=draw(st.none() | st.integers(-3, 3)),
        position=draw(st.sampled_from(Position)),
        scan_depth=draw(st.none() | COUNTS),
        probability=draw(st.sampled_from((0, 50, 100))),
        group=draw(st.sampled_from(("", "", "g", "g,h"))),
        group_weight=draw(st.sampled_from((0, 1, 100))),
        group_override=draw(rarely),
        sticky=draw(COUNTS),
        cooldown=draw(COUNTS),
        delay=draw(COUNTS),
        exclude_recursion=draw(rarely),
        prevent_recursion=draw(rarely),
        delay_until_recursion=draw(st.sampled_from((0, 0, 1, 3))),
        semantic=draw(st.booleans()),
        stateful=draw(rarely),
        switches_off=tuple(draw(st.lists(st.sampled_from((*UIDS, "gone")), max_size=2))),
        additional_keys=draw(st.just(()) | KEYS),
        exclude_keys=draw(st.just(()) | KEYS),
        keep_after_match=draw(rarely),
        never_after_match=draw(rarely),
        ignore_budget=draw(rarely),
        forced=draw(st.sampled_from((None, None, None, True, False))),
    )


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    first=books(),
    second=books(),
    talk=st.lists(SAID, max_size=6),
    near=st.dictionaries(st.tuples(st.sampled_from(("a", "b", "gone")), st.sampled_from(UIDS)), st.floats()),
    budget=st.none() | st.integers(0, 80),
    seed=st.integers(0, 9),
    scene=st.builds(ScanContext, fresh=COUNTS, replies=st.none() | COUNTS, full=st.booleans()),
)
def test_a_scan_never_fails_is_repeatable_and_keeps_to_the_budget(
    first: Lorebook,
    second: Lorebook,
    talk: list[str],
    near: dict[Ref, float],
    budget: int | None,
    seed: int,
    scene: ScanContext,
):
    shelf = {"a": first, "b": second}
    runs = []
    for _ in range(2):
        state, seen = LoreState(), []
        for turn in range(1, 5):
            found = scan(
                shelf,
                talk[:turn],
                state=state,
                turn=turn,
                rng=Random(seed),
                tokens=len,
                budget=budget,
                near=near,
                scene=scene,
            )
            state = found.state
            assert LoreState.from_json(state.to_json()) == state
            assert not state.on & state.off
            assert budget is None or sum(active.tokens for active in found.entries) <= budget
            assert not found.reasons.keys() & found.left_out.keys()
            seen.append((found.entries, found.state, found.left_out))
        runs.append(seen)
    assert runs[0] == runs[1]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.booleans(), st.booleans()), max_size=10),
    st.lists(SAID, max_size=6),
    st.integers(0, 6),
)
def test_plain_keys_are_found_as_a_look_at_each_would_find_them(
    keys: list[tuple[str, bool, bool]], talk: list[str], depth: int
):
    book = Lorebook(
        scan_depth=depth,
        entries=tuple(
            LoreEntry(uid=f"{n}", keys=(key,), content=f"{n}", case_sensitive=cased, match_whole_words=whole)
            for n, (key, cased, whole) in enumerate(keys)
        ),
    )
    found = scan({"b": book}, talk, state=LoreState(), turn=1, rng=Random(0), tokens=len)
    expected = {f"{n}" for n, key in enumerate(keys) if any(said(*key, text) for text in talk[::-1][:depth])}
    assert {active.ref[1] for active in found.entries} == expected


def said(key: str, cased: bool, whole: bool, text: str) -> bool:
    """Return whether a text holds a key, the long way round."""
    key, text = (plain(key), plain(text)) if cased else (plain(key).casefold(), plain(text).casefold())
    places = [place for place in range(len(text)) if text.startswith(key, place)]
    return any(not whole or alone(key, text, place) for place in places)


def alone(key: str, text: str, place: int) -> bool:
    """Return whether a key at this place is a word of its own."""
    edges = ((place - 1, key[0]), (place + len(key), key[-1]))
    return not any(
        0 <= beside < len(text) and letter(edge) and letter(text[beside]) for beside, edge in edges
    )


def letter(mark: str) -> bool:
    """Return whether a mark is part of words."""
    return mark.isalnum() or mark == "_"


@settings(max_examples=200, deadline=None)
@given(st.sets(st.text("ab", min_size=1, max_size=20), max_size=300), st.text("ab", max_size=200))
def test_needles_of_two_letters_are_all_found(words: set[str], text: str):
    """So alike that most wait under the same pieces."""
    numbered = dict(enumerate(sorted(words)))
    found = list(Needles(numbered, cased=True).within(SearchedText(text)))
    assert sorted(found) == [number for number, word in numbered.items() if word in text]


def test_crowded_needles_move_on_to_longer_pieces():
    words = {n: f"{n:012b}".replace("0", "a").replace("1", "b") for n in range(4_096)}
    needles = Needles(words, cased=True)
    assert set(needles._long) == {4, 8}
    assert list(needles.within(SearchedText("x" + words[77] + "x"))) == [77]


@given(st.text("ab ", max_size=8), st.text("ab ", min_size=1, max_size=3))
def test_a_word_stands_alone_between_blanks(text: str, word: str):
    places = [place for place in range(len(text)) if text.startswith(word, place)]
    assert stands_alone(word, text) == any(alone(word, text, place) for place in places)
