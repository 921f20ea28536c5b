"""How two personas get on: what their dealings do to it, what follows from it, what they fall out about."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from random import Random
from typing import Protocol

from personas.selection.mentions import about, spoken

LOWEST, HIGHEST = -10.0, 10.0
"""The bounds of affinity; two personas that never met stand at 0 (F091)."""
RESPONDER = 0.8
"""So much of the speaker's change is felt by the one who is spoken to (F092)."""
UNKNOWN = 0.1
"""The probability of an answer where the numbers can't be right (F042)."""
HISTORY_MOST = 1000
"""So many of all dealings are kept at most (F093)."""

_DIGITS = 9  # keeps 0.2 + 0.2 + 0.2 at 0.6, so that steps end exactly on the thresholds


class Interaction(StrEnum):
    """What one persona did when it said something to another."""

    AGREEMENT = "agreement"
    DISAGREEMENT = "disagreement"
    COMPLIMENT = "compliment"
    INSULT = "insult"
    QUESTION = "question"
    ANSWER = "answer"
    BANTER = "banter"
    ARGUMENT = "argument"
    COLLABORATION = "collaboration"
    COMPETITION = "competition"
    OTHER = "other"


DELTAS: Mapping[Interaction, float] = {
    Interaction.AGREEMENT: 2.0,
    Interaction.DISAGREEMENT: -1.0,
    Interaction.COMPLIMENT: 3.0,
    Interaction.INSULT: -3.0,
    Interaction.QUESTION: 0.5,
    Interaction.ANSWER: 1.0,
    Interaction.BANTER: 1.5,
    Interaction.ARGUMENT: -2.0,
    Interaction.COLLABORATION: 2.5,
    Interaction.COMPETITION: -0.5,
    Interaction.OTHER: 0.0,
}
"""What each kind does to affinity (F091)."""


# Affinity


def shift(
    affinity: float, kind: Interaction, m: float = 1.0, *, back: float | None = None
) -> tuple[float, float]:
    """Return how the speaker's affinity for the responder changes, and the responder's for the speaker.

    `affinity` is the speaker's so far and `back` the responder's, the same if it is not given. The
    changes are what really happens: neither affinity leaves -10 to 10. `m` is for circumstances: it
    counts once for the speaker, and twice, with 0.8, for the responder (F091, F092, D25).
    """
    base = DELTAS[kind] * m
    theirs = affinity if back is None else back
    return clamped(affinity + base) - affinity, clamped(theirs + base * m * RESPONDER) - theirs


def clamped(affinity: float) -> float:
    """Return an affinity within its bounds of -10 and 10."""
    return min(max(affinity, LOWEST), HIGHEST)


class Tastes(Protocol):
    """Who has topics that it likes, and others that it shuns: a character, or one who may answer."""

    @property
    def interests(self) -> tuple[str, ...]: ...

    @property
    def avoidances(self) -> tuple[str, ...]: ...


def compatibility(one: Tastes, other: Tastes) -> float:
    """Return how well two suit each other, 0.5 to 1.5, the same from both sides.

    1, and 0.1 more for each topic that both like or both shun, 0.2 less for each that one likes and
    the other shuns.
    """
    likes, shuns = _topics(one.interests), _topics(one.avoidances)
    their_likes, their_shuns = _topics(other.interests), _topics(other.avoidances)
    shared = len(likes & their_likes) + len(shuns & their_shuns)
    clashes = len(likes & their_shuns) + len(shuns & their_likes)
    return round(min(max(1 + 0.1 * shared - 0.2 * clashes, 0.5), 1.5), _DIGITS)


def _topics(topics: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(topic.casefold().split()) for topic in topics)


def probability(affinity: float, recent: int, compatibility: float = 1.0, *, rng: Random) -> float:
    """Return how likely, 0 to 1, a persona answers what another one said (F042).

    (affinity + 10) / 20, times 1 - 0.1 for each of their `recent` dealings of the last 24 hours but at
    least 0.3, times their compatibility, times a number from 0.8 to 1.2 that `rng` draws. What is no
    number gives 0.1.
    """
    wave = rng.uniform(0.8, 1.2)
    if not (isfinite(affinity) and isfinite(compatibility)):
        return UNKNOWN
    rest = max(0.3, 1 - 0.1 * max(recent, 0))
    return min(max((affinity + 10) / 20 * rest * compatibility * wave, 0.0), 1.0)


def stage_of(affinity: float) -> str:
    """Return what two who are no strangers are to each other (D14).

    On a scale of 0 to 100, (affinity + 10) x 5, it is what begins at 0, 20, 40, 60 and 80.
    """
    height = round((affinity + 10) * 5, _DIGITS)
    return next((name for least, name in reversed(STAGES) if height >= least), STAGES[0][1])


def stage_after(before: str, affinity: float, dealings: int) -> str:
    """Return what two are to each other now, by what they were `before` (C74, D14).

    They are strangers who have not spoken and stand at 0; else it is `stage_of` their affinity, over its
    whole range: no enemy is a stranger. A stage is left only once they are three of the 100 points beyond its
    border: who stands on one does not go to and fro. Always the same for the same values.
    """
    if dealings < 1 and not affinity:
        return STRANGERS
    borders = [least for least, _ in STAGES]
    known = {name: (least, most) for (least, name), most in zip(STAGES, [*borders[1:], 101], strict=True)}
    if before not in known:
        return stage_of(affinity)
    least, most = known[before]
    height = round((affinity + 10) * 5, _DIGITS)
    return before if least - MARGIN <= height < most + MARGIN else stage_of(affinity)


MARGIN = 3.0
"""Points of 100 beyond the border of a stage before it is left."""
STRANGERS = "strangers"
STAGES = ((0, "enemies"), (20, "frenemies"), (40, "acquaintances"), (60, "friends"), (80, "besties"))
"""What two who are no strangers are to each other, from so many points of 100 on; affinity 0 is 50."""


# What lies behind it


TRAITS: Mapping[str, frozenset[Interaction]] = {
    "warm": frozenset((Interaction.AGREEMENT, Interaction.COMPLIMENT)),
    "playful": frozenset((Interaction.BANTER,)),
    "curious": frozenset((Interaction.QUESTION, Interaction.ANSWER)),
    "partners": frozenset((Interaction.COLLABORATION,)),
    "rivals": frozenset((Interaction.COMPETITION,)),
    "quarrelsome": frozenset((Interaction.DISAGREEMENT, Interaction.ARGUMENT, Interaction.INSULT)),
}
"""What two are like together, by the kinds of dealings that make it."""

_ENOUGH = 5
_TELLING = 0.25


def traits(counts: Mapping[Interaction, int]) -> dict[str, float]:
    """Return what two personas are like together, and how much of their dealings is of that sort (F093).

    `counts` are the dealings of each kind, in both directions. From five on that are of any kind at all,
    a trait is what at least a quarter of them show; the strongest comes first, then by name.
    """
    told = sum(count for kind, count in counts.items() if kind is not Interaction.OTHER)
    if told < _ENOUGH:
        return {}
    shares = {name: sum(counts.get(kind, 0) for kind in kinds) / told for name, kinds in TRAITS.items()}
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return {name: round(share, 2) for name, share in ranked if share >= _TELLING}


_BY_COUNT = ((1, "first words"), (50, "old acquaintances"), (500, "inseparable"))
_BY_AFFINITY = ((2.0, "friends"), (6.0, "besties"))
_AT_ODDS, _MADE_UP = "at odds", "made up"


def milestones(affinity: float, dealings: int, achieved: Collection[str]) -> tuple[str, ...]:
    """Return which milestones two personas have reached that are not `achieved` yet (F093).

    'first words', 'old acquaintances' and 'inseparable' after 1, 50 and 500 `dealings`; 'friends' from
    an affinity of 2 on, 'besties' from 6; 'at odds' at -5 or below, and 'made up' once who was at odds
    is back at 0. Each comes once for ever, as long as the caller keeps what was achieved.
    """
    reached = [name for least, name in _BY_COUNT if dealings >= least]
    reached += [name for least, name in _BY_AFFINITY if affinity >= least]
    reached += [_AT_ODDS] if affinity <= -5 else []
    reached += [_MADE_UP] if affinity >= 0 and _AT_ODDS in achieved else []
    return tuple(name for name in reached if name not in achieved)


# What they quarrel about


@dataclass(frozen=True, slots=True)
class Conflict:
    """What two personas fall out about, how badly, 0 to 1, and when it was as bad as that."""

    topic: str
    severity: float
    at: datetime


def stirred(text: str, topics: Iterable[str]) -> tuple[str, ...]:
    """Return which of the topics that two fall out about `text` mentions, as whole words."""
    return about(spoken(text), topics)


def escalated(conflict: Conflict, now: datetime, *, amount: float = 0.2, rate: float = 0.1) -> Conflict:
    """Return a conflict after one more mention of its topic: `amount` worse than it still is, at most 1.

    A new one begins with a severity of 0 (F094, C73).
    """
    severity = min(_faded(conflict, now, rate) + amount, 1.0)
    return replace(conflict, severity=round(severity, _DIGITS), at=max(now, conflict.at))


def decayed(conflict: Conflict, now: datetime, *, rate: float = 0.1) -> Conflict | None:
    """Return what is left of a conflict: `rate` less with every hour; None once it is resolved, at 0.

    It fades evenly, from its last mention on: it makes no difference how often one looks (C73).
    """
    severity = _faded(conflict, now, rate)
    return replace(conflict, severity=severity, at=max(now, conflict.at)) if severity > 0 else None


def _faded(conflict: Conflict, now: datetime, rate: float) -> float:
    hours = max((now - conflict.at) / timedelta(hours=1), 0.0)
    return round(min(max(conflict.severity - rate * hours, 0.0), 1.0), _DIGITS)


def banter_factor(severity: float) -> float:
    """Return by how much a conflict makes banter less likely: 1 - 0.8 x severity (F094)."""
    return 1 - 0.8 * min(max(severity, 0.0), 1.0)


def wording(severity: float) -> str:
    """Return how to put a conflict into a prompt; nothing for one that is resolved (F094).

    Above 0 it is slightly tense, above 0.4 a disagreement, above 0.7 a strong one.
    """
    return next((words for above, words in _WORDINGS if severity > above), "")


_WORDINGS = (
    (0.7, "You two strongly disagree about this. It comes out in how you speak to each other."),
    (0.4, "You two disagree about this, and neither of you hides it."),
    (0.0, "It is slightly tense between you two when this comes up."),
)
