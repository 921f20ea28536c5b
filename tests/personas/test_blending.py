"""Frameworks blended by what the talk is about."""

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.blending import (
    DEFAULT_WEIGHTS,
    LEAST,
    LONGEST_LINE,
    LONGEST_WRITTEN,
    SECTIONS,
    blend,
    blending_notices,
    weights_for,
    written,
)
from personas.character import Blending
from personas.frameworks import read_framework, read_frameworks
from personas.selection.topic import CONTEXTS
from tests.support.paths import ROOT

SHIPPED = read_frameworks(ROOT / "characters" / "_frameworks").by_id


def framework(name, **style):
    data = {"framework_id": name, "prompt_template": "{identity}", "interaction_style": style}
    return read_framework(data, name)


def style_of(weights, *frameworks):
    blended, _ = blend("casual", weights, {one.framework_id: one for one in frameworks})
    return dict(blended.sections.get("interaction_style", {}))


# ---- weights


def test_the_default_weights_are_those_of_the_table():
    """F102."""
    assert DEFAULT_WEIGHTS == {
        "technical": {"neuro": 0.8, "assistant": 0.2},
        "casual": {"caring": 0.6, "chaotic": 0.4},
        "formal": {"assistant": 0.9, "neuro": 0.1},
        "creative": {"chaotic": 0.7, "caring": 0.3},
        "educational": {"assistant": 0.8, "neuro": 0.2},
    }
    assert DEFAULT_WEIGHTS.keys() == set(CONTEXTS)


def test_a_character_blends_only_if_it_says_so():
    """F102."""
    assert weights_for(None, "technical") == {}
    assert weights_for(Blending(contexts={"technical": {"neuro": 1.0}}), "technical") == {}
    assert weights_for(Blending(enabled=True), "technical") == {"neuro": 0.8, "assistant": 0.2}
    assert weights_for(Blending(enabled=True), "debate") == {}


def test_a_characters_own_weights_take_the_place_of_the_usual_ones_in_that_context_only():
    """F102."""
    own = Blending(enabled=True, contexts={"technical": {"caring": 1.0}, "formal": {}})
    assert weights_for(own, "technical") == {"caring": 1.0}
    assert weights_for(own, "formal") == {}
    assert weights_for(own, "creative") == DEFAULT_WEIGHTS["creative"]


def test_a_framework_of_exactly_a_tenth_does_not_count_and_one_of_a_hair_more_does():
    """F102, C76: 0.1 is excluded."""
    a, b = framework("a", length="short"), framework("b", length="long", tone="dry")
    assert LEAST == 0.1
    assert style_of({"a": 0.9, "b": 0.1}, a, b) == {"length": "short"}
    assert style_of({"a": 0.9, "b": 0.1000001}, a, b) == {"length": "short", "tone": "dry"}
    formal, _ = blend("formal", DEFAULT_WEIGHTS["formal"], SHIPPED)
    assert dict(formal.weights) == {"assistant": 0.9}


def test_a_framework_that_is_not_there_is_a_notice_and_the_others_count():
    """F102."""
    blended, (notice,) = blend("casual", {"ghost": 0.9, "neuro": 0.5}, SHIPPED)
    assert dict(blended.weights) == {"neuro": 0.5}
    assert "'ghost'" in notice
    assert "neuro" in notice
    assert blend("casual", {"ghost": 0.1}, SHIPPED)[1] == ()
    assert blend("casual", {"ghost": 0.9}, {})[0].sections == {}


def test_a_context_that_no_talk_is_ever_told_to_be_is_a_notice():
    (notice,) = blending_notices(Blending(enabled=True, contexts={"debate": {"neuro": 1.0}, "casual": {}}))
    assert "'debate'" in notice
    assert blending_notices(None) == ()


# ---- conflicts


def test_of_texts_the_one_with_the_highest_summed_weight_stands():
    """F103, C76."""
    a, b, c = framework("a", length="long"), framework("b", length="short"), framework("c", length="short")
    assert style_of({"a": 0.5, "b": 0.3, "c": 0.25}, a, b, c) == {"length": "short"}
    assert style_of({"a": 0.6, "b": 0.3, "c": 0.25}, a, b, c) == {"length": "long"}


def test_numbers_become_their_weighted_mean():
    """F103, C76: 0.8 of 0.9 and 0.2 of 0.4 is 0.8."""
    a, b = framework("a", directness=0.9, size=2), framework("b", directness=0.4, size=12)
    assert style_of({"a": 0.8, "b": 0.2}, a, b) == {"directness": pytest.approx(0.8), "size": 4}
    assert style_of({"a": 0.4, "b": 0.4}, a, b)["directness"] == pytest.approx(0.65)


def test_lists_are_merged_by_summed_weight_whatever_the_case_and_five_items_stay():
    """F103, C76."""
    a = framework("a", avoids=["Praise", "lists", "hedging", "echoes"])
    b = framework("b", avoids=["LISTS ", "slang", "praise", "praise", "jargon"])
    assert style_of({"a": 0.6, "b": 0.3}, a, b) == {
        "avoids": ["Praise", "lists", "hedging", "echoes", "slang"]
    }
    c = framework("c", avoids=["slang"])
    heavier = style_of({"a": 0.4, "b": 0.35, "c": 0.3}, a, b, c)["avoids"]
    assert heavier == ["Praise", "lists", "slang", "hedging", "echoes"]


def test_an_item_that_one_framework_names_twice_weighs_no_more_than_once():
    """F103."""
    a, b = framework("a", avoids=["x"]), framework("b", avoids=["y", "Y", "y"])
    assert style_of({"a": 0.5, "b": 0.3}, a, b) == {"avoids": ["x", "y"]}


def test_yes_and_no_are_voted_on_like_texts_and_never_averaged():
    """F103."""
    a, b = framework("a", mirror=True), framework("b", mirror=False)
    assert style_of({"a": 0.3, "b": 0.6}, a, b)["mirror"] is False


def test_of_several_kinds_the_heaviest_kind_is_resolved_and_tables_key_by_key():
    """F103: what the rules for texts, numbers and lists leave open."""
    a, b, c = framework("a", x="word"), framework("b", x=0.2), framework("c", x=0.6)
    assert style_of({"a": 0.5, "b": 0.3, "c": 0.3}, a, b, c)["x"] == pytest.approx(0.4)
    assert style_of({"a": 0.7, "b": 0.3, "c": 0.3}, a, b, c)["x"] == "word"
    d, e = framework("d", x={"p": "one", "q": 1}), framework("e", x={"p": "two", "q": 3})
    assert style_of({"d": 0.6, "e": 0.2}, d, e)["x"] == {"p": "one", "q": 1.5}


def test_what_one_framework_alone_says_stands_as_it_is():
    """F103."""
    many = [str(number) for number in range(8)]
    assert style_of({"a": 0.5, "b": 0.5}, framework("a", avoids=many), framework("b")) == {"avoids": many}


def test_ties_go_to_the_framework_first_by_name_however_the_weights_were_written():
    """F103: 0.1 + 0.2 is as much as 0.3, whatever floating point says."""
    a, b, c = (
        framework("a", length="A", avoids=["1"]),
        framework("b", length="B"),
        framework("c", length="C", avoids=["2"]),
    )
    d = framework("d", length="B")
    for order in itertools.permutations([a, b, c, d]):
        weights = {one.framework_id: 0.4 for one in order}
        assert style_of({name: weights[name] for name in weights if name != "d"}, *order)["length"] == "A"
        assert style_of({"a": 0.3, "b": 0.4, "c": 0.7, "d": 0.3}, *order)["length"] == "C"
        assert style_of({"c": 0.4, "a": 0.4}, *order)["avoids"] == ["1", "2"]


def test_a_technical_blend_of_the_shipped_frameworks_is_mostly_neuro():
    """C76: technical with neuro .8 and assistant .2."""
    blended, notices = blend("technical", DEFAULT_WEIGHTS["technical"], SHIPPED)
    assert notices == ()
    assert tuple(blended.sections) == SECTIONS
    neuro, assistant = SHIPPED["neuro"], SHIPPED["assistant"]
    behavior = blended.sections["behavioral_patterns"]
    assert behavior["opening"] == neuro.behavioral_patterns["opening"]
    mean = 0.8 * neuro.behavioral_patterns["curiosity"] + 0.2 * assistant.behavioral_patterns["curiosity"]
    assert behavior["curiosity"] == pytest.approx(mean)
    avoids = blended.sections["interaction_style"]["avoids"]
    both = set(neuro.interaction_style["avoids"]) & set(assistant.interaction_style["avoids"])
    assert len(avoids) == 5
    assert set(avoids[: len(both)]) == both


# ---- kept, and anew after an edit


def test_a_blend_is_kept_and_an_edit_of_a_framework_shows_at_once():
    """F103, C76: the cache is invalidated on edit."""
    before = framework("a", length="short", mirror=1)
    weights = {"a": 0.5}
    kept = blend("casual", weights, {"a": before})[0]
    assert blend("casual", weights, {"a": framework("a", length="short", mirror=1)})[0] is kept
    for edited in (framework("a", length="long", mirror=1), framework("a", length="short", mirror=True)):
        anew = blend("casual", weights, {"a": edited})[0]
        assert dict(anew.sections["interaction_style"]) == edited.interaction_style
        assert anew is not kept
    assert blend("casual", {"a": 0.6}, {"a": before})[0].weights == {"a": 0.6}


def test_nobody_who_reads_a_kept_blend_can_change_it_for_the_next():
    blended, _ = blend("casual", {"neuro": 0.5}, SHIPPED)
    with pytest.raises(TypeError):
        blended.sections["interaction_style"]["length"] = "x"  # type: ignore[index]


# ---- written


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_blend_is_a_short_text_that_names_the_context_and_cuts_nothing_in_the_middle(context):
    text = written(blend(context, DEFAULT_WEIGHTS[context], SHIPPED)[0])
    head, *lines = text.split("\n")
    assert context in head
    assert len(lines) >= 8
    assert all(line.startswith("- ") and len(line) <= LONGEST_LINE for line in lines)
    assert 600 < len(text) <= LONGEST_WRITTEN
    tables = [getattr(one, section) for one in SHIPPED.values() for section in SECTIONS]
    said = {piece for table in tables for value in table.values() for piece in pieces(value)}
    for line in lines[1:]:
        assert set(line.split(": ", 1)[1].split("; ")) <= said


def pieces(value):
    texts = value if isinstance(value, list) else [str(value)]
    return [piece for text in texts for piece in text.removesuffix(".").split("; ")]


def test_numbers_are_written_in_one_line_and_those_beyond_1_by_themselves():
    text = written(blend("casual", {"a": 0.5}, {"a": framework("a", warmth=0.456, humor=1, size=12)})[0])
    assert "- How much, from 0 to 1: warmth 0.46, humor 1\n- Size: 12" in text


def test_a_blend_of_nothing_is_no_text():
    assert written(blend("casual", {}, SHIPPED)[0]) == ""


def test_a_line_too_long_loses_whole_items_then_whole_words_and_the_text_whole_lines():
    """F102: it stands at the end of every prompt, so it stays short."""
    items = [f"{letter * 60}" for letter in "abcdefgh"]
    long = framework(
        "a", avoids=items, tone="word " * 100, noise="x" * 500, **{f"k{n}": "y" * 200 for n in range(20)}
    )
    lines = written(blend("casual", {"a": 0.5}, {"a": long})[0]).split("\n")
    assert lines[1] == f"- Avoids: {'; '.join(items[:3])}"
    assert lines[2].endswith("word")
    assert lines[3] == f"- Noise: {'x' * 500}"[:LONGEST_LINE]
    assert sum(map(len, lines)) + len(lines) - 1 <= LONGEST_WRITTEN


_VALUES = st.one_of(
    st.text(max_size=20),
    st.floats(-5, 5),
    st.booleans(),
    st.lists(st.text(max_size=5), max_size=8),
    st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=3),
)
_STYLES = st.dictionaries(st.sampled_from("pqrs"), _VALUES, max_size=4)


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(st.floats(0, 1), _STYLES), max_size=4))
def test_any_blend_keeps_every_key_stays_in_bounds_and_does_not_mind_the_order(drawn):
    """F103."""
    frameworks = {name: framework(name, **style) for name, (_, style) in drawn.items()}
    weights = {name: weight for name, (weight, _) in drawn.items()}
    counting = [name for name in drawn if weights[name] > LEAST]
    blended, notices = blend("casual", weights, frameworks)
    assert notices == ()
    style = blended.sections.get("interaction_style", {})
    assert set(style) == {key for name in counting for key in drawn[name][1]}
    for key, value in style.items():
        said = [drawn[name][1][key] for name in counting if key in drawn[name][1]]
        if all(isinstance(one, float) for one in said):
            assert min(said) - 1e-6 <= value <= max(said) + 1e-6
        if all(isinstance(one, str) for one in said):
            assert value in said
    backwards = blend("casual", dict(reversed(weights.items())), dict(reversed(frameworks.items())))[0]
    assert written(backwards) == written(blended)


def test_the_guide_shows_the_usual_weights_and_a_blending_that_can_be_read():
    """F102."""
    guide = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `(\w+)` \| (\w+) ([\d.]+), (\w+) ([\d.]+) \|$", guide)
    assert {
        context: {one: float(weight), other: float(rest)} for context, one, weight, other, rest in rows
    } == DEFAULT_WEIGHTS
    example = json.loads(guide.split("## Blending")[1].split("```json\n")[1].split("```")[0])
    own = Blending.model_validate(example["framework_blending"])
    assert weights_for(own, "technical") == {"dry": 0.7, "neuro": 0.3}
