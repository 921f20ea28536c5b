"""Seven hormones: stimuli, decay, and their effect on a manner of speaking (F085, C69).

A level, from 0 to 1, is the sum of the character's baseline, the day's shift, the effect of the hour, and the
remaining deviation. Only the deviation is stored, with its moment: every later level follows from it, however
often it is read and whether or not the program ran meanwhile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from math import exp, log

from personas.affect.temperament import Hormone, Stimulus, Temperament

RATE = -60 * log(0.995)
"""Hourly rate of continuous decay: 0.995 of a deviation is left after each minute (F085)."""
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
"""Effect of each stimulus on a level of 0.5 (F085; gratitude, night and conflict classes are added)."""
CURVES: Mapping[Hormone, tuple[float, float, float]] = {
    Hormone.DOPAMINE: (6, 11, 0.02),
    Hormone.SEROTONIN: (6, 11, 0.01),
    Hormone.MELATONIN: (21, 5, 0.03),
}
"""Hours of the day, from and to, that raise a hormone by an hourly amount, which decays as usual (F085)."""
NIGHT_HOURS = (23, 5)
"""Hours that count as night."""
SILENCES = tuple(timedelta(hours=hours) for hours in (6, 12, 24, 48))
"""Silences after which the character feels neglected, once each; after the last it is used to it."""
NOVELTY = timedelta(minutes=30)
"""Time constant of novelty: a repeated stimulus has 63 % of its effect after this time."""


@dataclass(frozen=True, slots=True)
class Feeling:
    """Deviations `at` a moment, and the day's `shift` of the baselines.

    `talked_at` is the last talk with the character; `lately` has the last time of each stimulus.
    """

    at: datetime
    talked_at: datetime
    deviations: Mapping[Hormone, float] = field(default_factory=dict)
    shift: Mapping[Hormone, float] = field(default_factory=dict)
    lately: Mapping[Stimulus, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Nature:
    """The constant parts: the temperament, and the time zone of the character's day."""

    temperament: Temperament
    zone: tzinfo


def at_rest(now: datetime) -> Feeling:
    """Return a feeling without any deviation."""
    return Feeling(now, now)


def levels(feeling: Feeling, nature: Nature, now: datetime) -> dict[Hormone, float]:
    """Return the level of each hormone, 0 to 1. A `now` before the feeling counts as its own moment."""
    later = advanced(feeling, nature, now)
    return {
        hormone: _bounded(_base(later, nature, hormone) + later.deviations.get(hormone, 0.0))
        for hormone in Hormone
    }


def advanced(feeling: Feeling, nature: Nature, to: datetime) -> Feeling:
    """Return a feeling at a later time, including neglect; the number of steps makes no difference."""
    for pulse in (feeling.talked_at + silence for silence in SILENCES):
        if feeling.at < pulse <= to:
            neglected = _faded(feeling, nature, pulse)
            feeling = _moved(neglected, nature, Stimulus.NEGLECT, 1.0)
    return _faded(feeling, nature, to)


def felt(
    feeling: Feeling, nature: Nature, stimulus: Stimulus, at: datetime, strength: float = 1.0
) -> Feeling:
    """Return a feeling after a stimulus; every stimulus except neglect counts as company.

    `strength` is a factor, 1 by default: a thick skin reduces it.
    """
    before = advanced(feeling, nature, at)
    last = before.lately.get(stimulus)
    novelty = 1.0 if last is None else 1 - exp(-max(before.at - last, timedelta(0)) / NOVELTY)
    moved = _moved(before, nature, stimulus, novelty * strength)
    talked_at = before.talked_at if stimulus is Stimulus.NEGLECT else max(before.at, before.talked_at)
    return replace(moved, talked_at=talked_at, lately={**before.lately, stimulus: before.at})


def dawned(feeling: Feeling, nature: Nature, shift: Mapping[Hormone, float], at: datetime) -> Feeling:
    """Return a feeling after the start of a day with another shift, with a smooth transition."""
    before = advanced(feeling, nature, at)
    kept = {
        hormone: before.deviations.get(hormone, 0.0)
        + before.shift.get(hormone, 0.0)
        - shift.get(hormone, 0.0)
        for hormone in Hormone
    }
    return replace(before, deviations=kept, shift=dict(shift))


@dataclass(frozen=True, slots=True)
class Event:
    """A stimulus of a `strength`, or the start of a day with a `shift`."""

    at: datetime
    stimulus: Stimulus | None = None
    shift: Mapping[Hormone, float] | None = None
    strength: float = 1.0


def replayed(events: Iterable[Event], nature: Nature, start: Feeling) -> Feeling:
    """Return the feeling after a log of events, in order."""
    feeling = start
    for event in events:
        if event.stimulus is not None:
            feeling = felt(feeling, nature, event.stimulus, event.at, event.strength)
        if event.shift is not None:
            feeling = dawned(feeling, nature, event.shift, event.at)
    return feeling


def is_night(at: datetime, zone: tzinfo) -> bool:
    """Return whether a moment is at night."""
    begin, end = NIGHT_HOURS
    hour = at.astimezone(zone).hour
    return hour >= begin or hour < end


def half_life(nature: Nature) -> timedelta:
    """Return the time after which half of a deviation is left."""
    return timedelta(hours=log(2) / (RATE * nature.temperament.recovery))


def _base(feeling: Feeling, nature: Nature, hormone: Hormone) -> float:
    rest = nature.temperament.rests_at(hormone) + feeling.shift.get(hormone, 0.0)
    return rest + circadian(hormone, feeling.at.astimezone(nature.zone))


def _faded(feeling: Feeling, nature: Nature, to: datetime) -> Feeling:
    if to <= feeling.at:
        return feeling
    hours = (to - feeling.at) / timedelta(hours=1)
    left = exp(-RATE * nature.temperament.recovery * hours)
    return replace(
        feeling,
        at=to,
        deviations={hormone: deviation * left for hormone, deviation in feeling.deviations.items()},
    )


def _moved(feeling: Feeling, nature: Nature, stimulus: Stimulus, novelty: float) -> Feeling:
    """Add a stimulus's effect, which is smaller the closer a level is to its limit."""
    deviations = dict(feeling.deviations)
    strength = nature.temperament.moved_by(stimulus) * novelty
    for hormone, effect in EFFECTS[stimulus].items():
        base = _base(feeling, nature, hormone)
        level = _bounded(base + deviations.get(hormone, 0.0))
        room = min(2 * (1 - level if effect > 0 else level), 1.0)
        deviations[hormone] = _bounded(level + effect * strength * room) - base
    return replace(feeling, deviations=deviations)


def circadian(hormone: Hormone, local: datetime) -> float:
    """Return the effect of the hour on a hormone, which rises in the curve's hours and then decays."""
    curve = CURVES.get(hormone)
    if curve is None:
        return 0.0
    begin, end, amount = curve
    since = (local.hour + local.minute / 60 + local.second / 3600 - begin) % 24
    return _gathered(since, (end - begin) % 24, amount)


def _gathered(since: float, length: float, amount: float) -> float:
    """Return the periodic accumulation `since` hours after the start of the rising hours."""
    full = amount / RATE
    most = full * (1 - exp(-RATE * length)) / (1 - exp(-RATE * 24))
    if since >= length:
        return most * exp(-RATE * (since - length))
    return full * (1 - exp(-RATE * since)) + most * exp(-RATE * (24 - length)) * exp(-RATE * since)


def _bounded(level: float) -> float:
    return min(max(level, 0.0), 1.0)
