"""Initiative: unprompted remarks, follow-up questions, and open topics (F112, F113, F116, C83)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

import regex

from personas.rhythm import NO_PROFILE, Profile, pause_after, shift_at, shifted_chance, silence_before

TICK = timedelta(minutes=30)
"""Interval of the random decisions on speaking first (C79)."""
REMEMBERED = 48
"""Number of remembered intervals: setting the clock back repeats none of them."""
WITHIN_TICK = 0.9
"""A channel's random moment lies within this share of the interval, so that a tick never misses it."""
FORK = 0.5
"""Share of remarks about the current talk; the others come from the character's status."""
LEVELS = {"off": 0.0, "low": 0.1, "medium": 0.3, "high": 0.6, "maximum": 0.8}
"""Probability of a follow-up question per reply, by level."""
MOST_ASKED, ASKED_WITHIN = 3, timedelta(minutes=15)
"""Maximum number of follow-up questions in a channel within a period (C83)."""


class RemarkKind(StrEnum):
    """Kind of an unprompted remark."""

    CONTEXTUAL = "contextual"
    STATUS = "status"
    CHECK_IN = "check-in"
    FOLLOW_UP = "follow-up"


SPOKEN_FIRST = (RemarkKind.CONTEXTUAL, RemarkKind.STATUS)


class Silence(StrEnum):
    """Reason why a character does not speak first."""

    OWN = "a bot had the last word"
    QUIET = "quiet hours"
    TALK = "people were talking just now"
    PAUSE = "a character spoke first not long ago"
    CAP = "enough was said today"
    CHANCE = "chance decided against it"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours of the day without unprompted remarks, from `begin` until `end`.

    If both are equal, there are none.
    """

    begin: int = 23
    end: int = 8

    @classmethod
    def of(cls, written: str) -> "QuietHours":
        """Parse hours such as `23-8`, or `none`. Raises ValueError."""
        if written.strip().casefold() == "none":
            return cls(0, 0)
        begin, end = (int(hour) for hour in written.split("-"))
        if not (0 <= begin <= 24 and 0 <= end <= 24):
            raise ValueError(f"A day has the hours 0 to 24, not {written!r}.")
        if begin % 24 == end % 24:  # ambiguous: all day or never, both of which have another setting
            raise ValueError(f"{written!r} is no stretch of the day.")
        return cls(begin % 24, end % 24)

    def __str__(self) -> str:
        return "none" if self.begin == self.end else f"{self.begin}-{self.end}"

    def hold(self, local: datetime) -> bool:
        """Return whether a local time is within the quiet hours."""
        if self.begin <= self.end:
            return self.begin <= local.hour < self.end
        return local.hour >= self.begin or local.hour < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativeBounds:
    """Limits on speaking first: probability per half hour, and maximum per day and channel."""

    chance: float = 0.1
    cap: int = 3
    quiet: QuietHours = field(default_factory=QuietHours)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativeMoment:
    """The circumstances of a decision: the character's local time and the state of the channel.

    `own_last` says that a bot spoke last there, `last_at` is the last message's time. `today` has the times
    of today's unprompted remarks, `profile` the channel's activity. `considered` is the admins' factor for
    the probability.
    """

    now: datetime
    own_last: bool
    last_at: datetime | None = None
    today: Collection[datetime] = ()
    profile: Profile = NO_PROFILE
    considered: float = 1.0


@dataclass(frozen=True, slots=True)
class Roll:
    """Result of a decision: a remark or the reason for silence. `chance` is the probability used."""

    kind: RemarkKind | None
    silence: Silence | None = None
    chance: float = 0.0
    rolled: float = 0.0


def roll(bounds: InitiativeBounds, moment: InitiativeMoment, rng: Random) -> Roll:
    """Decide whether a character speaks first, and on what; randomness is applied last."""
    if found := silence(bounds, moment):
        return Roll(None, found)
    shift = shift_at(moment.profile, moment.now)
    chance = shifted_chance(bounds.chance, shift) * moment.considered
    rolled = rng.random()
    if rolled >= chance:
        return Roll(None, Silence.CHANCE, chance, rolled)
    kind = RemarkKind.CONTEXTUAL if rng.random() < FORK else RemarkKind.STATUS
    return Roll(kind, None, chance, rolled)


def silence(bounds: InitiativeBounds, moment: InitiativeMoment) -> Silence | None:
    """Return the reason for silence regardless of probability, or None.

    A time in the future counts like one as far in the past.
    """
    if moment.own_last:
        return Silence.OWN
    if bounds.quiet.hold(moment.now):
        return Silence.QUIET
    now, shift = moment.now, shift_at(moment.profile, moment.now)
    if moment.last_at is not None and abs(now - moment.last_at) < silence_before(moment.profile, shift):
        return Silence.TALK
    if any(abs(now - at) < pause_after(shift) for at in moment.today):
        return Silence.PAUSE
    return Silence.CAP if said_on(moment.now, moment.today) >= bounds.cap else None


def said_on(now: datetime, times: Collection[datetime]) -> int:
    """Count the times on the same local day as `now`."""
    return sum(at.astimezone(now.tzinfo).date() == now.date() for at in times)


# Half hours: each is rolled at most once, whatever restarts and clock changes occur.


def slot_of(now: datetime) -> int:
    """Return the number of a half hour, counted from 1970."""
    return int(now.timestamp() // TICK.total_seconds())


def due(now: datetime, rolled: Collection[int], key: str) -> int | None:
    """Return the half hour to roll now; None if it was rolled or its moment is still to come.

    Only the present half hour counts; missed ones are dropped. Each `key` has its own moment, so that remarks
    in all channels don't come at the same time.
    """
    slot = slot_of(now)
    share = Random(f"{key} {slot}").random() * WITHIN_TICK
    waited = now.timestamp() - slot * TICK.total_seconds()
    return slot if slot not in rolled and waited >= share * TICK.total_seconds() else None


def remembering(rolled: Sequence[int], slot: int) -> tuple[int, ...]:
    """Return the rolled half hours including a new one, without the oldest beyond the limit."""
    return (*rolled, slot)[-REMEMBERED:]


# Follow-up questions.


def is_curious(level: str, rng: Random) -> bool:
    """Decide randomly whether a reply asks a follow-up question, by the character's level (F116)."""
    return rng.random() < LEVELS[level]


def may_ask_back(asked: Collection[datetime], now: datetime, *, cooldown: timedelta) -> bool:
    """Return whether a follow-up question is allowed, given the times of earlier ones in the channel (C83).

    A time in the future counts like one as far in the past.
    """
    lately = [abs(now - at) for at in asked]
    return all(ago >= cooldown for ago in lately) and sum(ago < ASKED_WITHIN for ago in lately) < MOST_ASKED


# Open topics: questions without an answer, and announced events.

RECENT_LINES = 4
"""Number of last lines that form the current talk and are not looked back on."""
ANSWERED_WITHIN = 3
"""Number of lines after a question that may contain its answer."""
SHORTEST_TOPIC, LONGEST_TOPIC = 15, 300
"""Length limits of a line worth returning to: longer lines have several topics."""

_TO_COME = regex.compile(
    r"\b(?:tomorrow|tonight|next (?:week|month|time)|this (?:evening|weekend)|later today|soon|"
    r"going to|gonna|i['’]ll|about to|planning to|hoping to|waiting for|exam|interview|appointment|"
    r"morgen|heute abend|nächste (?:woche|mal)|bald|werde|vorhabe|prüfung|termin|"
    r"demain|ce soir|la semaine prochaine|bientôt|je vais|examen|entretien|"
    r"mañana|esta noche|la próxima semana|pronto|voy a|entrevista)\b",
    regex.IGNORECASE,
)
_QUESTION = regex.compile(r"[?？]\s*$")
_NOT_TALK = regex.compile(r"https?://|```|^\s*[/!.]\w")


@dataclass(frozen=True, slots=True)
class TalkLine:
    """A line of a talk: its place, and its author, 0 for the character itself."""

    place: int
    person_id: int
    text: str


def open_topic(
    talk: Sequence[TalkLine], people: Collection[int], *, done: Collection[int] = ()
) -> TalkLine | None:
    """Return the latest earlier open line by some people, unless its place is in `done`."""
    earlier = range(len(talk) - RECENT_LINES - 1, -1, -1)
    for number in earlier:
        said = talk[number]
        if said.person_id in people and said.place not in done and _is_open(talk, number):
            return said
    return None


def _is_open(talk: Sequence[TalkLine], number: int) -> bool:
    text = talk[number].text.strip()
    if not SHORTEST_TOPIC <= len(text) <= LONGEST_TOPIC or _NOT_TALK.search(text):
        return False
    if not _QUESTION.search(text):
        return _TO_COME.search(text) is not None
    asker = talk[number].person_id
    behind = talk[number + 1 : number + 1 + ANSWERED_WITHIN]
    return all(line.person_id == asker for line in behind)
