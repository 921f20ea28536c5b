"""Diagnosis of a character's hormones, for operators: no persons, no places (F085)."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from bot.conversation.attention.explain import POSTURE_NAMES
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.mood_state import InnerLife, day_of, feeling_of
from bot.core.clock import Clock
from bot.core.i18n import _, number, worded
from bot.core.spelling import listed
from bot.features.inner_life.replay import Log, log_of, steps
from bot.features.inner_life.wording import HORMONES, MOODS, STIMULI
from database import Database
from personas.affect import hormones, hostility, moods
from personas.affect.hormones import Feeling, Nature
from personas.affect.hostility import POSTURES, HostilityState
from personas.affect.moods import Mood, Threshold
from personas.affect.temperament import DayMood, Hormone

MOST_STIMULI = 6

TABLE_HEAD = _("Hormones, 0 to 1: now = by nature + day + hour + what is left of what happened")
NOW, NATURE, DAYS, HOUR, LEFT = (
    _("now", "a column: the level of a hormone"),
    _("nature", "a column: where a hormone rests by nature"),
    _("day", "a column: what the day adds to a hormone"),
    _("hour", "a column: what the hour adds to a hormone"),
    _("left", "a column: what is left of what happened"),
)
HALF_LIFE = _("Half of what is left goes in {minutes} minutes (recovery {recovery})")
NO_STIMULI = _("Nothing has moved it in the last nine days")
STIMULI_HEAD = _("What moved it last, and by how much")
NO_EFFECT = _("no change")
MOOD = _("Mood: {mood}")
BECAUSE = _("Mood: {mood}, because {thresholds}")
PASSED_OVER = _("Passed over, because the day is too unusual for it: {moods}")
NEAREST = _("Other thresholds: {moods}")
WAY_INTO = _("{mood} {thresholds}", "a mood, and from what levels on it is there")
SLEEPY = _("Sleepy from melatonin {least}: {yes_or_no}")
TYPING = _("Typing: {factor} times the usual pace")
HOSTILE = _("Hostility: {hostility} ({posture}; {thresholds}), half of it goes in {hours} hours")
SKIN = _("Skin: {skin} (by nature {nature}), so an attack hits {strength} times as hard")
HOSTILITY_OFF = _("Hostility: switched off in its temperament")
AS_USUAL = _("as usual", "how a character talks that was not attacked")
YES, NO = _("yes"), _("no")


@dataclass(frozen=True, slots=True)
class HormoneReading:
    """One hormone: its `level` and the components that add up to it."""

    hormone: Hormone
    level: float
    nature: float
    day: float
    hour: float
    left: float


@dataclass(frozen=True, slots=True)
class Effect:
    """Stimuli of one moment, combined, and the hormone changes that they caused."""

    at: datetime
    kinds: tuple[str, ...]
    changes: Mapping[Hormone, float]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that determines how a character feels; `effects` are the latest, newest first."""

    readings: tuple[HormoneReading, ...]
    half_life: timedelta
    effects: tuple[Effect, ...]
    levels: Mapping[Hormone, float]
    mood: Mood | None
    passed_over: tuple[Mood, ...]
    tempo: float
    guard: HostilityState


class Diagnoses:
    """Computes diagnoses on demand; nothing is stored."""

    def __init__(self, database: Database, inner: InnerLife, clock: Clock) -> None:
        self._database = database
        self._inner = inner
        self._clock = clock

    async def of(self, role: PlayedCharacter) -> Diagnosis:
        now, nature = self._clock.now(), self._inner.nature(role)
        async with self._database.read() as db:
            feeling = feeling_of(await db.characters.feeling(role.slug), now)
            log = await log_of(db, role, now)
            day = await day_of(db, role.slug)
            guard = await self._inner.guard(db, role, feeling)
        effects = await asyncio.to_thread(_effects, log, nature, feeling)
        levels = hormones.levels(feeling, nature, now)
        return Diagnosis(
            tuple(_reading(hormone, level, feeling, nature, now) for hormone, level in levels.items()),
            hormones.half_life(nature),
            effects,
            levels,
            moods.mood_of(levels, day, nature.temperament),
            _passed_over(levels, day, nature),
            moods.tempo_of(levels),
            guard or HostilityState(now),
        )


def _reading(
    hormone: Hormone, level: float, feeling: Feeling, nature: Nature, now: datetime
) -> HormoneReading:
    later = hormones.advanced(feeling, nature, now)
    return HormoneReading(
        hormone,
        level,
        nature.temperament.rests_at(hormone),
        later.shift.get(hormone, 0.0),
        hormones.circadian(hormone, later.at.astimezone(nature.zone)),
        later.deviations.get(hormone, 0.0),
    )


def _effects(log: Log, nature: Nature, feeling: Feeling) -> tuple[Effect, ...]:
    start = hormones.at_rest(log.stirrings[0].at) if log.stirrings else feeling
    found: deque[Effect] = deque(maxlen=MOST_STIMULI)
    stirred = (step for step in steps(log, nature, start) if step.stimulus is not None)  # a day comes slowly
    for at, group in groupby(stirred, lambda step: step.at):
        moment_steps = list(group)
        was = hormones.levels(moment_steps[0].before, nature, at)
        became = hormones.levels(moment_steps[-1].after, nature, at)
        changes = {
            hormone: became[hormone] - was[hormone]
            for hormone in Hormone
            if abs(became[hormone] - was[hormone]) >= hostility.TRACE
        }
        found.appendleft(Effect(at, tuple(str(step.stimulus) for step in moment_steps), changes))
    return tuple(found)


def _passed_over(
    levels: Mapping[Hormone, float], day: Mapping[DayMood, int], nature: Nature
) -> tuple[Mood, ...]:
    return tuple(
        mood
        for mood in moods.MOODS
        if mood.way_into(levels) and moods.is_belied(mood, day, nature.temperament)
    )


# In words


def table(diagnosis: Diagnosis) -> list[str]:
    """Return the hormones as table lines for a monospaced font."""
    names = {hormone: worded(HORMONES, hormone) for hormone in Hormone}
    wide = max(map(len, names.values()))
    titles = [str(title) for title in (NOW, NATURE, DAYS, HOUR, LEFT)]
    lines = ["  ".join([" " * wide, *(title.rjust(6) for title in titles)])]
    for reading in diagnosis.readings:
        figures = [number(reading.level, ".2f"), number(reading.nature, ".2f")]
        figures += [_signed(part) for part in (reading.day, reading.hour, reading.left)]
        lines.append(
            "  ".join([names[reading.hormone].ljust(wide), *(figure.rjust(6) for figure in figures)])
        )
    return lines


def effect_words(effect: Effect) -> str:
    """Describe an effect: `mention + thanks: dopamine +0.06, ...`."""
    changes = [f"{worded(HORMONES, hormone)} {_signed(change)}" for hormone, change in effect.changes.items()]
    kinds = " + ".join(worded(STIMULI, kind) for kind in effect.kinds)
    return f"{kinds}: {', '.join(changes) or NO_EFFECT}"


def conclusions(diagnosis: Diagnosis, role: PlayedCharacter) -> list[str]:
    """Return the conclusions from the levels, each with the thresholds behind it."""
    lines = [_mood(diagnosis)]
    if diagnosis.passed_over:
        lines.append(
            PASSED_OVER.format(moods=", ".join(_way(mood, diagnosis) for mood in diagnosis.passed_over))
        )
    others = [mood for mood in moods.MOODS if mood != diagnosis.mood and mood not in diagnosis.passed_over]
    lines.append(NEAREST.format(moods="; ".join(_ways(mood) for mood in others)))
    sleepy = YES if moods.is_sleepy(diagnosis.levels) else NO
    lines.append(SLEEPY.format(least=number(moods.SLEEPY, ".2f"), yes_or_no=sleepy))
    lines.append(TYPING.format(factor=number(diagnosis.tempo, ".2f")))
    minutes = diagnosis.half_life / timedelta(minutes=1)
    recovery = number(role.character.temperament.recovery, "g")
    lines.append(HALF_LIFE.format(minutes=number(minutes, ".0f"), recovery=recovery))
    return [*lines, *_guarded(diagnosis.guard, role)]


def _mood(diagnosis: Diagnosis) -> str:
    mood = diagnosis.mood
    if mood is None:
        return MOOD.format(mood=worded(MOODS, moods.STEADY))
    thresholds = _thresholds(mood.way_into(diagnosis.levels), diagnosis.levels)
    return BECAUSE.format(mood=worded(MOODS, mood.name), thresholds=thresholds)


def _way(mood: Mood, diagnosis: Diagnosis) -> str:
    way = _thresholds(mood.way_into(diagnosis.levels), diagnosis.levels)
    return WAY_INTO.format(mood=worded(MOODS, mood.name), thresholds=way)


def _ways(mood: Mood) -> str:
    ways = " / ".join(_thresholds(way) for way in mood.ways)
    return WAY_INTO.format(mood=worded(MOODS, mood.name), thresholds=ways)


def _thresholds(way: tuple[Threshold, ...], levels: Mapping[Hormone, float] | None = None) -> str:
    """Describe thresholds, with the current levels if given."""
    return listed([_threshold(threshold, levels) for threshold in way])


def _threshold(threshold: Threshold, levels: Mapping[Hormone, float] | None) -> str:
    at = f" {number(levels[threshold.hormone], '.3f')}" if levels else ""
    sign = "≥" if threshold.is_least else "≤"
    return f"{worded(HORMONES, threshold.hormone)}{at} {sign} {number(threshold.level, '.2f')}"


def _guarded(guard: HostilityState, role: PlayedCharacter) -> list[str]:
    temperament = role.character.temperament
    skin = SKIN.format(
        skin=_signed(hostility.skin_of(guard, temperament)),
        nature=_signed(temperament.skin),
        strength=number(hostility.strength(guard, temperament), ".2f"),
    )
    if not temperament.hostility:
        return [str(HOSTILITY_OFF), skin]
    posture = worded(POSTURE_NAMES, guard.posture.name) if guard.posture else str(AS_USUAL)
    told = HOSTILE.format(
        hostility=number(guard.hostility, ".2f"),
        posture=posture,
        thresholds=", ".join(
            f"{worded(POSTURE_NAMES, posture_level.name)} ≥ {number(posture_level.at_least, '.2f')}"
            for posture_level in POSTURES
        ),
        hours=number(hostility.HALF_LIFE / timedelta(hours=1), "g"),
    )
    return [told, skin]


def _signed(value: float) -> str:
    return number(value, "+.2f").replace("-", "−") if abs(value) >= hostility.TRACE else number(0.0, ".2f")
