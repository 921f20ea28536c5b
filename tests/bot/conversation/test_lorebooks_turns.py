"""C33 and C34: lore that has to do with earlier turns, with chance, with groups and with meaning."""

import json
from collections import Counter
from random import Random

import pytest

from personas.lorebooks import Lorebook, LoreEntry, LoreState, ScanContext, meanings, scan
from tests.support.lorebooks import FRESH, book_of, look, lore, uids

NEW = ScanContext(fresh=1)


def over_turns(book: Lorebook, *talk: str, seed: int = 0) -> list[list[str]]:
    """Return which entries are in at each turn, each with one message more; the first is turn 1."""
    state, found = FRESH, []
    for turn in range(1, len(talk) + 1):
        seen = look(book, *talk[:turn], state=state, turn=turn, seed=seed + turn, scene=NEW)
        state = LoreState.from_json(json.loads(json.dumps(seen.state.to_json())))
        found.append(uids(seen))
    return found


def short(*entries: LoreEntry) -> Lorebook:
    """Return a book that looks through the newest message only."""
    return book_of(*entries, scan_depth=1)


# Sticky, cooldown, delay


def test_sticky_3_stays_for_three_turns_after_the_one_that_named_it():
    found = over_turns(short(lore("a", "x", sticky=3)), "x", "-", "-", "-", "-", "-")
    assert found == [["a"], ["a"], ["a"], ["a"], [], []]


def test_being_named_while_it_stays_makes_it_stay_no_longer():
    found = over_turns(short(lore("a", "x", sticky=2, cooldown=1)), "x", "x", "x", "x", "x", "-")
    assert found == [["a"], ["a"], ["a"], [], ["a"], ["a"]]


def test_cooldown_2_keeps_out_for_two_turns():
    assert over_turns(short(lore("a", "x", cooldown=2)), "x", "x", "x", "x", "x") == [
        ["a"],
        [],
        [],
        ["a"],
        [],
    ]


def test_cooldown_begins_when_sticky_ends():
    found = over_turns(short(lore("a", "x", sticky=1, cooldown=2)), *"xxxxxx")
    assert found == [["a"], ["a"], [], [], ["a"], ["a"]]


def test_cooldown_holds_for_the_whole_group():
    book = short(
        lore("a", "x", group="g", cooldown=2), lore("b", "y", group="g"), lore("c", "y", group="other")
    )
    assert over_turns(book, "x", "x y", "x y", "y") == [["a"], ["c"], ["c"], ["b", "c"]]


def test_a_delayed_entry_waits_for_its_turn():
    assert over_turns(short(lore("a", "x", delay=3)), "x", "x", "x") == [[], [], ["a"]]


def test_the_same_turn_looked_at_again_finds_the_same():
    book = short(lore("a", "x", cooldown=5), lore("b", "x", never_after_match=True), lore("c", "x", sticky=2))
    first = look(book, "x", turn=7)
    again = look(book, "x", turn=7, state=first.state)
    assert uids(again) == uids(first) == ["a", "b", "c"]
    assert again.state == first.state


def test_going_back_in_time_forgets_what_came_after():
    book = short(lore("a", "x", sticky=9), lore("b", "x", cooldown=9))
    state = look(book, "x", turn=50).state
    assert uids(look(book, "-", turn=10, state=state)) == []
    assert uids(look(book, "x", turn=10, state=state)) == ["a", "b"]


def test_what_the_budget_drops_has_not_been_in():
    book = short(lore("a", "x", sticky=3, content="a" * 50))
    state = look(book, "x", budget=10).state
    assert uids(look(book, "-", state=state, turn=2)) == []


# Chance


def test_probability_50_is_the_same_for_a_seed_and_about_half():
    book = short(lore("a", "x", probability=50))
    first = [bool(uids(look(book, "x", seed=seed))) for seed in range(400)]
    again = [bool(uids(look(book, "x", seed=seed))) for seed in range(400)]
    assert first == again
    assert 160 < sum(first) < 240
    assert first[:8] == [Random(seed).random() < 0.5 for seed in range(8)]


@pytest.mark.parametrize(("probability", "share"), [(0, 0), (100, 200)])
def test_probability_0_is_never_and_100_always(probability: int, share: int):
    book = short(lore("a", "x", probability=probability))
    assert sum(bool(uids(look(book, "x", seed=seed))) for seed in range(200)) == share


def test_the_dice_fall_once_a_scan_however_often_an_entry_is_named():
    book = book_of(
        lore("a", "x", content="x y"),
        lore("b", "y", content="x y z"),
        lore("c", "x", "y", probability=50),
        recursive=True,
    )
    thrown = sum("c" in uids(look(book, "x", seed=seed)) for seed in range(400))
    assert 160 < thrown < 240


def test_no_dice_for_what_stays():
    book = short(lore("a", "x", probability=50, sticky=50))
    state = next(found.state for seed in range(9) if uids(found := look(book, "x", seed=seed)))
    for turn in range(2, 40):
        assert uids(look(book, "-", state=state, turn=turn, seed=turn)) == ["a"]


# Groups


def test_one_of_a_group_wins_by_weight():
    book = short(lore("a", "x", group="g", group_weight=300), lore("b", "x", group="g", group_weight=100))
    won = Counter(uid for seed in range(400) for uid in uids(look(book, "x", seed=seed)))
    assert won.total() == 400
    assert 260 < won["a"] < 340


def test_who_overrides_wins_by_order():
    book = short(
        lore("a", "x", group="g", group_weight=9_999),
        lore("b", "x", group="g", group_override=True, insertion_order=1),
        lore("c", "x", group="g", group_override=True, insertion_order=2),
    )
    assert {tuple(uids(look(book, "x", seed=seed))) for seed in range(20)} == {("c",)}


def test_an_entry_of_two_groups_keeps_both_from_others():
    book = short(
        lore("both", "x", group="g, h", group_override=True),
        lore("g", "x", group="g"),
        lore("h", "x", group="h"),
    )
    found = look(book, "x")
    assert uids(found) == ["both"]
    assert set(found.left_out.values()) == {"another of its group is in"}


def test_who_lost_one_of_its_groups_is_out_of_the_others_too():
    book = short(
        lore("first", "x", group="g", group_override=True),
        lore("both", "x", group="g,h"),
        lore("h", "x", group="h"),
    )
    assert uids(look(book, "x")) == ["first", "h"]


def test_who_stays_wins_its_group():
    book = short(
        lore("a", "x", group="g", sticky=5, group_weight=1), lore("b", "y", group="g", group_weight=999)
    )
    assert over_turns(book, "x", "y", "y") == [["a"], ["a"], ["a"]]


def test_lore_that_lore_brings_in_finds_its_group_taken():
    book = book_of(
        lore("a", "x", group="g", content="y"), lore("b", "y", group="g"), lore("c", "y"), recursive=True
    )
    assert uids(look(book, "x")) == ["a", "c"]


# Meaning


@pytest.mark.parametrize(("cosine", "found"), [(0.649, []), (0.65, ["a"]), (1.0, ["a"]), (float("nan"), [])])
def test_meaning_counts_from_065_on(cosine: float, found: list[str]):
    book = short(lore("a", "dragon", semantic=True), lore("b", "dragon"))
    assert uids(look(book, "-", near={("b", "a"): cosine, ("b", "b"): 1.0, ("gone", "a"): 1.0})) == found


def test_an_entry_may_name_its_own_threshold():
    book = short(lore("a", "dragon", semantic=True, threshold=0.9))
    assert uids(look(book, "-", near={("b", "a"): 0.89})) == []
    assert look(book, "-", near={("b", "a"): 0.9}).reasons == {("b", "a"): "the talk is about it (0.90)"}


def test_semantic_entries_are_compared_by_their_keys():
    book = short(
        lore("a", "dragon", "wyrm", semantic=True), lore("b", "elf"), lore("c", semantic=True, name="Vael")
    )
    assert meanings({"b": book}) == {("b", "a"): "dragon, wyrm", ("b", "c"): "Vael"}


# Lore with a state (C34)

DAY_AND_NIGHT = (
    lore("day", "sun", constant=True),
    lore("night", "moon", switches_off=("day",)),
)


def test_b_switches_a_off_until_as_key_appears():
    found = over_turns(book_of(*DAY_AND_NIGHT), "hi", "moon", "hm", "hm", "hm", "hm", "the sun", "hm", "hm")
    assert found == [
        ["day"],
        ["night"],
        ["night"],
        ["night"],
        ["night"],
        [],
        ["day"],
        ["day"],
        ["day"],
    ]


def test_an_old_mention_of_a_does_not_bring_it_back():
    book = book_of(lore("a", "sun"), lore("b", "moon", switches_off=("a",)))
    assert over_turns(book, "sun", "moon", "hm", "hm") == [["a"], ["b"], ["b"], ["b"]]


def test_a_comes_back_while_b_is_still_within_sight():
    book = book_of(lore("a", "sun"), lore("b", "moon", switches_off=("a",)))
    assert over_turns(book, "moon", "sun", "hm", "moon") == [["b"], ["a", "b"], ["a", "b"], ["b"]]


def test_in_one_message_who_switches_off_wins():
    book = book_of(lore("a", "sun"), lore("b", "moon", switches_off=("a",)))
    assert uids(look(book, "sun and moon")) == ["b"]


def test_stateful_entries_of_a_group_take_turns():
    seasons = [lore(name, name, stateful=True, group="season") for name in ("spring", "summer", "autumn")]
    found = over_turns(short(*seasons), "-", "spring", "-", "summer", "-", "autumn", "-", "spring", "-")
    expected = [
        [],
        ["spring"],
        ["spring"],
        ["summer"],
        ["summer"],
        ["autumn"],
        ["autumn"],
        ["spring"],
        ["spring"],
    ]
    assert found == expected


@pytest.mark.parametrize("talk", ["blue green red hm", "red blue green", "green red blue hm"])
def test_the_latest_to_be_named_wins_among_the_messages_that_are_new(talk: str):
    book = book_of(*(lore(name, name, stateful=True, group="g") for name in ("red", "blue", "green")))
    last = talk.removesuffix(" hm").split()[-1]
    assert uids(look(book, *talk.split())) == [last]


def test_what_is_switched_off_stays_off_by_whatever_else_would_bring_it_in():
    book = book_of(
        lore("a", "sun", constant=True, sticky=9, semantic=True, stateful=True, keep_after_match=True),
        lore("b", "moon", content="of the sun", switches_off=("a",)),
        recursive=True,
    )
    state = look(book, "sun", state=FRESH, turn=1, scene=NEW).state
    state = look(book, "sun", "moon", state=state, turn=2, scene=NEW).state
    later = look(book, "sun", "moon", "hm", state=state, turn=3, scene=NEW, near={("b", "a"): 1.0})
    assert uids(later) == ["b"]
    assert later.left_out == {("b", "a"): "it is switched off until its key is said"}


def test_what_is_switched_off_brings_in_nothing():
    book = book_of(
        lore("a", "sun", content="see Vael"),
        lore("b", "moon", switches_off=("a",)),
        lore("c", "vael"),
        recursive=True,
    )
    assert uids(look(book, "sun moon")) == ["b"]


def test_lore_brought_in_by_meaning_switches_off_once_and_not_for_ever():
    book = book_of(lore("a", "sun", constant=True), lore("b", "moon", semantic=True, switches_off=("a",)))
    near = {("b", "b"): 0.9}
    state = look(book, "hm", turn=1).state
    second = look(book, "hm", turn=2, state=state, near=near, scene=NEW)
    third = look(book, "the sun", turn=3, state=second.state, near=near, scene=NEW)
    fourth = look(book, "hm", turn=4, state=third.state, near=near, scene=NEW)
    assert [uids(found) for found in (second, third, fourth)] == [["b"], ["a", "b"], ["a", "b"]]


# The state itself


def test_the_state_forgets_entries_that_are_gone():
    state = look(book_of(lore("a", "x", sticky=9), lore("b", "x", switches_off=("a",))), "x").state
    assert state.off == {("b", "a")}
    after = look(book_of(lore("c", "x")), "x", state=state, turn=2).state
    assert after == LoreState(turn=2)


def test_the_state_forgets_what_is_over():
    book = short(lore("a", "x", sticky=2, cooldown=2), lore("plain", "x"))
    state = look(book, "x", turn=1).state
    assert state.since == {("b", "a"): 1}
    assert look(book, "-", turn=5, state=state).state.since == {("b", "a"): 1}
    assert look(book, "-", turn=6, state=state).state.since == {}


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        "x",
        {"turn": "1", "since": 3, "on": {}, "off": [["b"], [1, 2], "bc"]},
        {"since": [["b", "a", True], ["b", "a"], ["b", 1, 1]], "turn": True},
    ],
)
def test_a_broken_state_is_no_state(broken: object):
    assert LoreState.from_json(broken) == FRESH


def test_a_state_survives_json():
    state = LoreState(3, {("b", "a"): 2}, frozenset({("b", "x")}), frozenset({("b", "y"), ("c", "y")}))
    assert LoreState.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_books_under_two_names_have_states_of_their_own():
    book = short(lore("a", "x", sticky=3))
    first = scan({"one": book}, ["x"], state=FRESH, turn=1, rng=Random(0), tokens=len)
    second = scan({"one": book, "two": book}, ["-"], state=first.state, turn=2, rng=Random(0), tokens=len)
    assert [active.ref for active in second.entries] == [("one", "a")]
