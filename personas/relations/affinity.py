"""Relationships between personas: the effect of interactions on affinity, consequences, and conflicts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import isfinite
from random import Random
from typing import Protocol

from personas.selection.mentions import about, spoken

LOWEST, HIGHEST = -10.0, 10.0
"""Bounds of affinity; personas that never met have 0 (F091)."""
RESPONDER = 0.8
"""Share of the speaker's change that applies to the responder (F092)."""
UNKNOWN = 0.1
"""Probability of an answer if the inputs are not finite (F042)."""
HISTORY_MOST = 1000
"""Maximum number of interactions kept, over all pairs (F093)."""

_DIGITS = 9  # keeps 0.2 + 0.2 + 0.2 at 0.6, so that steps reach thresholds exactly


class Interaction(StrEnum):
    """Kind of a persona's interaction with another."""

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
"""Effect of each kind on affinity (F091)."""


# Affinity.


def shift(
    affinity: float, kind: Interaction, m: float = 1.0, *, back: float | None = None
) -> tuple[float, float]:
    """Return the changes of the speaker's affinity for the responder and of the responder's for the speaker.

    `affinity` is the speaker's and `back` the responder's, by default the same. The changes are limited so
    that neither affinity leaves -10 to 10. `m` is the factor of circumstances: it applies once to the speaker
    and twice, with 0.8, to the responder (F091, F092, D25).
    """
    base = DELTAS[kind] * m
    responder_affinity = affinity if back is None else back
    return clamped(affinity + base) - affinity, clamped(
        responder_affinity + base * m * RESPONDER
    ) - responder_affinity


def clamped(affinity: float) -> float:
    """Return an affinity limited to -10 and 10."""
    return min(max(affinity, LOWEST), HIGHEST)


class Tastes(Protocol):
    """An object with liked and avoided topics: a character or a candidate for answering."""

    @property
    def interests(self) -> tuple[str, ...]: ...

    @property
    def avoidances(self) -> tuple[str, ...]: ...


def compatibility(one: Tastes, other: Tastes) -> float:
    """Return the compatibility of two, 0.5 to 1.5, symmetrically.

    It is 1, plus 0.1 for each topic that both like or both avoid, minus 0.2 for each that one likes and the
    other avoids.
    """
    likes, shuns = _topics(one.interests), _topics(one.avoidances)
    their_likes, their_shuns = _topics(other.interests), _topics(other.avoidances)
    shared = len(likes & their_likes) + len(shuns & their_shuns)
    clashes = len(likes & their_shuns) + len(shuns & their_likes)
    return round(min(max(1 + 0.1 * shared - 0.2 * clashes, 0.5), 1.5), _DIGITS)


def _topics(topics: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(topic.casefold().split()) for topic in topics)


def probability(affinity: float, recent: int, compatibility: float = 1.0, *, rng: Random) -> float:
    """Return the probability, 0 to 1, that a persona answers another (F042).

    (affinity + 10) / 20, times 1 - 0.1 per interaction in the last 24 hours (`recent`) but at least 0.3,
    times the compatibility, times a random factor from 0.8 to 1.2. Non-finite inputs give 0.1.
    """
    wave = rng.uniform(0.8, 1.2)
    if not (isfinite(affinity) and isfinite(compatibility)):
        return UNKNOWN
    rest = max(0.3, 1 - 0.1 * max(recent, 0))
    return min(max((affinity + 10) / 20 * rest * compatibility * wave, 0.0), 1.0)


def stage_of(affinity: float) -> str:
    """Return the stage of two who are not strangers (D14).

    On a scale of 0 to 100, (affinity + 10) x 5, the stages begin at 0, 20, 40, 60 and 80.
    """
    height = round((affinity + 10) * 5, _DIGITS)
    return next((name for least, name in reversed(STAGES) if height >= least), STAGES[0][1])


def stage_after(before: str, affinity: float, dealings: int) -> str:
    """Return the current stage of two, given the stage `before` (C74, D14).

    They are strangers if they have not spoken and have affinity 0; otherwise the whole range of `stage_of`
    applies: an enemy is no stranger. A stage is left only three of the 100 points beyond its border, which
    prevents oscillation. Deterministic.
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
"""Points of 100 beyond a border before the stage changes."""
STRANGERS = "strangers"
STAGES = ((0, "enemies"), (20, "frenemies"), (40, "acquaintances"), (60, "friends"), (80, "besties"))
"""Stages by minimum points of 100; affinity 0 is 50."""


# History of interactions.


TRAITS: Mapping[str, frozenset[Interaction]] = {
    "warm": frozenset((Interaction.AGREEMENT, Interaction.COMPLIMENT)),
    "playful": frozenset((Interaction.BANTER,)),
    "curious": frozenset((Interaction.QUESTION, Interaction.ANSWER)),
    "partners": frozenset((Interaction.COLLABORATION,)),
    "rivals": frozenset((Interaction.COMPETITION,)),
    "quarrelsome": frozenset((Interaction.DISAGREEMENT, Interaction.ARGUMENT, Interaction.INSULT)),
}
"""Traits of a relationship, by the kinds of interactions that show them."""

_ENOUGH = 5
_TELLING = 0.25


def traits(counts: Mapping[Interaction, int]) -> dict[str, float]:
    """Return the traits of two personas' relationship and their shares of the interactions (F093).

    `counts` are the interactions by kind, in both directions. With at least five of any specific kind, a
    trait needs a quarter of them; strongest first, then by name.
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
    """Return the milestones that two personas have reached and not yet `achieved` (F093).

    'first words', 'old acquaintances' and 'inseparable' after 1, 50 and 500 interactions (`dealings`);
    'friends' from affinity 2, 'besties' from 6; 'at odds' at -5 or below, and 'made up' when personas at odds
    are back at 0. Each is reached once, as long as the caller stores the achieved ones.
    """
    reached = [name for least, name in _BY_COUNT if dealings >= least]
    reached += [name for least, name in _BY_AFFINITY if affinity >= least]
    reached += [_AT_ODDS] if affinity <= -5 else []
    reached += [_MADE_UP] if affinity >= 0 and _AT_ODDS in achieved else []
    return tuple(name for name in reached if name not in achieved)


# Conflicts.


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict between two personas: topic, severity from 0 to 1, and the time of that severity."""

    topic: str
    severity: float
    at: datetime


def stirred(text: str, topics: Iterable[str]) -> tuple[str, ...]:
    """Return the conflict topics that `text` mentions as whole words."""
    return about(spoken(text), topics)


def escalated(conflict: Conflict, now: datetime, *, amount: float = 0.2, rate: float = 0.1) -> Conflict:
    """Return a conflict after a mention of its topic: `amount` worse than its remainder, at most 1.

    A new conflict begins with severity 0 (F094, C73).
    """
    severity = min(_faded(conflict, now, rate) + amount, 1.0)
    return replace(conflict, severity=round(severity, _DIGITS), at=max(now, conflict.at))


def decayed(conflict: Conflict, now: datetime, *, rate: float = 0.1) -> Conflict | None:
    """Return the remainder of a conflict, which loses `rate` per hour; None once it is resolved.

    It decays linearly from its last mention; the number of evaluations makes no difference (C73).
    """
    severity = _faded(conflict, now, rate)
    return replace(conflict, severity=severity, at=max(now, conflict.at)) if severity > 0 else None


def _faded(conflict: Conflict, now: datetime, rate: float) -> float:
    hours = max((now - conflict.at) / timedelta(hours=1), 0.0)
    return round(min(max(conflict.severity - rate * hours, 0.0), 1.0), _DIGITS)


def banter_factor(severity: float) -> float:
    """Return the factor by which a conflict reduces the probability of banter: 1 - 0.8 x severity (F094)."""
    return 1 - 0.8 * min(max(severity, 0.0), 1.0)


def wording(severity: float) -> str:
    """Return a conflict's wording for a prompt; "" for a resolved one (F094).

    Above 0 it is slightly tense, above 0.4 a disagreement, above 0.7 a strong one.
    """
    return next((words for above, words in _WORDINGS if severity > above), "")


_WORDINGS = (
    (0.7, "You two strongly disagree about this. It comes out in how you speak to each other."),
    (0.4, "You two disagree about this, and neither of you hides it."),
    (0.0, "It is slightly tense between you two when this comes up."),
)
