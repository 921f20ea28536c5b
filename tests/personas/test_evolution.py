"""How a character changes: each milestone once, each change in its place, and nothing of the original."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.character import Character, EvolutionStage, VoiceAndTone
from personas.evolution import MILESTONES, crossed, evolved, level_of

NYX = Character(
    slug="nyx",
    name="Nyx",
    core_prompt="You are Nyx.",
    quirks=("hums", "Counts stars"),
    opinions={"rain": "lovely"},
    knowledge={"primary": "astronomy", "also": ["tea"]},
    voice=VoiceAndTone(temperature=0.7, formality="high", notes={"pace": "slow"}),
)


def stage(milestone: int = 50, **changes: Any) -> EvolutionStage:
    return EvolutionStage(milestone=milestone, changes=changes)


def after(*stages: EvolutionStage) -> Character:
    character, notices = evolved(NYX, stages)
    assert notices == ()
    return character


# Milestones


def test_each_milestone_is_crossed_once_one_message_at_a_time():
    """C75, F104: 50, 100, 500, 1000, 5000."""
    assert MILESTONES == (50, 100, 500, 1000, 5000)
    achieved: list[int] = []
    for count in range(5200):
        achieved += crossed(count, count + 1, MILESTONES, achieved)
    assert achieved == [50, 100, 500, 1000, 5000]


def test_a_milestone_that_the_count_jumps_over_is_crossed():
    """C75, D19: not only where the count equals it."""
    assert crossed(49, 51, MILESTONES, ()) == (50,)
    assert crossed(40, 1200, MILESTONES, ()) == (50, 100, 500, 1000)


@pytest.mark.parametrize(
    ("before", "after_it", "achieved", "fires"),
    [
        (49, 50, (), (50,)),
        (50, 51, (), ()),
        (49, 50, (50,), ()),
        (49, 120, (50,), (100,)),
        (50, 50, (), ()),
        (120, 40, (), ()),
    ],
)
def test_a_milestone_is_crossed_when_it_is_reached_and_not_again(before, after_it, achieved, fires):
    assert crossed(before, after_it, MILESTONES, achieved) == fires


@given(
    jumps=st.lists(st.integers(0, 900), max_size=40), milestones=st.lists(st.integers(1, 9000), max_size=12)
)
def test_whatever_the_jumps_each_milestone_passed_fires_exactly_once(jumps, milestones):
    """C75."""
    count = 0
    achieved: list[int] = []
    for jump in jumps:
        achieved += crossed(count, count + jump, milestones, achieved)
        count += jump
    assert achieved == sorted({milestone for milestone in milestones if milestone <= count})


@pytest.mark.parametrize(
    ("count", "level"),
    [
        (-1, "new"),
        (0, "new"),
        (49, "new"),
        (50, "acquainted"),
        (99, "acquainted"),
        (100, "familiar"),
        (500, "experienced"),
        (999, "experienced"),
        (1000, "veteran"),
        (5000, "legendary"),
        (10**9, "legendary"),
    ],
)
def test_a_level_begins_at_its_milestone(count, level):
    """F104."""
    assert level_of(count) == level


# What a stage changes


def test_a_stage_changes_personality_knowledge_and_behavior():
    """F104, C75: every key of the schema."""
    changed = after(
        stage(
            personality={
                "temperature": 0.9,
                "formality": 0.2,
                "verbosity": "low",
                "new_quirks": ["winks", "HUMS"],
                "remove_quirks": ["COUNTS stars", "not there"],
                "opinion_changes": {"rain": "tiresome", "snow": "better"},
            },
            knowledge={"primary": "cosmology", "also": ["coffee", "Tea"], "new": {"a": 1}},
            behavior={"pace": "quick", "jokes": ["often", "dry"], "sings": True},
        )
    )
    assert (changed.voice.temperature, changed.voice.formality, changed.voice.verbosity) == (0.9, 0.2, "low")
    assert changed.quirks == ("hums", "winks")
    assert changed.opinions == {"rain": "tiresome", "snow": "better"}
    assert changed.knowledge == {"primary": "cosmology", "also": ["tea", "coffee"], "new": {"a": 1}}
    assert changed.voice.notes == {"pace": "quick", "jokes": "often; dry", "sings": "yes"}


def test_a_list_of_knowledge_is_learned_and_a_text_of_behavior_is_noted():
    changed = after(stage(knowledge=["tides"], behavior="asks back"), stage(100, knowledge="moths"))
    assert changed.knowledge["learned"] == ["tides", "moths"]
    assert changed.voice.notes == {"pace": "slow", "behavior": "asks back"}


@pytest.mark.parametrize("nested", [True, False])
def test_what_a_stage_unlocks_is_applied_in_either_place(nested):
    """D19: the other schema of stages."""
    unlocks = {
        "tone": "more_casual",
        "quirks": ["uses_callback_references"],
        "knowledge_expansion": ["expands_on_favorite_topics"],
    }
    changes: dict[str, Any] = {"unlocks": unlocks} if nested else unlocks
    changed = after(stage(50, **changes))
    assert changed.voice.notes["tone"] == "more casual"
    assert changed.quirks == ("hums", "Counts stars", "uses callback references")
    assert changed.knowledge["learned"] == ["expands on favorite topics"]


def test_stages_build_on_one_another_in_their_order():
    first = stage(50, personality={"temperature": 0.8, "new_quirks": ["winks"]})
    second = stage(100, personality={"temperature": 0.9, "remove_quirks": ["winks"]})
    assert after(first, second).voice.temperature == 0.9
    assert after(first, second).quirks == NYX.quirks
    assert after(second, first).quirks == (*NYX.quirks, "winks")


def test_a_reverted_stage_leaves_no_trace():
    """C75: it is simply not in the list."""
    first, second = (
        stage(50, personality={"new_quirks": ["winks"]}),
        stage(100, personality={"formality": "low"}),
    )
    assert after(first, second).quirks == (*NYX.quirks, "winks")
    assert after(second).quirks == NYX.quirks
    assert after() == NYX


def test_the_character_and_the_stages_stay_as_they_were():
    """C75: what is kept in files is never changed."""
    before = deepcopy(NYX)
    changes: dict[str, Any] = {
        "knowledge": {"also": ["coffee"], "deep": {"list": [1]}},
        "personality": {"opinion_changes": {"snow": "fine"}},
    }
    given_stage = stage(**deepcopy(changes))
    changed = after(given_stage)
    changed.knowledge["deep"]["list"].append(2)
    changed.knowledge["also"].append("cocoa")
    changed.opinions["rain"] = "gone"
    assert before == NYX
    assert given_stage.changes == changes


def test_everything_that_a_stage_does_not_name_stays():
    changed = after(stage(personality={"new_quirks": ["winks"]}))
    assert changed.model_copy(update={"quirks": NYX.quirks}) == NYX
    assert (changed.slug, changed.core_prompt) == ("nyx", "You are Nyx.")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"wings": True}, "stage 50: wings is unknown"),
        ({"personality": {"charm": 3, "formality": "low"}}, "personality.charm is unknown"),
        ({"unlocks": {"wings": 1}}, "wings is unknown"),
        ({"personality": "warm"}, "personality is unknown"),
        ({"personality": {"temperature": "hot"}}, "personality.temperature has a value that doesn't fit"),
        ({"personality": {"temperature": 99}}, "personality.temperature has a value"),
        ({"personality": {"temperature": True}}, "personality.temperature has a value"),
        ({"personality": {"new_quirks": [1]}}, "personality.new_quirks has a value"),
        ({"personality": {"opinion_changes": ["rain"]}}, "personality.opinion_changes has a value"),
        ({"knowledge": 7}, "knowledge has a value"),
        ({"knowledge": {"also": [7]}}, "knowledge has a value"),
        ({"behavior": {"pace": {"deep": 1}}}, "behavior has a value"),
        (
            {"personality": {"new_quirks": [f"quirk {number}" for number in range(199)]}},
            "new_quirks has a value",
        ),
    ],
)
def test_what_is_unknown_or_does_not_fit_is_left_out_with_a_notice(changes, word):
    """F104: the rest of the stage still counts."""
    changed, notices = evolved(NYX, [stage(50, **changes, tone="warm")])
    assert len(notices) == 1
    assert word in notices[0]
    assert changed.voice.notes["tone"] == "warm"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-3, 3) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("personality", "knowledge", "behavior", "unlocks", "tone", "quirks", "knowledge_expansion", "x")
PARTS = ("temperature", "formality", "verbosity", "new_quirks", "remove_quirks", "opinion_changes", "y")


@pytest.mark.slow
@given(
    st.dictionaries(st.sampled_from(KEYS), PLAIN | st.dictionaries(st.sampled_from(PARTS), PLAIN), max_size=4)
)
def test_no_stage_breaks_a_character(changes):
    before = deepcopy(NYX)
    changed, notices = evolved(NYX, [stage(50, **changes)])
    assert Character.model_validate(changed.model_dump()) == changed
    assert all(notice.startswith("stage 50: ") for notice in notices)
    assert before == NYX
