"""When a channel is lively and when it is quiet, and what that means for joining in there (F106, C80)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WINDOW = timedelta(days=7)
HOURS = 4
"""So many hours of the day are a channel's liveliest, and as many its quietest."""
ENOUGH = 50
"""Messages of a week below which nothing can be told."""
LONGEST_CHANCE = 0.5


@dataclass(frozen=True, slots=True)
class Profile:
    """The hours of the day (0 to 23, UTC) in which most and least is said; neither where little is known."""

    peak: frozenset[int] = frozenset()
    quiet: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Shift:
    """What an hour does to speaking unasked: factors of the silence waited for and of the pause after it,
    and what is added to the chance."""

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
    for hour, count in counts.items():
        if since < hour <= hour_of(now):
            totals[hour % 24] += count
    if sum(totals.values()) < ENOUGH or len(set(totals.values())) == 1:
        return Profile()
    ranked = sorted(totals, key=lambda hour: (-totals[hour], hour))
    peak = frozenset(hour for hour in ranked[:HOURS] if totals[hour])
    least = sorted(totals, key=lambda hour: (totals[hour], hour))
    return Profile(peak, frozenset(least[:HOURS]) - peak)


def shift_at(profile: Profile, now: datetime) -> Shift:
    """Return what the present hour of the day does: seldom in lively hours, sooner in quiet ones (C80)."""
    hour = now.astimezone(UTC).hour
    if hour in profile.peak:
        return BUSY
    return CALM if hour in profile.quiet else USUAL


def shifted_chance(chance: float, shift: Shift) -> float:
    """Return a chance (0 to 1) as it is in this hour: changed by half at most; what is off stays off."""
    if chance <= 0:
        return 0.0
    change = min(max(shift.chance, -LONGEST_CHANCE), LONGEST_CHANCE)
    return min(max(chance + change, 0.0), 1.0)
