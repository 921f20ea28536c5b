"""How long a character types."""

from random import Random

import pytest

from bot.conversation.text.typing import Pace, remaining_seconds, typing_seconds, typing_times

STEADY = Pace(variance=0)
UNBOUND = Pace(shortest=0, longest=10_000, variance=0)
OFF = [Pace(characters_per_minute=0), Pace(longest=0), Pace(characters_per_minute=-1)]


def test_three_hundred_characters_take_a_minute_at_three_hundred_a_minute():
    assert typing_seconds("x" * 300, UNBOUND, Random(1)) == 60


def test_a_long_text_is_typed_in_the_longest_time():
    assert typing_seconds("x" * 300, STEADY, Random(1)) == 15


def test_a_short_text_is_typed_in_the_shortest_time():
    assert typing_seconds("hi", STEADY, Random(1)) == 6


def test_a_text_between_the_bounds_is_typed_by_its_length():
    assert typing_seconds("x" * 50, STEADY, Random(1)) == 10


def test_chance_stretches_the_time_within_the_variance():
    pace = Pace(shortest=0, longest=10_000, variance=0.2)
    times = [typing_seconds("x" * 300, pace, Random(seed)) for seed in range(200)]
    assert 48 <= min(times) < 52
    assert 68 < max(times) <= 72


@pytest.mark.parametrize("pace", OFF)
def test_typing_that_is_off_takes_no_time(pace):
    assert typing_times(["x" * 300, "y"], pace, Random(1), spent=0) == [0, 0]


def test_time_spent_thinking_counts_as_typing():
    assert remaining_seconds("x" * 300, STEADY, Random(1), spent=4) == 11


def test_thinking_longer_than_typing_leaves_nothing_to_wait_for():
    assert remaining_seconds("x" * 300, STEADY, Random(1), spent=40) == 0


def test_a_clock_that_went_backwards_adds_no_wait():
    assert remaining_seconds("x" * 300, STEADY, Random(1), spent=-40) == 15


def test_only_the_first_of_several_parts_is_shortened_by_thinking():
    assert typing_times(["x" * 300, "hi", "y" * 50], STEADY, Random(1), spent=40) == [0, 6, 10]
