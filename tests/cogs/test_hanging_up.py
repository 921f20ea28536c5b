"""When the bot hangs up by itself."""

import pytest

from cogs.voice.calls import LOST, NOBODY_LEFT, IdleWatch


def looks(watch: IdleWatch, *seen: tuple[float, bool, bool]) -> list[str | None]:
    """Look at these moments, each with whether it is connected and whether anybody may be heard."""
    return [watch.look(now, connected=connected, heard=heard) for now, connected, heard in seen]


@pytest.mark.parametrize("begin", [0.0, 5_000.0])
def test_a_lost_connection_is_given_twenty_seconds(begin):
    seen = looks(IdleWatch(), (begin, False, True), (begin + 19.9, False, True), (begin + 20, False, True))
    assert seen == [None, None, LOST]


def test_a_connection_that_came_back_in_time_is_as_good_as_ever():
    assert (
        looks(IdleWatch(), (0, False, True), (19, True, True), (21, True, True), (30, False, True))
        == [None] * 4
    )


def test_three_losses_in_five_minutes_are_borne_and_the_fourth_is_not():
    losses = [(at + lost, not lost, True) for at in (0.0, 50.0, 100.0, 150.0) for lost in (0, 1)]
    assert looks(IdleWatch(), *losses) == [*[None] * 7, LOST]


def test_losses_of_long_ago_do_not_count():
    losses = [(at + lost, not lost, True) for at in (0.0, 101.0, 202.0, 303.0, 404.0) for lost in (0, 1)]
    assert looks(IdleWatch(), *losses) == [None] * 10


def test_where_nobody_may_be_heard_it_waits_for_a_minute():
    seen = ((0, True, False), (59, True, False), (59.5, True, True), (60, True, False), (120, True, False))
    assert looks(IdleWatch(), *seen) == [None, None, None, None, NOBODY_LEFT]
