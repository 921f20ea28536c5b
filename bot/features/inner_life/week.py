"""How a character felt this week, replayed from its log of stimuli for one viewer (F085, C69).

Everybody may see the feelings. Only the person who caused one learns of that, and a place is named only to
viewers who can see it anyway.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.conversation.attention.explain import POSTURE_NAMES
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.mood_state import InnerLife, day_of, feeling_of
from bot.core.clock import Clock
from bot.core.i18n import _, number, worded
from bot.features.inner_life.replay import SHOWN, FeelingStep, Log, log_of, steps
from bot.features.inner_life.week_picture import Curve, PictureMoment, Week
from bot.features.inner_life.wording import DAY_MOODS, HORMONES, MANNERS, MOODS, SKINS
from database import Database
from database.models import Stirring
from personas.affect import hormones, hostility, moods
from personas.affect.hormones import SILENCES, Feeling, Nature
from personas.affect.hostility import GUARDED, HostilityState
from personas.affect.moods import Mood
from personas.affect.temperament import DayMood, Hormone, Stimulus

STEP = timedelta(minutes=30)
"""Interval between two points of a curve."""
TOGETHER = timedelta(hours=1)
"""Repetitions within this interval count as one moment."""
MOST_MOMENTS = 24
"""Maximum number of moments passed to a picture; it shows those that fit."""
LONG_SILENCE = SILENCES[2]
"""Shorter silences are nights."""
_WITH_YOU: Mapping[Stimulus, str] = {
    Stimulus.PRAISE: _("praise from you"),
    Stimulus.GRATITUDE: _("thanks from you"),
    Stimulus.RUDENESS: _("rude words from you"),
    Stimulus.CONFLICT: _("a quarrel with you"),
    Stimulus.THREAT: _("a threat from you"),
}
_WORDS: Mapping[Stimulus, str] = {
    Stimulus.PRAISE: _("praise"),
    Stimulus.GRATITUDE: _("thanks"),
    Stimulus.RUDENESS: _("rude words"),
    Stimulus.CONFLICT: _("a quarrel"),
    Stimulus.THREAT: _("a threat"),
    Stimulus.NEGLECT: _("a long silence"),
}
NOW, TODAY = _("How {name} feels now"), _("Today, 0 to 10 (and as usual)")
LEVELS = _("Hormones, 0 to 1 (and where they rest)")
HOSTILITY = _("Hostility, 0 to 1 (guarded from {least})")
SKIN = _("Skin, −1 thin to 1 thick (by nature)")
AND_POSTURE = _("{level}, {posture}", "how hostile a character is, and how it talks then")
SLEEPY = _("{mood}, sleepy")


@dataclass(frozen=True, slots=True)
class Viewer:
    """A viewer and the channels they can see: `sees` takes a channel id."""

    person_id: int
    sees: Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Happening:
    """A significant stimulus, `times` in a row, as far as the viewer may know.

    `channel_id` is set only if the viewer can see it; `private` marks talk between the two alone.
    """

    at: datetime
    stimulus: Stimulus
    weight: float
    yours: bool = False
    channel_id: int | None = None
    private: bool = False
    times: int = 1

    @property
    def words(self) -> str:
        """A short description that names nobody but the viewer."""
        words = str(_WITH_YOU[self.stimulus] if self.yours else _WORDS[self.stimulus])
        return f"{words} ×{self.times}" if self.times > 1 else words

    @property
    def side(self) -> tuple[Stimulus, bool, int | None, bool]:
        """Key of happenings that are merged."""
        return self.stimulus, self.yours, self.channel_id, self.private


@dataclass(frozen=True, slots=True)
class Felt:
    """A character's week and present; `mood` None means steady; happenings are sorted by significance."""

    name: str
    since: datetime
    until: datetime
    curves: tuple[Curve, ...]
    happenings: tuple[Happening, ...]
    levels: Mapping[Hormone, float]
    mood: Mood | None
    sleepy: bool
    day: Mapping[DayMood, int]
    guard: HostilityState | None = None

    @property
    def mood_name(self) -> str:
        name = worded(MOODS, self.mood.name if self.mood else moods.STEADY)
        return SLEEPY.format(mood=name) if self.sleepy else name


def told_now(felt: Felt, role: PlayedCharacter) -> list[tuple[str, str]]:
    """Describe the present feelings as (heading, text) pairs."""
    temperament = role.character.temperament
    manner = f" ({MANNERS.get(felt.mood.name, felt.mood.manner)})" if felt.mood else ""
    lines = [(NOW.format(name=felt.name), felt.mood_name + manner)]
    if felt.day:
        day = ", ".join(
            f"{worded(DAY_MOODS, mood)} {value} ({temperament.usually(mood)})"
            for mood, value in felt.day.items()
        )
        lines.append((str(TODAY), day))
    levels = ", ".join(
        f"{worded(HORMONES, hormone)} {number(level, '.2f')} ({number(temperament.rests_at(hormone), '.2f')})"
        for hormone, level in felt.levels.items()
    )
    return [*lines, (str(LEVELS), levels), *guard_told(felt.guard, role)]


def guard_told(guard: HostilityState | None, role: PlayedCharacter) -> list[tuple[str, str]]:
    """Describe the after-effects of attacks as (heading, text) pairs; empty if there are none."""
    if guard is None or not guard.is_felt:
        return []
    level, temperament = number(guard.hostility, ".2f"), role.character.temperament
    if guard.posture:
        level = AND_POSTURE.format(level=level, posture=worded(POSTURE_NAMES, guard.posture.name))
    skin = hostility.skin_of(guard, temperament)
    word = "thicker" if guard.hardening > 0 else "thinner"
    told = f"{number(skin, '.2f')} ({number(temperament.skin, '.2f')}), {worded(SKINS, word)}"
    return [(HOSTILITY.format(least=number(GUARDED, ".2f")), level), (str(SKIN), told.replace("-", "−"))]


class Weeks:
    """Replays what characters felt; nothing is stored."""

    def __init__(self, database: Database, inner: InnerLife, clock: Clock) -> None:
        self._database = database
        self._inner = inner
        self._clock = clock

    async def of(self, role: PlayedCharacter, viewer: Viewer) -> Felt | None:
        """Return a character's last seven days; None before its first stimulus."""
        now = self._clock.now()
        async with self._database.read() as db:
            row = await db.characters.feeling(role.slug)
            log = await log_of(db, role, now)
            day = await day_of(db, role.slug)
            guard = await self._inner.guard(db, role, feeling_of(row, now))
        if row is None:
            return None
        nature = self._inner.nature(role)
        replay = _Replay(nature, feeling_of(row, now), now, viewer)
        await asyncio.to_thread(replay.run, log)
        levels = hormones.levels(replay.feeling, nature, now)
        return Felt(
            role.name,
            now - SHOWN,
            now,
            replay.curves(levels),
            tuple(sorted(replay.happenings, key=lambda happening: -happening.weight)),
            levels,
            moods.mood_of(levels, day, nature.temperament),
            moods.is_sleepy(levels),
            day,
            guard,
        )

    def picture_of(self, felt: Felt) -> Week:
        """Return the data for the picture of a week."""
        return Week(
            felt.name,
            felt.since,
            felt.until,
            self._inner.zone,
            felt.curves,
            tuple(
                PictureMoment(happening.at, happening.words) for happening in felt.happenings[:MOST_MOMENTS]
            ),
            felt.mood_name,
        )


class _Replay:
    """A single pass over the log; `feeling` is the stored one, valid now."""

    def __init__(self, nature: Nature, feeling: Feeling, now: datetime, viewer: Viewer) -> None:
        self.feeling = feeling
        self.happenings: list[Happening] = []
        self._nature = nature
        self._now = now
        self._viewer = viewer
        self._last: dict[tuple[Stimulus, bool, int | None, bool], int] = {}
        self._points: dict[Hormone, list[tuple[datetime, float]]] = {hormone: [] for hormone in Hormone}

    def run(self, log: Log) -> None:
        """Collect curve points and happenings."""
        # The stored feeling includes everything from before the log.
        feeling = hormones.at_rest(log.stirrings[0].at) if log.stirrings else self.feeling
        ticks = self._ticks(feeling.at)
        tick = next(ticks, None)
        for step in steps(log, self._nature, feeling):
            while tick is not None and tick <= step.at:
                self._mark(step.before, tick)
                tick = next(ticks, None)
            self._take_up(step)
            feeling = step.after
        while tick is not None:
            self._mark(feeling, tick)
            tick = next(ticks, None)
        self._note_silence(feeling, self._now)

    def curves(self, levels: Mapping[Hormone, float]) -> tuple[Curve, ...]:
        """Return the curves, which end at the current levels."""
        return tuple(
            Curve(
                hormone,
                self._nature.temperament.rests_at(hormone),
                (*self._points[hormone], (self._now, levels[hormone])),
                levels[hormone],
            )
            for hormone in Hormone
        )

    def _ticks(self, known: datetime) -> Iterator[datetime]:
        tick = max(self._now - SHOWN, known)
        while tick < self._now:
            yield tick
            tick += STEP

    def _mark(self, feeling: Feeling, at: datetime) -> None:
        for hormone, level in hormones.levels(feeling, self._nature, at).items():
            self._points[hormone].append((at, level))

    def _take_up(self, step: FeelingStep) -> None:
        """Record the happening of a log line, and the silence before it."""
        if step.stimulus is None:
            return
        self._note_silence(step.before, step.at)
        if step.stimulus in _WITH_YOU:
            weight = self._weight(step.before, step.after, step.at)
            self._note(self._happening(step.line, step.stimulus, weight))

    def _happening(self, stirring: Stirring, stimulus: Stimulus, weight: float) -> Happening:
        yours = stirring.person_id == self._viewer.person_id
        seen = stirring.channel_id is not None and self._viewer.sees(stirring.channel_id)
        private = yours and stirring.channel_id is not None and stirring.guild_id is None
        return Happening(stirring.at, stimulus, weight, yours, stirring.channel_id if seen else None, private)

    def _weight(self, before: Feeling, after: Feeling, at: datetime) -> float:
        was, became = (hormones.levels(feeling, self._nature, at) for feeling in (before, after))
        return sum(abs(became[hormone] - was[hormone]) for hormone in Hormone)

    def _note_silence(self, feeling: Feeling, until: datetime) -> None:
        """Record a long silence."""
        at = feeling.talked_at + LONG_SILENCE
        if at < until:
            weight = sum(abs(effect) for effect in hormones.EFFECTS[Stimulus.NEGLECT].values())
            strength = self._nature.temperament.moved_by(Stimulus.NEGLECT)
            self._note(Happening(at, Stimulus.NEGLECT, weight * strength))

    def _note(self, happening: Happening) -> None:
        """Store a happening of this week, merging repetitions."""
        if not self._now - SHOWN <= happening.at <= self._now:  # a clock may have been set back
            return
        index = self._last.get(happening.side)
        known = self.happenings[index] if index is not None else None
        if index is None or known is None or happening.at - known.at > TOGETHER:
            self._last[happening.side] = len(self.happenings)
            self.happenings.append(happening)
            return
        weight = known.weight + happening.weight
        self.happenings[index] = replace(known, times=known.times + 1, weight=weight)
