"""When a character speaks first, when it asks back, and what was left open (F112, F113, F116, C83)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

import regex

from personas.rhythm import NO_PROFILE, Profile, pause_after, shift_at, shifted_chance, silence_before

TICK = timedelta(minutes=30)
"""Once in so much time it is left to chance whether a character speaks first (C79)."""
REMEMBERED = 48
"""Half hours that are kept in mind: a clock that is set back rolls none of them again."""
WITHIN_TICK = 0.9
"""A channel's own moment lies within this share of its half hour, so that it is never missed."""
FORK = 0.5
"""The share of remarks that take up the talk; the others come from the character's status."""
LEVELS = {"off": 0.0, "low": 0.1, "medium": 0.3, "high": 0.6, "maximum": 0.8}
"""How readily a character asks back, by the name of the level: a chance for each reply."""
MOST_ASKED, ASKED_WITHIN = 3, timedelta(minutes=15)
"""So often at most a character asks back in a channel within so much time (C83)."""


class RemarkKind(StrEnum):
    """What a character says unasked."""

    CONTEXTUAL = "contextual"
    STATUS = "status"
    CHECK_IN = "check-in"
    FOLLOW_UP = "follow-up"


SPOKEN_FIRST = (RemarkKind.CONTEXTUAL, RemarkKind.STATUS)


class Silence(StrEnum):
    """Why a character does not speak first."""

    OWN = "a bot had the last word"
    QUIET = "quiet hours"
    TALK = "people were talking just now"
    PAUSE = "a character spoke first not long ago"
    CAP = "enough was said today"
    CHANCE = "chance decided against it"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours of the day in which nobody is spoken to unasked: from `begin` on until `end`.

    Where both are the same there are none.
    """

    begin: int = 23
    end: int = 8

    @classmethod
    def of(cls, written: str) -> "QuietHours":
        """Read hours that are written as `23-8`, or `none`. Raises ValueError."""
        if written.strip().casefold() == "none":
            return cls(0, 0)
        begin, end = (int(hour) for hour in written.split("-"))
        if not (0 <= begin <= 24 and 0 <= end <= 24):
            raise ValueError(f"A day has the hours 0 to 24, not {written!r}.")
        if begin % 24 == end % 24:  # all day, or never? Who means either has another way to say it
            raise ValueError(f"{written!r} is no stretch of the day.")
        return cls(begin % 24, end % 24)

    def __str__(self) -> str:
        return "none" if self.begin == self.end else f"{self.begin}-{self.end}"

    def hold(self, local: datetime) -> bool:
        """Say whether they hold at a moment, by the clock that it is given in."""
        if self.begin <= self.end:
            return self.begin <= local.hour < self.end
        return local.hour >= self.begin or local.hour < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativeBounds:
    """How often a character speaks first: the chance in each half hour, and so often a day in a channel."""

    chance: float = 0.1
    cap: int = 3
    quiet: QuietHours = field(default_factory=QuietHours)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativeMoment:
    """What the rule looks at: the hour where the character lives, and how things are in the channel.

    `own_last` says that a bot had the last word there, `last_at` when it was said. `today` are the moments
    of what was said first there, `profile` is when people talk there. `considered` is the chance that admins
    left to what is unasked.
    """

    now: datetime
    own_last: bool
    last_at: datetime | None = None
    today: Collection[datetime] = ()
    profile: Profile = NO_PROFILE
    considered: float = 1.0


@dataclass(frozen=True, slots=True)
class Roll:
    """What came of a half hour: what is said, or why nothing is. `chance` is the one that held."""

    kind: RemarkKind | None
    silence: Silence | None = None
    chance: float = 0.0
    rolled: float = 0.0


def roll(bounds: InitiativeBounds, moment: InitiativeMoment, rng: Random) -> Roll:
    """Decide whether a character speaks first, and about what; the dice come last."""
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
    """Return why nothing is said in a moment, whatever chance would have; None where chance decides.

    What lies ahead of the clock counts as far away as what lies behind it.
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
    """Count the moments of the same day, by the clock of the first: not those of a clock that ran ahead."""
    return sum(at.astimezone(now.tzinfo).date() == now.date() for at in times)


# Half hours: each is rolled once at most, whatever restarts and clocks do.


def slot_of(now: datetime) -> int:
    """Return the number of a half hour, counted from 1970."""
    return int(now.timestamp() // TICK.total_seconds())


def due(now: datetime, rolled: Collection[int], key: str) -> int | None:
    """Return the half hour that is to be rolled for something now; None if it was, or its moment is to come.

    Only the present one ever is: nothing is made up for. Each `key` has a moment of its own, so that not
    all channels are spoken to on the stroke of the clock.
    """
    slot = slot_of(now)
    share = Random(f"{key} {slot}").random() * WITHIN_TICK
    waited = now.timestamp() - slot * TICK.total_seconds()
    return slot if slot not in rolled and waited >= share * TICK.total_seconds() else None


def remembering(rolled: Sequence[int], slot: int) -> tuple[int, ...]:
    """Return the half hours that were rolled, with one more; the oldest go."""
    return (*rolled, slot)[-REMEMBERED:]


# Asking back.


def is_curious(level: str, rng: Random) -> bool:
    """Say whether a character would ask back with a reply, by its level (F116)."""
    return rng.random() < LEVELS[level]


def may_ask_back(asked: Collection[datetime], now: datetime, *, cooldown: timedelta) -> bool:
    """Say whether a character may ask back, by when that was last done in the channel (C83).

    What lies ahead of the clock counts as far away as what lies behind it.
    """
    lately = [abs(now - at) for at in asked]
    return all(ago >= cooldown for ago in lately) and sum(ago < ASKED_WITHIN for ago in lately) < MOST_ASKED


# What was left open in a talk: a question that nobody answered, something that was still to come.

RECENT_LINES = 4
"""So many of the last lines are what is being talked about now: nothing earlier."""
ANSWERED_WITHIN = 3
"""Lines behind a question in which it may have been answered."""
SHORTEST_TOPIC, LONGEST_TOPIC = 15, 300
"""Letters of a line worth coming back to: shorter ones say too little, longer ones are no single topic."""

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
    """A line of a talk: where it stands, who said it, 0 for the character itself."""

    place: int
    person_id: int
    text: str


def open_topic(
    talk: Sequence[TalkLine], people: Collection[int], *, done: Collection[int] = ()
) -> TalkLine | None:
    """Return the latest earlier line of some people that was left open; none of those `done`, by place."""
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
    return all(one.person_id == asker for one in behind)
