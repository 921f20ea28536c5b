"""Facts are merged only where they say the same: labelled pairs, and how one word turns a fact round."""

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_duplicates import (
    CONTRARY,
    LABELS,
    Pair,
    cosines_of,
    labelled_pairs,
    precision,
    updates_missed,
    verdicts,
)
from memory.similarity import MOST_NEIGHBOURS, Verdict, compare, neighbours

ANY_COSINE = (None, 0.5, 0.8, 0.99)

SAME = [
    ("Lives in Oslo.", "lives in oslo"),
    ("Has the cat", "has a cat"),
    ("Has 2 dogs", "Has two dogs"),
    ("Is thirty-four years old", "Is 34 years old"),
    ("Doesn't like coffee", "Does not like coffee"),
    ("Has an exam on June 12th", "Has an exam on 12 June"),
    ("Won 10,000 euros", "Won 10000 euros"),
    ("Has a cat named Miso", "Their cat is called Miso"),
    ("Sister's name is Mia", "Has a sister called Mia"),
    ("Owns a bakery in Lyon", "Has a bakery in Lyon"),
    ("Is learning Japanese", "Learns Japanese"),
]
TURNED_ROUND = [
    # Numbers, dates, times.
    ("Has two kids", "Has three kids"),
    ("Is 34 years old", "Is 43 years old"),
    ("Is thirty-four", "Is thirty-five"),
    ("Birthday is 3 May", "Birthday is 4 May"),
    ("Birthday is 3 May", "Birthday is 3 March"),
    ("Does yoga on Tuesdays", "Does yoga on Thursdays"),
    ("Wakes up at 6:30", "Wakes up at 6:50"),
    ("Ran 5½ km", "Ran 5 km"),
    ("It was -5 degrees", "It was 5 degrees"),
    ("Lives on the third floor", "Lives on the second floor"),
    # Negation and opposites.
    ("Likes coffee", "Doesn't like coffee"),
    ("Likes coffee", "Likes no coffee"),
    ("Smokes", "Never smokes"),
    ("Lives in Oslo", "No longer lives in Oslo"),
    ("Is happy at work", "Is unhappy at work"),
    ("Loves mornings", "Hates mornings"),
    ("Broke the left arm", "Broke the right arm"),
    ("Has an older sister", "Has a younger sister"),
    ("Has an older sister", "Has an older brother"),
    ("Runs before work", "Runs after work"),
    ("Is a vegetarian", "Is a vegan"),
    ("Drinks tea with milk", "Drinks tea without milk"),
    # Tense and wishes.
    ("Works as a nurse", "Worked as a nurse"),
    ("Works as a nurse", "Used to work as a nurse"),
    ("Works as a nurse", "Wants to work as a nurse"),
    ("Is married", "Was married"),
    ("Has a dog", "Had a dog"),
    ("Moves to Bergen", "Is going to move to Bergen"),
    # Names, and who does what.
    ("Sister is called Ann", "Sister is called Anne"),
    ("Jonas is a nurse", "Jona is a nurse"),
    ("Has a cat named Miso", "Has a cat named Mimo"),
    ("Ann's sister Eva is a vet", "Eva's sister Ann is a vet"),
    ("Tom is Ann's brother", "Ann is Tom's brother"),
    ("Tom lent Sara money", "Sara lent Tom money"),
    ("Prefers tea over coffee", "Prefers coffee over tea"),
    ("Her boss is Frank", "His boss is Frank"),
    ("Flew to Rome", "Flew from Rome"),
    ("Moved in with Kim", "Moved on with Kim"),
    # What looks alike.
    ("Is a child", "Has a child"),
    ("Has a boss", "Is their own boss"),
    ("Likes Tom", "Is like Tom"),
    ("Has a dog", "Has dogs"),
    ("Writes C++", "Writes C"),
    ("Likes 🍕", "Likes 🍔"),
    ("ชอบแมว", "ชอบหมา"),
    ("Works as a nurse", "Works for a nurse"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
@pytest.mark.parametrize("cosine", ANY_COSINE)
def test_the_same_in_other_words_is_the_same(one: str, other: str, cosine: float | None) -> None:
    assert compare(one, other, cosine) is Verdict.SAME


@pytest.mark.parametrize(("one", "other"), TURNED_ROUND)
@pytest.mark.parametrize("cosine", ANY_COSINE)
def test_one_word_that_turns_a_fact_round_keeps_it_apart(one: str, other: str, cosine: float | None) -> None:
    assert compare(one, other, cosine) is not Verdict.SAME
    assert compare(other, one, cosine) is not Verdict.SAME


@pytest.mark.parametrize(("one", "other"), TURNED_ROUND)
def test_two_facts_whose_vectors_are_alike_are_put_to_the_model(one: str, other: str) -> None:
    assert compare(one, other, 0.70) is Verdict.ASK
    assert compare(one, other, 0.99) is Verdict.ASK


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Their best friend is Sam", "Sam is their best friend"),
        ("Plays chess online", "Plays online chess"),
        ("Moved to Bergen last year", "Last year they moved to Bergen"),
    ],
)
def test_another_order_is_the_same_only_where_the_vectors_bear_it_out(one: str, other: str) -> None:
    assert compare(one, other, 0.92) is Verdict.SAME
    assert compare(one, other, 0.91) is Verdict.ASK


def test_a_fact_far_from_a_known_one_is_new() -> None:
    assert compare("Plays the violin", "Has a cat named Miso", 0.2) is Verdict.NEW
    assert compare("Plays the violin", "Has a cat named Miso", None) is Verdict.NEW


@pytest.mark.parametrize("cosine", [None, 0.1, 0.5])
@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("Moved to Bergen", "Lives in Oslo"),
        ("Ist nach Bergen gezogen", "Wohnt in Oslo"),
        ("A déménagé à Nice", "Habite à Lille"),
        ("Se ha mudado a Cádiz", "Vive en Bilbao"),
        ("Se mudou para Natal", "Mora em Recife"),
        ("福岡に引っ越した", "大阪に住んでいる"),
    ],
)
def test_an_update_is_put_to_the_model_though_its_vector_is_far(
    new: str, old: str, cosine: float | None
) -> None:
    assert compare(new, old, cosine) is Verdict.ASK


def test_the_likest_are_put_to_the_model_however_low_a_model_of_vectors_puts_its_cosines() -> None:
    known = [("Plays the violin", 0.1), ("Has a cat", 0.2), ("Likes tea", 0.3)]
    assert neighbours("Sings in a choir", known) == [2, 1]


def test_the_neighbours_are_the_likest_that_need_the_model() -> None:
    known = [
        ("Lives in Oslo", 1.0),
        *((f"Lives in town {number}", 0.70 + number / 100) for number in range(8)),
        ("Plays the violin", 0.1),
    ]
    assert neighbours("Lives in Oslo", known) == [8, 7, 6, 5, 4]
    assert MOST_NEIGHBOURS == 5


def test_without_vectors_the_neighbours_share_the_most_words() -> None:
    known = [
        ("Plays the violin", None),
        ("Lives in Rome with Kim", None),
        ("Lives in Oslo with Kim now", None),
    ]
    assert neighbours("Lives in Oslo with two of Kim's cats", known) == [2, 1]


FACTS = sorted({fact for pair in labelled_pairs() for fact in (pair["old"], pair["new"])})


@given(st.sampled_from(FACTS), st.sampled_from(FACTS), st.sampled_from(ANY_COSINE))
def test_the_order_of_two_facts_makes_no_difference(one: str, other: str, cosine: float | None) -> None:
    assert compare(one, other, cosine) is compare(other, one, cosine)


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(ANY_COSINE))
def test_any_two_texts_can_be_compared(one: str, other: str, cosine: float | None) -> None:
    assert compare(one, other, cosine) is compare(other, one, cosine)
    assert compare(one, one, cosine) is Verdict.SAME


@given(
    st.sampled_from(FACTS), st.sampled_from(["not", "never", "no", "was", "used", "without", "hardly", "7"])
)
def test_a_word_more_that_turns_a_fact_round_is_never_overlooked(fact: str, word: str) -> None:
    words = fact.split()
    for place in range(len(words) + 1):
        turned = " ".join([*words[:place], word, *words[place:]])
        assert compare(turned, fact, 0.99) is not Verdict.SAME


@pytest.mark.slow
def test_no_two_facts_of_different_pairs_are_merged_by_their_words_alone() -> None:
    """Facts of all pairs against each other: those that merge are the same but for a few listed words."""
    labels = {frozenset((pair["old"], pair["new"])): pair["label"] for pair in labelled_pairs()}
    merged = [two for two in combinations(FACTS, 2) if compare(*two, None) is Verdict.SAME]
    assert {labels.get(frozenset(two), "same") for two in merged} == {"same"}
    assert len(merged) < 2 * sum(label == "same" for label in labels.values())


def test_the_pairs_are_many_and_of_every_label() -> None:
    pairs = labelled_pairs()
    counts = Counter(pair["label"] for pair in pairs)
    assert len(pairs) >= 400
    assert set(counts) == set(LABELS)
    assert min(counts.values()) >= 50


def test_words_alone_merge_no_contradiction_and_hardly_anything_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pairs = labelled_pairs()
    _assert_true_to_the_labels(pairs, verdicts(pairs, [None] * len(pairs)), capsys)
    assert max(updates_missed(pairs, [[None] * len(pairs) for _ in pairs]).values()) <= 0.05


@pytest.mark.slow
async def test_vectors_merge_no_contradiction_and_hardly_anything_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pairs = labelled_pairs()
    cosines = await cosines_of(pairs)
    if cosines is None:
        pytest.skip("the packages of the extra `memory` are not installed")
    _assert_true_to_the_labels(pairs, verdicts(pairs, [row[at] for at, row in enumerate(cosines)]), capsys)
    assert max(updates_missed(pairs, cosines).values()) <= 0.05


def _assert_true_to_the_labels(
    pairs: list[Pair], found: list[Verdict], capsys: pytest.CaptureFixture[str]
) -> None:
    counts = Counter((pair["label"], verdict) for pair, verdict in zip(pairs, found, strict=True))
    with capsys.disabled():
        print("\nparaphrases:", {verdict.value: counts["same", verdict] for verdict in Verdict})  # noqa: T201
    merged = [pair for pair, verdict in zip(pairs, found, strict=True) if verdict is Verdict.SAME]
    assert [pair for pair in merged if pair["label"] in CONTRARY] == []
    assert precision(counts) >= 0.95
    assert counts["same", Verdict.SAME] >= 30
    asked = sum(counts[label, Verdict.ASK] for label in CONTRARY)
    assert asked >= 0.9 * sum(counts[label, verdict] for label in CONTRARY for verdict in Verdict)
