"""Macros in the words of cards (C31)."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas import macros
from personas.macros import Macros, expand, macros_in

NYX = Macros(char="Nyx", user="Mira", original="Be kind.")


def said(text: str, names: Macros = NYX, seed: int = 1) -> str:
    return expand(text, names, rng=Random(seed))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{char}} meets {{user}}.", "Nyx meets Mira."),
        ("{{CHAR}} {{User}} {{ char }}", "Nyx Mira Nyx"),
        ("<USER> <BOT> <char> <bot> <user>", "Mira Nyx Nyx Nyx Mira"),
        ("Stay. {{original}}", "Stay. Be kind."),
        ("a{{// a remark with {braces} and a {{ }}b", "ab"),
        ("a{{comment: seen by nobody}}b{{hidden_key:key}}c", "abc"),
        ("{{reverse:Hello}}", "olleH"),
        ("{{random:one}} {{pick:one}}", "one one"),
        (r"{{random:a\,b}}", "a,b"),
        ("{{roll:d1}} {{roll:1}} {{roll:3d1}} {{ROLL:D1}}", "1 1 3 1"),
        ("{{{char}}}", "{Nyx}"),
        ("}} {{char}} {{", "}} Nyx {{"),
    ],
)
def test_macros_mean_what_cards_mean_by_them(text, expected):
    """C31: {{char}}, {{user}}, {{original}} and the macros of V3."""
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{unknown}}",
        "{{unknown:a,b}}",
        "{{roll:0}}",
        "{{roll:x}}",
        "{{roll:2 6}}",
        "{{roll:26d}}",
        "{{roll:101d6}}",
        "{{roll:d9999999}}",
        "{{}}",
        "{{char",
        "char}}",
        "< user>",
        "{{random}}",
        "{char}",
    ],
)
def test_what_is_no_macro_stays_as_it_stands(text):
    assert said(text) == text


def test_without_an_original_its_macro_stays():
    assert said("{{original}}", Macros(char="Nyx", user="Mira")) == "{{original}}"
    assert said("{{original}}", Macros(char="Nyx", user="Mira", original="")) == ""


def test_what_was_put_in_is_never_read_again():
    """A person named {{original}} gets no prompt to see."""
    sly = Macros(char="{{user}}", user="{{original}}<BOT>{{roll:6}}", original="{{char}}SECRET")
    assert (
        said("{{char}}|{{user}}|<USER>", sly)
        == "{{user}}|{{original}}<BOT>{{roll:6}}|{{original}}<BOT>{{roll:6}}"
    )
    assert said("{{original}}", sly) == "{{char}}SECRET"
    assert said("{{{{user}}}}", Macros(char="x", user="char")) == "{{char}}"


def test_a_random_choice_takes_each_and_a_dice_each_side():
    rng = Random(3)
    found = Counter(expand("{{random:a,b::c}}", NYX, rng=rng) for _ in range(100))
    assert found.keys() == {"a,b", "c"}
    assert {expand("{{random: a, b ,c}}", NYX, rng=rng) for _ in range(100)} == {"a", "b", "c"}
    assert {expand("{{roll:d6}}", NYX, rng=rng) for _ in range(300)} == set("123456")
    assert {expand("{{roll:6}}", NYX, rng=rng) for _ in range(300)} == set("123456")
    assert {int(expand("{{roll:2d3}}", NYX, rng=rng)) for _ in range(300)} == {2, 3, 4, 5, 6}


def test_a_pick_stays_the_same_for_as_long_as_its_seed_does():
    options = ",".join(map(str, range(50)))
    picks = [
        said(f"{{{{pick:{options}}}}}", Macros(char="c", user="u", seed="room 1"), seed) for seed in range(9)
    ]
    assert len(set(picks)) == 1
    seeds = {
        said(f"{{{{pick:{options}}}}}", Macros(char="c", user="u", seed=str(seed))) for seed in range(30)
    }
    assert len(seeds) > 10
    twice = said(
        f"{{{{pick:{options}}}}} {{{{pick:{options}}}}}", Macros(char="c", user="u", seed="2")
    ).split()
    assert len(twice) == 2
    assert twice[0] != twice[1]


def test_a_choice_depends_on_the_chance_that_is_passed_in():
    text = "{{random:" + ",".join(map(str, range(99))) + "}}"
    assert said(text, seed=5) == said(text, seed=5)
    assert len({said(text, seed=seed) for seed in range(20)}) > 5


def test_what_comes_out_is_bounded():
    long = Macros(char="x" * 90_001, user="u")
    assert len(said("{{char}}" * 100, long)) == macros.MOST_EXPANDED


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["{{//", "{{", "}}", "{{{", "{{a", "{{random:", "<user", "{{char}}", "{{//}}{{"]
)
def test_a_hostile_text_takes_no_longer_than_its_length(piece):
    said(piece * (400_000 // len(piece)))


def test_the_macros_in_a_text_are_told_by_name():
    text = "{{CHAR}} {{foo:bar}} <USER> {{// x}} {{roll:6}} {{}} {{ 1 }}"
    assert macros_in(text) == {"char", "foo", "user", "//", "roll"}


@given(st.text(alphabet="{}<>:/,\\ charuserandomoll6dpick", max_size=60))
def test_any_text_comes_through(text):
    made = said(text)
    if "{{" not in text and "<" not in text:
        assert made == text
    assert macros_in(text) is not None
