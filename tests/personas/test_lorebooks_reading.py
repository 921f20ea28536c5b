"""F105: lorebooks as several programs write them, and as they go out again."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest

from personas.lorebooks import (
    Logic,
    Position,
    Role,
    read_lorebook,
    to_v3,
)
from tests.support.lorebook_files import CARD_BOOK, PLAIN, SAMPLES, WORLD, entry, read
from tests.support.lorebooks import look, uids
from tests.support.paths import ROOT

# Formats


@pytest.mark.parametrize(
    "data",
    [
        CARD_BOOK,
        {"spec": "lorebook_v3", "data": CARD_BOOK},
        {"spec": "chara_card_v3", "data": {"name": "Mira", "character_book": CARD_BOOK}},
    ],
)
def test_a_book_of_v2_and_v3_is_read(data: dict[str, Any]):
    book, notices = read_lorebook(data)
    assert notices == ()
    assert (book.name, book.scan_depth, book.token_budget, book.recursive) == ("Vael", 3, 500, True)
    assert book.extensions == {"someone/else": {"x": 1}}
    (city,) = book.entries
    assert (city.uid, city.name, city.comment) == ("7", "City", "the first")
    assert (city.keys, city.secondary_keys, city.selective) == (("vael", "the city"), ("old",), True)
    assert (city.insertion_order, city.priority, city.position, city.depth) == (5, 10, Position.AFTER, 2)
    assert not city.use_regex
    assert city.original["unknown"] == [1, 2]


def test_a_world_file_of_sillytavern_is_read():
    book, notices = read_lorebook(WORLD)
    assert notices == ()
    dragon, off = book.entries
    assert (dragon.logic, dragon.secondary_keys, dragon.selective) == (Logic.AND_ALL, ("fire", "gold"), True)
    assert (dragon.position, dragon.depth, dragon.role) == (Position.DEPTH, 1, Role.USER)
    assert (dragon.sticky, dragon.cooldown, dragon.delay, dragon.probability) == (1, 2, 3, 30)
    assert (dragon.group, dragon.group_override, dragon.group_weight) == ("beasts", True, 7)
    assert (dragon.exclude_recursion, dragon.prevent_recursion, dragon.delay_until_recursion) == (
        True,
        True,
        0,
    )
    assert (dragon.semantic, dragon.match_whole_words, dragon.scan_depth) == (True, True, 6)
    assert (off.enabled, off.probability) == (False, 100)


def test_in_a_world_file_patterns_stand_between_slashes():
    book, _ = read_lorebook({"entries": {"0": {"key": ["/drag.n/", "a.c", "/etc/x"], "content": "c"}}})
    found = [bool(uids(look(book, said))) for said in ("dragon", "DRAGON", "a.c", "abc", "/etc/x", "ETC")]
    assert found == [True, False, True, False, True, False]


def test_a_card_that_sillytavern_wrote_says_use_regex_and_means_slashes():
    marks = {"display_index": 0, "selectiveLogic": 0, "position": 0}
    book, notices = read(
        entry(keys=["C++ (lang"], use_regex=True, extensions=marks),
        entry(keys=[], content="d", use_regex=True, constant=True, extensions=marks),
    )
    assert notices == ()
    assert uids(look(book, "I like c++ (languages)")) == ["0", "1"]


def test_a_plain_list_with_key_is_read():
    """As the older program kept it: `key`, order 100 where there is none."""
    for data in (PLAIN, PLAIN["entries"]):
        book, notices = read_lorebook(data)
        assert notices == ()
        assert (book.entries[0].uid, book.entries[0].insertion_order) == ("x", 3)
        assert uids(look(book, "Vael")) == []
        assert uids(look(book, "vael")) == ["x"]


def test_what_only_we_have_stands_in_fields_extensions_or_decorators():
    ours = {"stateful": True, "switches_off": [3, "b"], "semantic": True, "threshold": 0.8}
    book, notices = read(
        entry(**ours),
        entry(extensions={"masquerade": ours}),
        entry(content="@@stateful\n@@switches_off 3, b\n@@semantic 0.8\nc"),
    )
    assert notices == ()
    for read_entry in book.entries:
        assert read_entry.stateful
        assert read_entry.switches_off == ("3", "b")
        assert (read_entry.semantic, read_entry.threshold) == (True, 0.8)


def test_keys_may_be_one_text_with_commas():
    assert read(entry(keys="sun, moon,,"))[0].entries[0].keys == ("sun", "moon")


def test_reading_leaves_what_it_reads_alone():
    for sample in SAMPLES:
        before = deepcopy(sample)
        read_lorebook(sample)
        assert sample == before


def test_two_entries_with_one_id_are_kept_apart():
    book, _ = read(entry(id=1), entry(id="1"), entry(id="1~2"), entry(id=1))
    assert [one.uid for one in book.entries] == ["1", "1~2", "1~2~2", "1~3"]


def test_the_books_in_the_documentation_work():
    """Each block of JSON there, whole or as a list of entries."""
    text = (ROOT / "docs" / "lorebooks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    found = [json.loads(block if '"entries"' in block else f"[{block}]") for block in blocks if "{" in block]
    books = [read_lorebook(data) for data in found]
    assert [notices for _, notices in books] == [(), ()]
    vael, day = (book for book, _ in books)
    assert uids(look(vael, "a lake to swim in")) == ["0", "1"]
    assert uids(look(day, "at sunset")) == ["night"]


# Writing


@pytest.mark.parametrize("book", [CARD_BOOK, {**CARD_BOOK, "entries": [{"keys": 3, "broken": [1]}]}])
def test_what_was_v2_or_v3_goes_out_as_it_came_in(book: dict[str, Any]):
    written = to_v3(read_lorebook(book)[0])
    assert written == {"spec": "lorebook_v3", "data": book}
    written["data"]["entries"][0].clear()
    assert book["entries"][0]


@pytest.mark.parametrize("sample", [WORLD, PLAIN])
def test_other_formats_lose_nothing_on_the_way_through_v3(sample: dict[str, Any]):
    book, _ = read_lorebook(sample)
    again, notices = read_lorebook(json.loads(json.dumps(to_v3(book))))
    assert notices == ()
    assert again.entries == book.entries
    assert to_v3(again)["data"]["entries"][0]["extensions"]["group"] == book.entries[0].group


def test_fields_that_nobody_knows_come_along_into_v3():
    book, _ = read_lorebook(
        {"entries": {"0": {"key": ["x"], "content": "c", "automationId": "a", "later": 1}}}
    )
    written = to_v3(book)["data"]["entries"][0]
    assert (written["extensions"]["automationId"], written["extensions"]["later"]) == ("a", 1)
