"""Speaking order and delays: in reply to a message, in banter, and in a scene."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from personas.relations.affinity import banter_factor, probability
from personas.selection.routing import RoutingCandidate, named

_PAUSE = (1.5, 4.0)  # seconds between two who were both called
_HESITATION = (3.0, 8.0)  # longer, for personas that were not asked


class CueReason(StrEnum):
    """Reason why a persona speaks."""

    ADDRESSED = "addressed"
    NAMED = "named"
    ROUTED = "routed"
    BANTER = "banter"


@dataclass(frozen=True, slots=True)
class Cue:
    """A persona's turn to speak, `delay` seconds after the previous speaker has finished."""

    slug: str
    delay: float
    reason: CueReason


@dataclass(frozen=True, slots=True)
class PairBond:
    """The aspects of a relationship that decide whether two personas talk.

    `affinity` is the first one's for the other, `recent` counts their interactions of the last 24 hours,
    `severity` is that of their worst conflict, 0 without any.
    """

    affinity: float = 0.0
    recent: int = 0
    compatibility: float = 1.0
    severity: float = 0.0


Bonds = Mapping[tuple[str, str], PairBond]
"""Relationship of the first of each pair with the second; missing pairs have never met."""


def plan(
    text: str,
    present: Collection[RoutingCandidate],
    *,
    routed: str,
    rng: Random,
    addressed: Sequence[str] = (),
    bonds: Bonds | None = None,
    chance: float = 1.0,
    most: int = 3,
) -> tuple[Cue, ...]:
    """Return who answers a message, in order (C27, F004, D26).

    First the personas it is for: `addressed` by mention or reply, then those it names, in order of the text,
    at most `most`. If there are none, the `routed` one. Then one more of those `present` may join in, as in
    `banter`. Only present personas speak, each once; the order of `present` makes no difference.
    """
    here = {candidate.slug for candidate in present}
    reasons = dict.fromkeys(addressed, CueReason.ADDRESSED)
    for slug in named(text, present):
        reasons.setdefault(slug, CueReason.NAMED)
    called = [(slug, reason) for slug, reason in reasons.items() if slug in here][: max(most, 1)]
    speakers = called or [(slug, CueReason.ROUTED) for slug in (routed,) if slug in here]
    cues = [Cue(slug, rng.uniform(*_PAUSE) if at else 0.0, why) for at, (slug, why) in enumerate(speakers)]
    if cues:
        candidates = here - {cue.slug for cue in cues}
        cues += _joining(cues[-1].slug, candidates, bonds=bonds or {}, chance=chance, rng=rng)
    return tuple(cues)


def banter(
    said: str,
    speaker: str,
    present: Collection[RoutingCandidate],
    *,
    since_human: int,
    rng: Random,
    bonds: Bonds | None = None,
    chance: float = 1.0,
    chain: int = 4,
) -> Cue | None:
    """Return who answers what the persona `speaker` just said, or None (F041, F042).

    The first present persona it names answers for certain. Otherwise one may answer: it is drawn in
    proportion to the probabilities, and answers with its own probability, so that a large group is no noisier
    than a small one. The probability is F042 x (1 - 0.8 x severity of their conflict) x `chance`; a `chance`
    of 0 means never. `since_human` counts personas' turns since the last human message, including this one:
    at `chain` nobody answers, so every chain ends.
    """
    if since_human >= chain:
        return None
    # The speaker's own name is searched too, so that a name within it does not count as a call.
    calls = [slug for slug in named(said, present) if slug != speaker]
    if calls:
        return Cue(calls[0], rng.uniform(*_PAUSE), CueReason.ADDRESSED)
    candidates = {candidate.slug for candidate in present} - {speaker}
    return next(iter(_joining(speaker, candidates, bonds=bonds or {}, chance=chance, rng=rng)), None)


def next_of_scene(members: Sequence[str], turns_done: int, turns: int) -> str | None:
    """Return the next speaker in a scene of `turns` turns (C26).

    The members take turns in order, without duplicates. None when the scene is over, or has fewer than two
    members.
    """
    cast = tuple(dict.fromkeys(members))
    if len(cast) < 2 or turns_done >= turns:
        return None
    return cast[turns_done % len(cast)]


def _joining(
    speaker: str, others: Collection[str], *, bonds: Bonds, chance: float, rng: Random
) -> tuple[Cue, ...]:
    likely = {slug: _likely(bonds.get((speaker, slug), PairBond()), rng) for slug in sorted(others)}
    if chance <= 0 or not any(likely.values()):
        return ()
    (slug,) = rng.choices(list(likely), weights=list(likely.values()))
    if rng.random() >= likely[slug] * chance:
        return ()
    return (Cue(slug, rng.uniform(*_HESITATION), CueReason.BANTER),)


def _likely(bond: PairBond, rng: Random) -> float:
    usual = probability(bond.affinity, bond.recent, bond.compatibility, rng=rng)
    return usual * banter_factor(bond.severity)
