"""A character's hormones and all that makes them so, for operators: no person, no place (F085)."""

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
    """One hormone: its `level`, and what that is made of."""

    hormone: Hormone
    level: float
    nature: float
    day: float
    hour: float
    left: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What moved a character at a moment, and by how much: what comes together is one."""

    at: datetime
    kinds: tuple[str, ...]
    changes: Mapping[Hormone, float]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that makes a character feel as it does; `effects` are the last ones, the newest first."""

    readings: tuple[HormoneReading, ...]
    half_life: timedelta
    effects: tuple[Effect, ...]
    levels: Mapping[Hormone, float]
    mood: Mood | None
    passed_over: tuple[Mood, ...]
    tempo: float
    guard: HostilityState


class Diagnoses:
    """Works out anew what makes a character feel as it does; nothing is kept of that."""

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
            tuple(_reading(one, level, feeling, nature, now) for one, level in levels.items()),
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
    stirred = (one for one in steps(log, nature, start) if one.stimulus is not None)  # a day comes slowly
    for at, together in groupby(stirred, lambda step: step.at):
        all_of_it = list(together)
        was = hormones.levels(all_of_it[0].before, nature, at)
        became = hormones.levels(all_of_it[-1].after, nature, at)
        changes = {
            one: became[one] - was[one] for one in Hormone if abs(became[one] - was[one]) >= hostility.TRACE
        }
        found.appendleft(Effect(at, tuple(str(one.stimulus) for one in all_of_it), changes))
    return tuple(found)


def _passed_over(
    levels: Mapping[Hormone, float], day: Mapping[DayMood, int], nature: Nature
) -> tuple[Mood, ...]:
    return tuple(
        one for one in moods.MOODS if one.way_into(levels) and moods.is_belied(one, day, nature.temperament)
    )


# In words


def table(diagnosis: Diagnosis) -> list[str]:
    """Return the hormones as lines of a table in letters of one width."""
    names = {one: worded(HORMONES, one) for one in Hormone}
    wide = max(map(len, names.values()))
    titles = [str(one) for one in (NOW, NATURE, DAYS, HOUR, LEFT)]
    lines = ["  ".join([" " * wide, *(one.rjust(6) for one in titles)])]
    for one in diagnosis.readings:
        figures = [number(one.level, ".2f"), number(one.nature, ".2f")]
        figures += [_signed(part) for part in (one.day, one.hour, one.left)]
        lines.append("  ".join([names[one.hormone].ljust(wide), *(figure.rjust(6) for figure in figures)]))
    return lines


def effect_words(effect: Effect) -> str:
    """Return what moved a character, and by how much: `mention + thanks: dopamine +0.06, ...`."""
    changes = [f"{worded(HORMONES, one)} {_signed(change)}" for one, change in effect.changes.items()]
    kinds = " + ".join(worded(STIMULI, one) for one in effect.kinds)
    return f"{kinds}: {', '.join(changes) or NO_EFFECT}"


def conclusions(diagnosis: Diagnosis, role: PlayedCharacter) -> list[str]:
    """Return what follows from the levels, each with the thresholds that make it so."""
    lines = [_mood(diagnosis)]
    if diagnosis.passed_over:
        lines.append(
            PASSED_OVER.format(moods=", ".join(_way(one, diagnosis) for one in diagnosis.passed_over))
        )
    others = [one for one in moods.MOODS if one != diagnosis.mood and one not in diagnosis.passed_over]
    lines.append(NEAREST.format(moods="; ".join(_ways(one) for one in others)))
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
    ways = " / ".join(_thresholds(one) for one in mood.ways)
    return WAY_INTO.format(mood=worded(MOODS, mood.name), thresholds=ways)


def _thresholds(way: tuple[Threshold, ...], levels: Mapping[Hormone, float] | None = None) -> str:
    """Return thresholds, with the levels that reach them where these are given."""
    return listed([_threshold(one, levels) for one in way])


def _threshold(one: Threshold, levels: Mapping[Hormone, float] | None) -> str:
    at = f" {number(levels[one.hormone], '.3f')}" if levels else ""
    return f"{worded(HORMONES, one.hormone)}{at} {'≥' if one.is_least else '≤'} {number(one.level, '.2f')}"


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
            f"{worded(POSTURE_NAMES, one.name)} ≥ {number(one.at_least, '.2f')}" for one in POSTURES
        ),
        hours=number(hostility.HALF_LIFE / timedelta(hours=1), "g"),
    )
    return [told, skin]


def _signed(value: float) -> str:
    return number(value, "+.2f").replace("-", "−") if abs(value) >= hostility.TRACE else number(0.0, ".2f")
