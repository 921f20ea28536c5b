"""When a channel is lively and when it is quiet, and what that means for joining in there (F106, C80)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

Quantity = TypeVar("Quantity", float, timedelta)

WINDOW = timedelta(days=7)
HOURS = 4
"""So many hours of the day are a channel's liveliest, and as many its quietest."""
ENOUGH = 50
"""Messages of a week below which nothing can be told."""
LONGEST_CHANCE = 0.5
WHOLE_FROM = 0.5
"""From this chance on a shift of it counts in full; of a smaller one in proportion, or none would be left."""
SILENCES = timedelta(minutes=30), timedelta(hours=2)
"""The shortest and the longest silence that a channel is given before the hour of the day counts."""
SHORTEST_SILENCE, LONGEST_SILENCE = timedelta(seconds=600), timedelta(seconds=28_800)
PAUSE = timedelta(hours=1)
"""Between two remarks that nobody asked for, in an hour like any other."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 3.0
"""Factors of the pause."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The hours of the day (0 to 23, UTC) in which most and least is said; neither where little is known.

    `silence` is how long nobody spoke before a character speaks first, in an hour that is neither.
    """

    peak: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()
    silence: timedelta = SILENCES[0]


NO_PROFILE = Profile()


@dataclass(frozen=True, slots=True)
class Shift:
    """What an hour does to speaking unasked: factors of the silence before it and of the pause after it, and
    what is added to the chance."""

    silence: float = 1.0
    pause: float = 1.0
    chance: float = 0.0


BUSY = Shift(silence=1.2, pause=1.5, chance=-0.2)
CALM = Shift(silence=0.8, pause=0.7, chance=0.3)
USUAL = Shift()


def hour_of(at: datetime) -> int:
    """Return a moment as the count of whole hours since 1970."""
    return int(at.timestamp() // 3600)


def profile_of(counts: Mapping[int, int], now: datetime) -> Profile:
    """Return when a channel is lively, by how much was said in each hour of the last seven days.

    `counts` are by hours since 1970. Of hours that are alike the earlier of the day comes first; no hour is
    both, and where all are alike there is neither.
    """
    since, totals = hour_of(now - WINDOW), dict.fromkeys(range(24), 0)
    known = {hour: count for hour, count in counts.items() if count and since < hour <= hour_of(now)}
    for hour, count in known.items():
        totals[hour % 24] += count
    if sum(totals.values()) < ENOUGH:
        return NO_PROFILE
    # The silences between messages are as long together as the time in which they were said.
    mean = timedelta(hours=hour_of(now) - min(known) + 1) / sum(totals.values())
    silence = _within(2 * mean, *SILENCES)
    if len(set(totals.values())) == 1:
        return Profile(silence=silence)
    ranked = sorted(totals, key=lambda hour: (-totals[hour], hour))
    peak = frozenset(hour for hour in ranked[:HOURS] if totals[hour])
    least = sorted(totals, key=lambda hour: (totals[hour], hour))
    return Profile(peak, frozenset(least[:HOURS]) - peak, silence)


def shift_at(profile: Profile, now: datetime) -> Shift:
    """Return what the present hour of the day does: seldom in lively hours, sooner in quiet ones (C80)."""
    hour = now.astimezone(UTC).hour
    if hour in profile.peak:
        return BUSY
    return CALM if hour in profile.quiet else USUAL


def shifted_chance(chance: float, shift: Shift) -> float:
    """Return a chance (0 to 1) as it is in this hour: changed by half at most; what is off stays off."""
    change = _within(shift.chance, -LONGEST_CHANCE, LONGEST_CHANCE) * min(chance / WHOLE_FROM, 1.0)
    return _within(chance + change, 0.0, 1.0)


def silence_before(profile: Profile, shift: Shift) -> timedelta:
    """Return how long nobody has to have spoken in a channel before a character speaks first (C80)."""
    return _within(profile.silence * shift.silence, SHORTEST_SILENCE, LONGEST_SILENCE)


def pause_after(shift: Shift) -> timedelta:
    """Return how long a character keeps to itself after it spoke first (C80)."""
    return PAUSE * _within(shift.pause, SHORTEST_PAUSE, LONGEST_PAUSE)


def _within(value: Quantity, least: Quantity, most: Quantity) -> Quantity:
    return min(max(value, least), most)
