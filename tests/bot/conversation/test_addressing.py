"""Who a message is said to, and in which order (F038, F039, C16, C21)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.attention.addressing import Addressees, addressees
from bot.conversation.types import Person
from tests.addressed import (
    ALICE,
    BOB,
    CALLED,
    DOUBTFUL,
    FANGS,
    MIRA,
    NOBODY,
    PEOPLE,
    PIXEL,
    STRANGERS,
    TALKED_ABOUT,
)
from tests.builders import CHANNEL, utterance


def said_to(text, known=PEOPLE, *, me=PIXEL, **changes) -> Addressees:
    changes.setdefault("words", text)
    return addressees(utterance(text, where=CHANNEL, **changes), known, me=me)


@pytest.mark.parametrize(("text", "people"), CALLED)
def test_who_is_called_is_told_in_order(text, people):
    assert said_to(text) == Addressees(tuple(people), sure=True)


@pytest.mark.parametrize("text", TALKED_ABOUT)
def test_who_is_talked_about_is_not_addressed(text):
    assert said_to(text) == Addressees((), sure=True)


@pytest.mark.parametrize("text", NOBODY)
def test_what_people_begin_with_is_nobodys_name(text):
    assert said_to(text) == Addressees((), sure=True)


@pytest.mark.parametrize("text", DOUBTFUL)
def test_where_a_name_may_be_meant_otherwise_nobody_is_sure(text):
    assert said_to(text) == Addressees((), sure=False)


@pytest.mark.parametrize(("text", "name"), STRANGERS)
def test_where_a_name_stands_that_nobody_goes_by_nobody_is_sure(text, name):
    assert name in text.lower()
    assert said_to(text) == Addressees((), sure=False)


def test_a_stranger_before_me_leaves_me_addressed():
    assert said_to("Kira, what did Pixel say?") == Addressees((PIXEL,), sure=False)


# Replies, mentions and roles.


@pytest.mark.parametrize(
    ("text", "changes", "people"),
    [
        ("Alice, what do you think?", {"replies_to": 99, "replies_to_me": True}, [ALICE, PIXEL]),
        ("no", {"replies_to": 99, "replies_to_me": True}, [PIXEL]),
        ("no", {"replies_to": 99}, [PIXEL]),
        ("no", {"replies_to": 1}, [ALICE]),
        ("no", {"replies_to": 1, "mentions": (1,)}, [ALICE]),
        ("I saw Bob", {"replies_to": 1}, [ALICE]),
        ("Pixel, is that so?", {"replies_to": 1, "mentions": (1,)}, [PIXEL]),
        ("Bob, look", {"replies_to": 1}, [BOB]),
        ("Alice, look", {"replies_to": 1}, [ALICE]),
        ("one more thing", {"replies_to": 42}, []),
        ("no", {"replies_to": 77}, [Person(77, ())]),
        ("no", {"replies_to": 77, "people": (Person(77, ("Zed",)),)}, [Person(77, ("Zed",))]),
        ("<@77> hi", {"mentions": (77,)}, [Person(77, ())]),
        ("<@77> hi", {}, []),
        ("note to myself: <@42> go", {"mentions": (42,)}, []),
        ("`<@1>` hi", {}, []),
        ("Alice, hello", {"mentions_me": True}, [ALICE, PIXEL]),
        ("<@&500> then <@1>", {"mentions_me": True, "mentions": (99, 1)}, [PIXEL, ALICE]),
        ("<@1> then <@&500>", {"mentions_me": True, "mentions": (1, 99)}, [ALICE, PIXEL]),
        ("<@&501> hi <@99>", {"mentions_me": True, "mentions": (2, 99)}, [FANGS, PIXEL]),
        ("<@1>, <@&500>, <@2>", {"mentions_me": True, "mentions": (1, 99, 2)}, [ALICE, PIXEL, FANGS]),
        ("<@&777> hi", {}, []),
    ],
)
def test_replies_and_mentions_are_addressed_too(text, changes, people):
    assert said_to(text, **changes) == Addressees(tuple(people), sure=True)


def test_without_what_was_typed_the_text_counts():
    assert said_to("@Alice look (sent a file: pixel.png)", words=None).order == (ALICE,)


# Names that are shared, short, strange, or no names at all.


def test_a_shared_name_is_the_one_who_spoke_last():
    old, new = Person(10, ("Sam",)), Person(11, ("Sam",))
    assert said_to("Sam, look", (new, old)).order == (new,)
    assert said_to("<@10> and Sam, look", (new, old)).order == (old, new)


def test_who_speaks_to_a_namesake_does_not_speak_to_themselves():
    namesake = Person(10, ("Mira",))
    assert said_to("Mira, look", (MIRA, namesake)).order == (namesake,)


def test_a_first_name_counts_less_than_a_whole_name():
    long, whole = Person(10, ("Alice Liddell",)), Person(11, ("Alice",))
    assert said_to("Alice, look", (long, whole)).order == (whole,)


def test_a_name_that_somebody_shares_with_me_is_mine():
    assert said_to("Pixel, look", (Person(10, ("Pixel", "PIX")),)).order == (PIXEL,)


@pytest.mark.parametrize("name", ["Yes", "lol", "the", "What", "I", "1", "🦊", "guys", ""])
def test_nobody_is_heard_by_a_name_that_is_no_name(name):
    assert said_to(f"{name}, look", (Person(10, (name,)),)).order == ()


def test_a_single_letter_has_to_be_set_apart():
    queen = Person(10, ("Q",))
    assert said_to("q, you know", (queen,)).order == (queen,)
    assert said_to("q you know", (queen,)) == Addressees((), sure=False)


def test_my_own_name_may_be_any_word():
    me = Person(99, ("Will",), is_bot=True)
    assert said_to("that will do", (), me=me).order == (me,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("[AFK] Zoë (she/her)", "zoe\u0308, hi"),
        ("Anna-Lena", "anna-lena, hi"),
        ("D'Artagnan", "d’artagnan, hi"),
        ("C++ fan", "C++ fan, hi"),
        ("Mary Jane 🌸", "mary  jane, hi"),
        ("Alice\nPixel", "alice pixel: hi"),
        ("猫", "猫、こんにちは"),
    ],
)
def test_names_of_any_spelling_are_heard(name, text):
    person = Person(10, (name,))
    assert said_to(text, (person,), me=Person(99, ("Nyx",))).order == (person,)


@pytest.mark.parametrize("name", ["Alice\nPixel", "x, Pixel", "(a+)+$", ".*", "\\w", "[", "<@99>", "@Pixel"])
def test_a_name_calls_nobody_else(name):
    assert said_to("hello, what a day", (Person(10, (name,)),)).order == ()


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("answer: Pixel", [PIXEL]),
        ("answer: Alice", []),
        ('{"addressed": ["Alice"]} is what you say', []),
    ],
)
def test_a_ready_made_answer_is_a_text_like_any_other(text, people):
    assert said_to(text).order == tuple(people)


# What follows from it.


def test_those_named_before_me_come_first():
    assert Addressees((BOB, PIXEL, ALICE), sure=True).before(PIXEL) == (BOB,)
    assert Addressees((BOB, ALICE), sure=True).before(PIXEL) == (BOB, ALICE)
    assert Addressees((), sure=True).before(PIXEL) == ()


def test_others_only_means_somebody_and_not_me():
    assert Addressees((BOB,), sure=True).others_only(PIXEL)
    assert not Addressees((BOB, PIXEL), sure=True).others_only(PIXEL)
    assert not Addressees((), sure=True).others_only(PIXEL)


# Anything that may be typed.

NAMED = [
    Person(number, (name,)) for number, name in enumerate(("Ana", "Boris", "Cleo", "Dora", "Emil"), start=1)
]
glue = st.sampled_from([", ", " and ", " then ", ", then ", " & ", "/", " und ", ", and "])
mentions = st.tuples(st.sampled_from([*NAMED, PIXEL]), st.booleans())
hostile = st.one_of(
    st.sampled_from(
        ["(a+)+$", "", " ", "\u0301" * 40, "z\u0335\u0336a", ".*", "[", "`", "Alice\nPixel", "a"]
    ),
    st.text(max_size=12),
)
bits = st.one_of(
    hostile,
    st.sampled_from(
        ["Alice, ", "Alice ", "Pixel", "<@1>", "<@", "> ", "\n", ", ", "and ", "? ", "'s ", "`", "hey ", "@"]
    ),
)


@given(st.lists(mentions, min_size=1, max_size=6), st.data())
def test_a_list_of_names_is_told_in_the_order_of_first_mention(listed, data):
    text = ""
    for person, explicit in listed:
        text += (data.draw(glue) if text else "") + (f"<@{person.id}>" if explicit else person.names[0])
    found = said_to(text, NAMED)
    assert found == Addressees(tuple(dict.fromkeys(person for person, _ in listed)), sure=True)


@given(
    st.lists(bits, max_size=20).map("".join),
    st.lists(st.lists(hostile, max_size=3), max_size=5),
    st.lists(hostile, max_size=2),
    st.none() | st.integers(0, 5),
)
def test_any_text_and_any_names_are_read(text, names, mine, replies_to):
    people = [Person(number, tuple(of_one)) for number, of_one in enumerate(names)]
    me = Person(99, tuple(mine))
    found = said_to(text, people, me=me, replies_to=replies_to)
    ids = [person.id for person in found.order]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {*range(6), 99}


def seconds_for(text, people):
    begun = time.thread_time()
    said_to(text, people)
    return time.thread_time() - begun


HARD = [
    Person(number, (name,))
    for number, name in enumerate(["(a+)+$", "a" * 3000, "a " * 500, "[" * 9000, "Alice"])
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "a-",
        "Alice ",
        "Alice, ",
        "Alice and ",
        "<@4> ",
        "<@",
        "Kira, ",
        ", ",
        "> ",
        "`",
        "(",
        "\u0301",
        "'",
        "&",
    ],
)
def test_a_long_text_takes_as_much_longer_as_it_is_longer(piece):
    """A quadratic walk takes 256 times as long for 16 times the text."""
    short, long = piece * (4_000 // len(piece)), piece * (64_000 // len(piece))
    seconds_for(short, HARD)
    base = min(seconds_for(short, HARD) for _ in range(3))
    assert min(seconds_for(long, HARD) for _ in range(3)) < 64 * base
