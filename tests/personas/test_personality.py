"""Traits that shift with what a character does and meets: small steps, bounds, the way back, words (F104)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.personality import (
    HALF_LIFE,
    HEARD,
    SPOKE,
    TONES,
    Trait,
    left,
    manner,
    shifted,
    taken_back,
)
from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEPS = [step for table in (SPOKE, HEARD, TONES) for steps in table.values() for step in steps.items()]


def test_each_step_is_small_and_whatever_tells_something_has_one():
    assert {abs(step) for _, step in STEPS} <= {0.02, 0.03, 0.04, 0.05}
    assert set(SPOKE) == set(Interaction) - {Interaction.OTHER}
    assert set(TONES) == set(Tone) - {Tone.TALK}
    assert {trait for trait, _ in STEPS} == set(Trait)


@given(st.lists(st.sampled_from(STEPS), max_size=200))
def test_no_course_of_steps_leaves_the_bounds_and_what_moved_adds_up(course):
    traits: dict[str, float] = {}
    moved = dict.fromkeys(map(str, Trait), 0.0)
    for trait, step in course:
        traits, changes = shifted(traits, {trait: step})
        for name, change in changes.items():
            moved[name] += change
    for name in moved:
        assert -1 <= traits.get(name, 0.0) <= 1
        assert traits.get(name, 0.0) == pytest.approx(moved[name], abs=1e-4)


def test_who_stands_at_the_bound_does_not_move():
    assert shifted({"warmth": 1.0}, {Trait.WARMTH: 0.03}) == ({"warmth": 1.0}, {})
    assert shifted({"warmth": 0.99}, {Trait.WARMTH: 0.03}) == ({"warmth": 1.0}, {"warmth": 0.01})


def test_left_alone_a_trait_goes_back_by_half_in_sixty_days():
    assert left({"warmth": 0.8}, NOW, NOW + HALF_LIFE) == {"warmth": 0.4}
    assert left({"warmth": 0.8}, NOW, NOW) == {"warmth": 0.8}
    assert left({"warmth": 0.8}, NOW, NOW - timedelta(days=3)) == {"warmth": 0.8}
    assert left({"warmth": 0.8}, NOW, NOW + 99 * HALF_LIFE) == {}


@given(st.sampled_from(STEPS), st.floats(0, 400), st.floats(-0.5, 0.5))
def test_what_is_taken_back_leaves_what_would_be_without_it(step, days, begun):
    """At once or much later, and whatever stood there before."""
    trait, change = step
    ago = timedelta(days=days)
    with_it = left({str(trait): begun + change}, NOW, NOW + ago)
    without = left({str(trait): begun}, NOW, NOW + ago)
    after = taken_back(with_it, str(trait), change, ago=ago)
    assert after.get(str(trait), 0.0) == pytest.approx(without.get(str(trait), 0.0), abs=1e-5)


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({}, ""),
        ({"warmth": 0.29, "patience": -0.29}, ""),
        ({"warmth": 0.3}, "a little warmer"),
        ({"warmth": 0.69}, "a little warmer"),
        ({"warmth": 0.7}, "clearly warmer"),
        ({"patience": -0.9, "playfulness": 0.4}, "a little more playful, clearly less patient"),
    ],
)
def test_a_manner_is_said_in_two_steps_and_not_before_it_tells(traits, words):
    assert manner(traits) == words
