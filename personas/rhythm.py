"""Activity of channels by hour, and its effect on unprompted remarks (F106, C80)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

Quantity = TypeVar("Quantity", float, timedelta)

WINDOW = timedelta(days=7)
HOURS = 4
"""Number of peak hours per day, and of quiet hours."""
ENOUGH = 50
"""Minimum number of messages per week for a profile."""
LONGEST_CHANCE = 0.5
WHOLE_FROM = 0.5
"""Probability from which a shift counts in full; below, it counts in proportion, so that some remains."""
SILENCES = timedelta(minutes=30), timedelta(hours=2)
"""Bounds of a channel's required silence, before the hour is considered."""
SHORTEST_SILENCE, LONGEST_SILENCE = timedelta(seconds=600), timedelta(seconds=28_800)
PAUSE = timedelta(hours=1)
"""Normal pause between unprompted remarks."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 3.0
"""Bounds of the pause's factor."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The busiest and quietest hours of the day (0 to 23, UTC), both empty without enough data.

    `silence` is the required silence before an unprompted remark in a normal hour.
    """

    peak: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()
    silence: timedelta = SILENCES[0]


NO_PROFILE = Profile()


@dataclass(frozen=True, slots=True)
class Shift:
    """Effect of an hour on unprompted remarks: factors of the silence before and the pause after, and an
    offset of the probability."""

    silence: float = 1.0
    pause: float = 1.0
    chance: float = 0.0


BUSY = Shift(silence=1.2, pause=1.5, chance=-0.2)
CALM = Shift(silence=0.8, pause=0.7, chance=0.3)
USUAL = Shift()


def hour_of(at: datetime) -> int:
    """Return a moment as full hours since 1970."""
    return int(at.timestamp() // 3600)


def profile_of(counts: Mapping[int, int], now: datetime) -> Profile:
    """Return a channel's profile from the message counts of the last seven days.

    `counts` are keyed by hours since 1970. Of equal hours the earlier in the day comes first; no hour is both
    peak and quiet, and if all are equal there are neither.
    """
    since, totals = hour_of(now - WINDOW), dict.fromkeys(range(24), 0)
    known = {hour: count for hour, count in counts.items() if count and since < hour <= hour_of(now)}
    for hour, count in known.items():
        totals[hour % 24] += count
    if sum(totals.values()) < ENOUGH:
        return NO_PROFILE
    # The gaps between messages add up to the period in which they were sent.
    mean = timedelta(hours=hour_of(now) - min(known) + 1) / sum(totals.values())
    silence = _within(2 * mean, *SILENCES)
    if len(set(totals.values())) == 1:
        return Profile(silence=silence)
    ranked = sorted(totals, key=lambda hour: (-totals[hour], hour))
    peak = frozenset(hour for hour in ranked[:HOURS] if totals[hour])
    least = sorted(totals, key=lambda hour: (totals[hour], hour))
    return Profile(peak, frozenset(least[:HOURS]) - peak, silence)


def shift_at(profile: Profile, now: datetime) -> Shift:
    """Return the present hour's effect: remarks are rare in peak hours, sooner in quiet ones (C80)."""
    hour = now.astimezone(UTC).hour
    if hour in profile.peak:
        return BUSY
    return CALM if hour in profile.quiet else USUAL


def shifted_chance(chance: float, shift: Shift) -> float:
    """Return a probability (0 to 1) shifted for this hour: by at most a half; zero stays zero."""
    change = _within(shift.chance, -LONGEST_CHANCE, LONGEST_CHANCE) * min(chance / WHOLE_FROM, 1.0)
    return _within(chance + change, 0.0, 1.0)


def silence_before(profile: Profile, shift: Shift) -> timedelta:
    """Return the required silence in a channel before an unprompted remark (C80)."""
    return _within(profile.silence * shift.silence, SHORTEST_SILENCE, LONGEST_SILENCE)


def pause_after(shift: Shift) -> timedelta:
    """Return the pause after an unprompted remark (C80)."""
    return PAUSE * _within(shift.pause, SHORTEST_PAUSE, LONGEST_PAUSE)


def _within(value: Quantity, least: Quantity, most: Quantity) -> Quantity:
    return min(max(value, least), most)
