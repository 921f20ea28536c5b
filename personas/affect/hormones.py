"""Seven hormones: what moves them, how they come to rest, and what they do to a way of talking (F085, C69).

A level, from 0 to 1, is the character's own baseline, plus what the day is like, plus the hour of the day,
plus what is left of what happened. Only the last is kept, with the moment it was true at: any later level
follows from that, so it makes no difference how often one looks, or whether the program ran meanwhile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from math import exp, log

from personas.affect.temperament import Hormone, Stimulus, Temperament

RATE = -60 * log(0.995)
"""So much of a deviation goes in an hour, continuously: 0.995 is left of it after each minute (F085)."""
EFFECTS: Mapping[Stimulus, Mapping[Hormone, float]] = {
    Stimulus.MENTION: {Hormone.DOPAMINE: 0.06},
    Stimulus.PRAISE: {Hormone.DOPAMINE: 0.08, Hormone.SEROTONIN: 0.05},
    Stimulus.GRATITUDE: {Hormone.SEROTONIN: 0.06, Hormone.ESTROGEN: 0.04, Hormone.CORTISOL: -0.03},
    Stimulus.RUDENESS: {Hormone.ADRENALINE: 0.05, Hormone.CORTISOL: 0.04},
    Stimulus.CONFLICT: {Hormone.ADRENALINE: 0.1, Hormone.CORTISOL: 0.07, Hormone.TESTOSTERONE: 0.03},
    Stimulus.THREAT: {Hormone.ADRENALINE: 0.15, Hormone.CORTISOL: 0.1, Hormone.TESTOSTERONE: 0.03},
    Stimulus.NEGLECT: {Hormone.CORTISOL: 0.05, Hormone.SEROTONIN: -0.03},
    Stimulus.NIGHT: {Hormone.MELATONIN: 0.03, Hormone.ADRENALINE: -0.02},
}
"""What each stimulus adds to whom it finds in the middle, at 0.5 (F085; gratitude, night and the classes of
conflict are ours)."""
CURVES: Mapping[Hormone, tuple[float, float, float]] = {
    Hormone.DOPAMINE: (6, 11, 0.02),
    Hormone.SEROTONIN: (6, 11, 0.01),
    Hormone.MELATONIN: (21, 5, 0.03),
}
"""From which hour to which the time of day adds so much in an hour, which goes again like all else (F085)."""
NIGHT_HOURS = (23, 5)
"""Who is talked to between these hours is talked to at night."""
SILENCES = tuple(timedelta(hours=hours) for hours in (6, 12, 24, 48))
"""After so much silence it feels neglected, once more each time; then it has got used to it."""
NOVELTY = timedelta(minutes=30)
"""What happens again moves less, the sooner it does: 63 % of it after this time."""


@dataclass(frozen=True, slots=True)
class Feeling:
    """What is left of what happened: deviations as they were `at` a moment, `shift` by what the day is like.

    It was last talked with at `talked_at`; `lately` says when each stimulus last came.
    """

    at: datetime
    talked_at: datetime
    deviations: Mapping[Hormone, float] = field(default_factory=dict)
    shift: Mapping[Hormone, float] = field(default_factory=dict)
    lately: Mapping[Stimulus, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Nature:
    """What does not change with what happens: the temperament, and the zone whose hours it lives by."""

    temperament: Temperament
    zone: tzinfo


def at_rest(now: datetime) -> Feeling:
    """Return the feeling of whom nothing happened to yet."""
    return Feeling(now, now)


def levels(feeling: Feeling, nature: Nature, now: datetime) -> dict[Hormone, float]:
    """Return the level of each hormone, 0 to 1. A `now` before the feeling counts as its own moment."""
    later = advanced(feeling, nature, now)
    return {one: _bounded(_base(later, nature, one) + later.deviations.get(one, 0.0)) for one in Hormone}


def advanced(feeling: Feeling, nature: Nature, to: datetime) -> Feeling:
    """Return a feeling as it is later, neglect included: in one step or in many, it is the same."""
    for pulse in (feeling.talked_at + silence for silence in SILENCES):
        if feeling.at < pulse <= to:
            neglected = _faded(feeling, nature, pulse)
            feeling = _moved(neglected, nature, Stimulus.NEGLECT, 1.0)
    return _faded(feeling, nature, to)


def felt(
    feeling: Feeling, nature: Nature, stimulus: Stimulus, at: datetime, strength: float = 1.0
) -> Feeling:
    """Return a feeling after something happened; all but neglect is company as well.

    `strength` is how hard it hits, 1 for as hard as usual: through a thick skin less comes.
    """
    before = advanced(feeling, nature, at)
    last = before.lately.get(stimulus)
    novelty = 1.0 if last is None else 1 - exp(-max(before.at - last, timedelta(0)) / NOVELTY)
    moved = _moved(before, nature, stimulus, novelty * strength)
    talked_at = before.talked_at if stimulus is Stimulus.NEGLECT else max(before.at, before.talked_at)
    return replace(moved, talked_at=talked_at, lately={**before.lately, stimulus: before.at})


def dawned(feeling: Feeling, nature: Nature, shift: Mapping[Hormone, float], at: datetime) -> Feeling:
    """Return a feeling after the day turned out to be another: it goes over into that, and does not jump."""
    before = advanced(feeling, nature, at)
    kept = {
        one: before.deviations.get(one, 0.0) + before.shift.get(one, 0.0) - shift.get(one, 0.0)
        for one in Hormone
    }
    return replace(before, deviations=kept, shift=dict(shift))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a stimulus of a `strength`, or a day that began with this `shift`."""

    at: datetime
    stimulus: Stimulus | None = None
    shift: Mapping[Hormone, float] | None = None
    strength: float = 1.0


def replayed(events: Iterable[Event], nature: Nature, start: Feeling) -> Feeling:
    """Return the feeling that a log of events leaves, in the order of the log."""
    feeling = start
    for event in events:
        if event.stimulus is not None:
            feeling = felt(feeling, nature, event.stimulus, event.at, event.strength)
        if event.shift is not None:
            feeling = dawned(feeling, nature, event.shift, event.at)
    return feeling


def is_night(at: datetime, zone: tzinfo) -> bool:
    """Say whether somebody who talks now talks at night."""
    begin, end = NIGHT_HOURS
    hour = at.astimezone(zone).hour
    return hour >= begin or hour < end


def half_life(nature: Nature) -> timedelta:
    """Return after how much time half of a deviation is left."""
    return timedelta(hours=log(2) / (RATE * nature.temperament.recovery))


def _base(feeling: Feeling, nature: Nature, hormone: Hormone) -> float:
    rest = nature.temperament.rests_at(hormone) + feeling.shift.get(hormone, 0.0)
    return rest + circadian(hormone, feeling.at.astimezone(nature.zone))


def _faded(feeling: Feeling, nature: Nature, to: datetime) -> Feeling:
    if to <= feeling.at:
        return feeling
    hours = (to - feeling.at) / timedelta(hours=1)
    left = exp(-RATE * nature.temperament.recovery * hours)
    return replace(feeling, at=to, deviations={one: x * left for one, x in feeling.deviations.items()})


def _moved(feeling: Feeling, nature: Nature, stimulus: Stimulus, novelty: float) -> Feeling:
    """Add what a stimulus does, the less of it the nearer a level is to its end already."""
    deviations = dict(feeling.deviations)
    strength = nature.temperament.moved_by(stimulus) * novelty
    for hormone, effect in EFFECTS[stimulus].items():
        base = _base(feeling, nature, hormone)
        level = _bounded(base + deviations.get(hormone, 0.0))
        room = min(2 * (1 - level if effect > 0 else level), 1.0)
        deviations[hormone] = _bounded(level + effect * strength * room) - base
    return replace(feeling, deviations=deviations)


def circadian(hormone: Hormone, local: datetime) -> float:
    """Return what the time of day adds to a hormone: it gathers in its hours, and goes in the others."""
    curve = CURVES.get(hormone)
    if curve is None:
        return 0.0
    begin, end, amount = curve
    since = (local.hour + local.minute / 60 + local.second / 3600 - begin) % 24
    return _gathered(since, (end - begin) % 24, amount)


def _gathered(since: float, length: float, amount: float) -> float:
    """Return what stands so many hours `since` the beginning of those in which it gathers, day by day."""
    full = amount / RATE
    most = full * (1 - exp(-RATE * length)) / (1 - exp(-RATE * 24))
    if since >= length:
        return most * exp(-RATE * (since - length))
    return full * (1 - exp(-RATE * since)) + most * exp(-RATE * (24 - length)) * exp(-RATE * since)


def _bounded(level: float) -> float:
    return min(max(level, 0.0), 1.0)
