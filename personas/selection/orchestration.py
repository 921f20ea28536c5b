"""Who speaks, in which order and after how long: to a message, to one another, and in a scene."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from personas.relations.affinity import banter_factor, probability
from personas.selection.routing import RoutingCandidate, named

_PAUSE = (1.5, 4.0)  # a breath between two who were both called
_HESITATION = (3.0, 8.0)  # longer: whoever was not asked makes up their mind first


class CueReason(StrEnum):
    """Why a persona speaks."""

    ADDRESSED = "addressed"
    NAMED = "named"
    ROUTED = "routed"
    BANTER = "banter"


@dataclass(frozen=True, slots=True)
class Cue:
    """A persona's turn to speak, `delay` seconds after whoever speaks before it is done."""

    slug: str
    delay: float
    reason: CueReason


@dataclass(frozen=True, slots=True)
class PairBond:
    """How one persona stands with another one, as far as it decides whether they talk.

    `affinity` is the first one's for the other, `recent` counts their dealings of the last 24 hours,
    `severity` is that of their worst conflict, 0 where there is none.
    """

    affinity: float = 0.0
    recent: int = 0
    compatibility: float = 1.0
    severity: float = 0.0


Bonds = Mapping[tuple[str, str], PairBond]
"""How the first of each pair stands with the second; whoever is not in it has never met."""


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
    """Return who answers a message, in their order (C27, F004, D26).

    First those whom it is for: `addressed`, whom it mentions or replies to, then all whom it names, in the
    order of the text, at most `most` of them. If there are none, the `routed` one. Then perhaps one
    more of those `present` joins in with banter, as `banter` has it. Nobody speaks who isn't present,
    nobody twice; the order of `present` makes no difference.
    """
    here = {one.slug for one in present}
    reasons = dict.fromkeys(addressed, CueReason.ADDRESSED)
    for slug in named(text, present):
        reasons.setdefault(slug, CueReason.NAMED)
    called = [(slug, reason) for slug, reason in reasons.items() if slug in here][: max(most, 1)]
    speakers = called or [(slug, CueReason.ROUTED) for slug in (routed,) if slug in here]
    cues = [Cue(slug, rng.uniform(*_PAUSE) if at else 0.0, why) for at, (slug, why) in enumerate(speakers)]
    if cues:
        others = here - {cue.slug for cue in cues}
        cues += _joining(cues[-1].slug, others, bonds=bonds or {}, chance=chance, rng=rng)
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
    """Return who answers what the persona `speaker` just said, or None for nobody (F041, F042).

    The first one present whom it names answers for certain. Else one of the others may: who, is drawn
    by how likely each is, and whether, by that one's own probability, so that a large company is no
    noisier than a small one. That probability is F042 x (1 - 0.8 x severity of their conflict) x
    `chance`, which with 0 means never. `since_human` counts the turns of personas since the last human
    message, the one just said among them: at `chain` nobody answers any more, so every chain ends.
    """
    if since_human >= chain:
        return None
    # All are looked for, so that a name within the speaker's own name is not taken for a call.
    calls = [slug for slug in named(said, present) if slug != speaker]
    if calls:
        return Cue(calls[0], rng.uniform(*_PAUSE), CueReason.ADDRESSED)
    others = {one.slug for one in present} - {speaker}
    return next(iter(_joining(speaker, others, bonds=bonds or {}, chance=chance, rng=rng)), None)


def next_of_scene(members: Sequence[str], turns_done: int, turns: int) -> str | None:
    """Return whose turn it is in a scene of exactly `turns` turns, of which some are done (C26).

    The members take turns in their order, each named once. None when it is over; it takes two.
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
