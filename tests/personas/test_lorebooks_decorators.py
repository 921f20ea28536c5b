"""C32: lore that brings in lore, and decorators, one test a rule."""

import pytest

from personas.lorebooks import Position, Role, ScanContext
from tests.support.lorebooks import book_of, look, lore, uids, v3

# Recursion


def test_lore_brings_in_lore_where_the_book_is_recursive():
    entries = lore("a", "dragon", content="Dragons live in Vael."), lore("b", "vael")
    assert uids(look(book_of(*entries, recursive=True), "dragon")) == ["a", "b"]
    assert uids(look(book_of(*entries), "dragon")) == ["a"]


def test_recursion_ends_after_five_rounds():
    chain = [lore(f"{n}", f"key{n}.", content=f"see key{n + 1}.") for n in range(9)]
    assert uids(look(book_of(*chain, recursive=True), "key0.")) == ["0", "1", "2", "3", "4", "5"]


def test_recursion_does_not_go_round_in_circles():
    pair = lore("a", "sun", content="the moon"), lore("b", "moon", content="the sun")
    assert uids(look(book_of(*pair, recursive=True), "sun")) == ["a", "b"]


def test_an_entry_may_be_left_out_of_recursion():
    book = book_of(
        lore("a", "sun", content="moon and star", constant=True),
        lore("b", "moon", exclude_recursion=True),
        lore("c", "star"),
        recursive=True,
    )
    assert uids(look(book, "-")) == ["a", "c"]
    assert uids(look(book, "moon")) == ["a", "b", "c"]


def test_an_entry_may_bring_in_nothing():
    book = book_of(
        lore("a", "sun", content="moon", prevent_recursion=True), lore("b", "moon"), recursive=True
    )
    assert uids(look(book, "sun")) == ["a"]


def test_an_entry_may_wait_for_a_round_of_recursion():
    book = book_of(
        lore("a", "sun", content="moon"),
        lore("soon", "moon", delay_until_recursion=1),
        lore("late", "moon", delay_until_recursion=3),
        recursive=True,
    )
    assert uids(look(book, "moon")) == []
    assert uids(look(book, "sun")) == ["a", "soon", "late"]


def test_a_book_with_a_recursion_switch_is_recursive_unless_it_says_no():
    entries = lore("a", "sun", content="moon"), lore("b", "moon"), lore("c", "-", prevent_recursion=True)
    assert uids(look(book_of(*entries), "sun")) == ["a", "b"]
    assert uids(look(book_of(*entries, recursive=False), "sun")) == ["a"]


def test_hidden_keys_bring_in_lore_and_comments_do_not():
    book = book_of(
        lore("a", "sun", content="hm {{hidden_key:moon}} {{// star}}{{comment: planet}}"),
        lore("b", "moon"),
        lore("c", "star"),
        lore("d", "planet"),
        recursive=True,
    )
    assert uids(look(book, "sun")) == ["a", "b"]


# Decorators


def test_decorators_are_taken_out_of_the_content():
    entry = v3("@@depth 2\n@@role user\n\nVael is a city.\n@@scan_depth 9\nIt is old.", "vael")
    assert entry.content == "Vael is a city.\nIt is old."
    assert (entry.position, entry.depth, entry.role, entry.scan_depth) == (Position.DEPTH, 2, Role.USER, 9)
    assert entry.decorators == (("depth", "2"), ("role", "user"), ("scan_depth", "9"))


def test_what_only_looks_like_a_decorator_stays():
    assert v3("@@ -1 +1 @@\nname@@depth 4", "x").content == "@@ -1 +1 @@\nname@@depth 4"


@pytest.mark.parametrize(
    ("lines", "depth"),
    [
        ("@@unheard_of 1\n@@@depth 3", 3),
        ("@@unheard_of 1\n@@@unheard_of_too 2\n@@@depth 5\n@@@depth 6", 5),
        ("@@depth 7\n@@@depth 8", 7),
        ("@@depth soon\n@@@depth 9", 9),
        ("@@@depth 2", 4),
        ("@@unheard_of\nwords between\n@@@depth 2", 4),
        ("@@depth 1\n@@depth 2", 1),
        ("@@depth -3", 0),
    ],
)
def test_a_fallback_counts_where_what_is_before_it_does_not(lines: str, depth: int):
    assert v3(f"{lines}\nx", "x").depth == depth


def test_position_goes_before_depth():
    entry = v3("@@position after_desc\n@@depth 3\nx", "x")
    assert entry.position is Position.AFTER
    assert v3("@@position nowhere\nx", "x").position is Position.BEFORE
    assert v3("@@position scenario\nx", "x").position is Position.SCENARIO


def test_activate_and_dont_activate():
    assert uids(look(book_of(v3("@@activate\nx", "y")), "-")) == ["0"]
    assert uids(look(book_of(v3("@@dont_activate\nx", "y", constant=True)), "y")) == []
    assert uids(look(book_of(v3("@@dont_activate\n@@activate\nx", "y")), "-")) == ["0"]


def test_constant_can_be_a_decorator():
    assert uids(look(book_of(v3("@@constant\nx", "y")), "-")) == ["0"]
    assert uids(look(book_of(v3("@@constant false\nx", "y")), "-")) == []


def test_activate_only_after_counts_the_characters_messages():
    book = book_of(v3("@@activate_only_after 3\nx", "y"))
    assert uids(look(book, "y", scene=ScanContext(replies=2))) == []
    assert uids(look(book, "y", scene=ScanContext(replies=3))) == ["0"]
    assert uids(look(book, "y")) == ["0"]


def test_activate_only_every_goes_by_the_remainder():
    book = book_of(v3("@@activate_only_every 3\nx", "y"))
    there = [replies for replies in range(1, 8) if uids(look(book, "y", scene=ScanContext(replies=replies)))]
    assert there == [3, 6]
    assert v3("@@activate_only_every 0\nx", "y").only_every is None


def test_keep_activate_after_match_keeps():
    book = book_of(v3("@@keep_activate_after_match\nx", "y"))
    assert uids(look(book, "-")) == []
    state = look(book, "y").state
    assert uids(look(book, "-", state=state, turn=900)) == ["0"]


def test_dont_activate_after_match_is_once_in_a_lifetime():
    book = book_of(v3("@@dont_activate_after_match\nx", "y"))
    first = look(book, "y")
    assert uids(first) == ["0"]
    later = look(book, "y", state=first.state, turn=2)
    assert uids(later) == []
    assert later.left_out == {("b", "0"): "it has been in once"}


def test_is_greeting_asks_how_the_talk_began():
    book = book_of(v3("@@is_greeting 1\nx", "y"))
    assert uids(look(book, "y", scene=ScanContext(greeting=0))) == []
    assert uids(look(book, "y", scene=ScanContext(greeting=1))) == ["0"]
    assert uids(look(book, "y")) == ["0"]


def test_additional_keys_have_to_be_there_too():
    book = book_of(v3("@@additional_keys red, blue\nx", "y"))
    assert uids(look(book, "y")) == []
    assert uids(look(book, "y in blue")) == ["0"]


def test_exclude_keys_keep_out():
    book = book_of(v3("@@exclude_keys red, blue\nx", "y"))
    assert uids(look(book, "y")) == ["0"]
    assert uids(look(book, "y in blue")) == []


def test_ignore_on_max_context_goes_when_it_is_full_and_before_all_others():
    book = book_of(v3("@@ignore_on_max_context\n12345", "y", priority=99), lore("b", "y", content="67890"))
    assert uids(look(book, "y")) == ["0", "b"]
    assert uids(look(book, "y", budget=9)) == ["b"]
    assert uids(look(book, "y", scene=ScanContext(full=True))) == ["b"]


def test_decorators_that_make_no_sense_here_are_passed_over():
    entry = v3("@@is_user_icon x\n@@instruct_depth 3\n@@reverse_depth 1\n@@disable_ui_prompt y\nwords", "x")
    assert (entry.content, entry.decorators, entry.position) == ("words", (), Position.BEFORE)
