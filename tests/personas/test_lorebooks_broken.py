"""F105: lorebooks that are broken and hostile (D8): read as far as they can be, or refused."""

import json
import time
import tracemalloc
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from personas.lorebooks import LorebookError, LoreState, read_lorebook, scan, to_v3
from tests.support.lorebook_files import SAMPLES, entry, read
from tests.support.lorebooks import look, uids


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("text", "it is no object"),
        (None, "it is no object"),
        ({"keys": ["x"]}, "content is missing"),
        (entry(content=["c"]), "content is no text"),
        (entry(keys=5), "keys is no list of texts"),
        (entry(keys=["a", {}]), "keys holds something else than texts"),
        (entry(keys=["k" * 1_001]), "a key has over 1000 characters"),
        (entry(keys=[f"k{n}" for n in range(501)]), "it has 501 keys, and 500 are the most"),
        (entry(content="\u00e4" * 32_769), "content has over 64 KB"),
    ],
)
def test_a_broken_entry_is_a_notice_and_the_others_are_read(broken: object, reason: str):
    book, notices = read(entry(), broken, entry())
    assert [one.uid for one in book.entries] == ["0", "2"]
    assert notices == (f"Entry 1: {reason}",)


def test_content_of_just_64_kb_is_read():
    book, notices = read(entry(content="\u00e4" * 32_768))
    assert (len(book.entries), notices) == (1, ())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("insertion_order", "first"),
        ("insertion_order", float("nan")),
        ("probability", []),
        ("enabled", "perhaps"),
        ("sticky", {}),
        ("scan_depth", float("inf")),
        ("group", ["g"]),
    ],
)
def test_an_unfit_field_is_passed_over_with_a_notice(field: str, value: object):
    book, notices = read(entry(**{field: value}))
    assert uids(look(book, "x")) == ["0"]
    assert len(notices) == 1
    assert notices[0].startswith(f"Entry 0: {field} is ")


def test_numbers_stay_within_their_limits():
    book, _ = read(
        entry(probability=1e6, sticky=-5, cooldown=10**400, insertion_order=-(10**30), depth="3", delay=2.9)
    )
    (one,) = book.entries
    assert (one.probability, one.sticky, one.cooldown, one.insertion_order) == (100, 0, 1_000_000, -1e9)
    assert (one.depth, one.delay) == (3, 2)


def test_halves_of_characters_are_replaced():
    book, _ = read(entry(keys=["\ud800x"], content="a\ud83d\ude00b\udc00"))
    (one,) = book.entries
    assert (one.keys, one.content) == (("\ufffdx",), "a\U0001f600b\ufffd")


def test_an_id_may_be_any_whole_number_and_an_absurd_one_is_passed_over():
    book, notices = read(entry(id=1234567890123), entry(id=10**400), entry(id=1.5))
    assert [one.uid for one in book.entries] == ["1234567890123", "1", "2"]
    assert notices == (
        "Entry 1: id is no text and is passed over",
        "Entry 2: id is no text and is passed over",
    )


def test_blank_keys_name_nothing():
    book, _ = read(entry(keys=["", "  ", "\n"]))
    assert book.entries[0].keys == ()
    assert uids(look(book, "anything  at\nall")) == []


@pytest.mark.parametrize(
    "data",
    [
        None,
        "entries",
        {},
        {"entries": "x"},
        {"spec": "lorebook_v3"},
        {"spec": "lorebook_v3", "data": []},
        {"spec": "chara_card_v2", "data": {"name": "Mira"}},
        {"spec": "chara_card_v2", "data": 1},
    ],
)
def test_what_is_no_lorebook_is_refused(data: object):
    with pytest.raises(LorebookError, match="entries"):
        read_lorebook(data)


def deep(levels: int) -> dict[str, Any]:
    """Return an object nested so deep."""
    nested: dict[str, Any] = {}
    for _ in range(levels):
        nested = {"x": nested}
    return nested


def test_deep_json_is_refused_without_falling_into_it():
    """Where Python's own reader would have ended in RecursionError (D8)."""
    book, notices = read(entry(), entry(extensions=deep(100_000)))
    assert notices == ("Entry 1: it is nested too deep",)
    assert to_v3(book)["data"]["entries"] == [entry()]
    with pytest.raises(LorebookError, match="too deep"):
        read(extensions=deep(100_000))


@pytest.mark.slow
def test_of_too_many_entries_the_first_20_000_are_read():
    book, notices = read(*[{"content": ""}] * 20_001)
    assert len(book.entries) == 20_000
    assert notices == ("Of 20001 entries the first 20000 are read; split the book",)


def test_keys_of_a_book_have_a_limit_together():
    book, notices = read(
        *(entry(keys=[f"{n} {k}" + "k" * 980 for k in range(50)]) for n in range(25)), entry()
    )
    assert len(book.entries) == 21
    assert notices[0] == "Entry 20: the book is too large for it; split the book"


def test_notices_have_an_end():
    _, notices = read(*[None] * 500)
    assert len(notices) == 101
    assert notices[-1] == "and 400 more notices"


def test_an_operator_hears_of_what_is_not_used():
    _, notices = read_lorebook(
        {
            "entries": [
                {
                    "key": ["{{user}}"],
                    "content": "c",
                    "characterFilter": {"names": ["Mira"], "isExclude": False},
                    "triggers": [],
                    "useGroupScoring": True,
                }
            ]
        }
    )
    assert notices == (
        "Entry 0: a key holds a macro, which keys don't know",
        "Entry 0: characterFilter is kept and not used",
        "Entry 0: useGroupScoring is kept and not used",
    )


# Junk

JUNK: list[Any] = [
    None, True, False, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", "x", "\ud800", "a" * 5_000,
    [], {},
    [[]], {"x": {}}, [None], "@@depth 1\n@@@x", "(a+)+$", "/(a|a)*b/", "((a{99}){99}){99}", "AND_ALL", -0.0,
    ["x", 5], deep(60), [1] * 600,
]  # fmt: skip


def mutated(sample: Any, rng: Random) -> Any:
    """Return a sample with one to four places in it replaced, removed or repeated."""
    holder = [deepcopy(sample)]
    for _ in range(rng.randint(1, 4)):
        node, key = _somewhere(holder, rng)
        match rng.randrange(4):
            case 0 if isinstance(node, dict):
                del node[key]
            case 1 if isinstance(node, list):
                node.extend([node[key]] * rng.randint(1, 40))
            case 2 if isinstance(node, dict):
                node[rng.choice(["use_regex", "content", "keys", "group", "sticky", "x"])] = rng.choice(JUNK)
            case _:
                node[key] = deepcopy(rng.choice(JUNK))
    return holder[0]


def _somewhere(holder: list[Any], rng: Random) -> tuple[Any, Any]:
    places: list[tuple[Any, Any]] = []
    left: list[Any] = [holder]
    while left:
        node = left.pop()
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                left.append(node[key])
    return rng.choice(places)


def survive(count: int, seed: int) -> tuple[int, int]:
    """Read so many broken books, look through those that can be read; return how many could and could not."""
    rng = Random(seed)
    loaded = refused = 0
    for _ in range(count):
        data = mutated(rng.choice(SAMPLES), rng)
        begun = time.process_time()
        try:
            book, notices = read_lorebook(data)
        except LorebookError:
            refused += 1
        else:
            loaded += 1
            assert len(notices) <= 101
            talk = ["a" * 60 + "!", "the old city vael, a dragon of fire and gold"]
            found = scan({"b": book}, talk, state=LoreState(), turn=5, rng=rng, tokens=len, budget=900)
            assert sum(active.tokens for active in found.entries) <= 900
            json.dumps(found.state.to_json())
            to_v3(book)
        assert time.process_time() - begun < 2
    return loaded, refused


def test_broken_books_are_read_or_refused():
    loaded, refused = survive(400, seed=1)
    assert loaded > 200
    assert refused > 10


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thousands_of_broken_books_are_read_or_refused_within_a_few_megabytes():
    tracemalloc.start()
    try:
        loaded, refused = survive(3_000, seed=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert loaded + refused == 3_000
    assert peak < 64 * 2**20
