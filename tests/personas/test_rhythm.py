"""When a channel is lively, and who joins in then (F106, C80)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.rhythm import BUSY, CALM, USUAL, Profile, hour_of, profile_of, shift_at, shifted_chance
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
    assert profile_of(week(dict.fromkeys(range(24), 9)), EPOCH) == Profile()
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


@pytest.mark.parametrize(("lively", "joined"), [(True, False), (False, True)])
async def test_characters_take_up_less_of_what_another_said_in_lively_hours(tmp_path, lively, joined):
    """F106: the channel's own rhythm decides how readily somebody joins in."""
    hours = {EPOCH.hour: 30 if lively else 0, **{hour: 5 for hour in range(24) if hour != EPOCH.hour}}
    answered = 0
    async with company(tmp_path, direction=chatty(banter=0.2, chain=2)) as at:
        async with at.database.begin() as db:
            for hour, count in week(hours).items():
                await db.channels.count_messages(CHANNEL.channel_id, hour, count)
        for number in range(12):
            await at.hear(f"Nyx, {number}?", where=CHANNEL)
        answered = len(at.mouth.said) - 12
    assert (answered > 0) is joined


async def test_what_is_older_than_a_week_is_not_kept(tmp_path):
    async with company(tmp_path) as at:
        await at.hear("well", where=CHANNEL)
        at.clock.pass_time(9 * 24 * 3600)
        await at.app.message_log.prune()
        async with at.database.read() as db:
            assert await db.channels.messages_by_hour(CHANNEL.channel_id, since=0) == {}
