"""When a channel is lively, and who joins in then (F106, C80)."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.rhythm import (
    BUSY,
    CALM,
    PAUSE,
    USUAL,
    Profile,
    Shift,
    hour_of,
    pause_after,
    profile_of,
    shift_at,
    shifted_chance,
    silence_before,
)
from tests.company import CHANNEL, chatty, company
from tests.fakes import EPOCH


def week(by_hour: dict[int, int]) -> dict[int, int]:
    """Return so many messages in each of these hours of the day, on each of the last seven days."""
    return {
        hour_of(EPOCH - timedelta(days=day)) // 24 * 24 + hour: count
        for day in range(1, 7)
        for hour, count in by_hour.items()
    }


def test_the_four_liveliest_and_the_four_quietest_hours_are_told():
    """F106, C80."""
    profile = profile_of(week({hour: hour + 1 for hour in range(24)}), EPOCH)
    assert profile == Profile(frozenset({20, 21, 22, 23}), frozenset({0, 1, 2, 3}))


def test_of_little_and_of_even_talk_nothing_is_told():
    assert profile_of(week({5: 8}), EPOCH) == Profile()
    even = profile_of(week(dict.fromkeys(range(24), 9)), EPOCH)
    assert (even.peak, even.quiet) == (frozenset(), frozenset())
    assert profile_of({}, EPOCH) == Profile()


def test_what_was_said_more_than_a_week_ago_does_not_count():
    old = {hour - 24 * 30: count for hour, count in week({5: 100}).items()}
    assert profile_of(old, EPOCH) == Profile()


@pytest.mark.parametrize(("hour", "shift"), [(21, BUSY), (2, CALM), (12, USUAL)])
def test_lively_hours_hold_back_and_quiet_ones_bring_on(hour, shift):
    """C80: x1.2, x1.5, -0.2 in peak hours; x0.8, x0.7, +0.3 in quiet ones."""
    profile = Profile(frozenset({20, 21, 22, 23}), frozenset({0, 1, 2, 3}))
    assert shift_at(profile, EPOCH.replace(hour=hour)) == shift
    assert (BUSY.silence, BUSY.pause, BUSY.chance) == (1.2, 1.5, -0.2)
    assert (CALM.silence, CALM.pause, CALM.chance) == (0.8, 0.7, 0.3)


@given(st.floats(0, 1), st.sampled_from([BUSY, CALM, USUAL]))
def test_a_chance_stays_a_chance_and_what_is_off_stays_off(chance, shift):
    assert 0 <= shifted_chance(chance, shift) <= 1
    assert shifted_chance(0.0, shift) == 0


@pytest.mark.parametrize(
    ("chance", "lively", "quiet"), [(0.1, 0.06, 0.16), (0.5, 0.3, 0.8), (0.6, 0.4, 0.9), (1.0, 0.8, 1.0)]
)
def test_a_shift_counts_in_full_from_one_half_on_and_in_proportion_below(chance, lively, quiet):
    """C80: -0.2 and +0.3, of which no small chance is used up; half at most."""
    assert shifted_chance(chance, BUSY) == pytest.approx(lively)
    assert shifted_chance(chance, CALM) == pytest.approx(quiet)
    assert shifted_chance(0.8, Shift(chance=-0.9)) == pytest.approx(0.3)


@pytest.mark.parametrize(("messages", "minutes"), [(50, 120), (180, 80), (300, 48), (3_000, 30), (49, 30)])
def test_a_channel_is_given_twice_its_mean_silence_from_half_an_hour_to_two_hours(messages, minutes):
    counts = {hour_of(EPOCH): messages - 1, hour_of(EPOCH) - 119: 1}  # in five days
    assert profile_of(counts, EPOCH).silence == timedelta(minutes=minutes)


def test_an_hour_shifts_the_silence_and_the_pause_within_their_bounds():
    """C80: x1.2 and x1.5, x0.8 and x0.7; 600 to 28800 seconds, 0.5 to 3 times."""
    hours = timedelta(hours=1)
    profile = Profile(silence=hours)
    assert [silence_before(profile, one) / hours for one in (BUSY, USUAL, CALM)] == [1.2, 1.0, 0.8]
    assert [pause_after(one) / PAUSE for one in (BUSY, USUAL, CALM)] == [1.5, 1.0, 0.7]
    assert silence_before(profile, Shift(silence=0.01)) == timedelta(seconds=600)
    assert silence_before(profile, Shift(silence=100)) == timedelta(seconds=28_800)
    assert [pause_after(Shift(pause=factor)) / PAUSE for factor in (0.1, 9)] == [0.5, 3.0]


async def test_each_message_in_a_channel_is_counted_by_the_hour(tmp_path):
    async with company(tmp_path) as at:
        for _ in range(3):
            await at.hear("well", where=CHANNEL)
        at.clock.pass_time(3600)
        await at.hear("well", where=CHANNEL)
        await at.hear("between us")
        async with at.database.read() as db:
            counts = await db.channels.messages_by_hour(CHANNEL.channel_id, since=0)
            private = await db.channels.messages_by_hour(500, since=0)
    assert counts == {hour_of(EPOCH): 3, hour_of(EPOCH) + 1: 1}
    assert private == {}


@pytest.mark.slow
async def test_characters_take_up_less_of_what_another_said_in_lively_hours(tmp_path):
    """F106: the channel's own rhythm decides how readily somebody joins in."""
    lively, quiet = [await joined(tmp_path / str(count), count) for count in (30, 0)]
    assert 0 < lively < quiet


async def joined(folder: Path, messages: int) -> int:
    """Return how often somebody joins in where so much was said at this hour, and 5 messages at others."""
    hours = {EPOCH.hour: messages, **{hour: 5 for hour in range(24) if hour != EPOCH.hour}}
    async with company(folder, direction=chatty(banter=0.2, chain=2)) as at:
        async with at.database.begin() as db:
            for hour, count in week(hours).items():
                await db.channels.count_messages(CHANNEL.channel_id, hour, count)
        for number in range(40):
            await at.hear(f"Nyx, {number}?", where=CHANNEL)
        return len(at.mouth.said) - 40


async def test_what_is_older_than_a_week_is_not_kept(tmp_path):
    async with company(tmp_path) as at:
        await at.hear("well", where=CHANNEL)
        at.clock.pass_time(9 * 24 * 3600)
        await at.app.message_log.prune()
        async with at.database.read() as db:
            assert await db.channels.messages_by_hour(CHANNEL.channel_id, since=0) == {}
