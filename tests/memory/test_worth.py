"""What is worth its room: fit for the tokens it takes, nothing twice, little where no memory is asked for."""

from memory.worth import HEADINGS, Find, Recalled, worthiest
from tests.fakes import EPOCH

WORDS = "some words that were said and have a length of their own"


def line(number: int, score: float, text: str = WORDS) -> Find:
    return Find(
        Recalled("line", number, "Mira#000042", f"{text} {number}", EPOCH), score, frozenset([number]), number
    )


def fact(number: int, score: float, *sources: int, text: str = WORDS) -> Find:
    return Find(Recalled("fact", number, "Mira#000042", f"{text} {number}", EPOCH), score, frozenset(sources))


def shown(*finds: Find, room: int = 1_000, asked: bool = True) -> list[tuple[str, int]]:
    kept = worthiest(finds, room=room, asked=asked, tokens=lambda text: len(text) // 4)
    return [(one.kind, one.id) for one in kept]


def test_nothing_found_is_nothing_shown():
    assert shown() == []


def test_facts_and_lines_compete_for_one_room():
    room = HEADINGS + 42
    assert shown(fact(1, 0.5, 11), line(2, 0.9), line(3, 0.8), room=room) == [("line", 2), ("line", 3)]
    assert shown(fact(1, 0.9, 11), line(2, 0.9), line(3, 0.5), room=room) == [("fact", 1), ("line", 2)]


def test_what_does_not_fit_stays_out_and_makes_way_for_what_does():
    assert shown(line(1, 0.9, WORDS * 20), line(2, 0.6), room=HEADINGS + 30) == [("line", 2)]


def test_a_line_and_the_fact_drawn_from_it_are_not_shown_both():
    assert shown(line(1, 0.9, WORDS * 3), fact(7, 0.9, 1)) == [("fact", 7)]
    assert shown(line(1, 0.9), fact(7, 0.9, 1, text=WORDS * 3)) == [("line", 1)]


def test_two_facts_of_one_line_are_two():
    assert shown(fact(7, 0.9, 1), fact(8, 0.8, 1)) == [("fact", 7), ("fact", 8)]


def test_what_fits_much_less_than_the_best_is_not_shown():
    assert shown(line(1, 0.9), line(2, 0.2)) == [("line", 1)]


def test_a_line_is_lifted_by_the_fact_that_was_drawn_from_it():
    long_fact = fact(7, 0.9, 2, text=WORDS * 40)
    assert shown(line(1, 0.6), line(2, 0.55), long_fact, room=HEADINGS + 22) == [("line", 2)]


def test_where_no_memory_is_asked_for_little_is_shown_and_only_what_fits_well():
    many = [line(number, 0.9 - number / 100) for number in range(10)]
    assert 1 <= len(shown(*many, asked=False)) < len(shown(*many))
    assert shown(line(1, 0.2), asked=False) == []
    assert shown(line(1, 0.2)) == [("line", 1)]


def test_neighbours_are_one_quote_in_the_order_in_which_they_were_said():
    kept = worthiest([line(5, 0.7), line(3, 0.8), line(4, 0.9)], room=900, asked=True, tokens=len)
    assert [(one.id, one.follows) for one in kept] == [(3, False), (4, True), (5, True)]
