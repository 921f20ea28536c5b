"""Hostility and a thicker or thinner skin: what attacks leave behind, and how it shows (F133).

Both are made of attacks alone, each with its moment: nothing of them is kept, so an attack that is forgotten
leaves nothing behind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2

from personas.affect.temperament import ATTACKS, Stimulus, Temperament

HALF_LIFE = timedelta(hours=3)
"""After so much time half of a hostility is left."""
SKIN_HALF_LIFE = timedelta(days=2)
"""After so much time half of what attacks made of a skin is left."""
REMEMBERED = timedelta(days=9)
"""Attacks of longer ago count for nothing."""
WEIGHTS: Mapping[Stimulus, float] = {
    Stimulus.RUDENESS: 0.12,
    Stimulus.CONFLICT: 0.25,
    Stimulus.THREAT: 0.45,
}
"""How much of what is missing to a hostility of 1 an attack adds: the classes of hostility."""
_TO_THE_SKIN = 0.5
"""An attack moves the skin by so much of its weight."""
_MOST = 0.9
TRACE = 0.005
"""What is less than this is shown as nothing."""


@dataclass(frozen=True, slots=True)
class Posture:
    """How one talks from a hostility on."""

    name: str
    at_least: float
    manner: str


POSTURES = (
    Posture("hostile", 0.6, "curt and cold, answers what is asked and nothing more, never an insult back"),
    Posture("guarded", 0.3, "guarded, shorter answers, tells nothing of itself"),
)
"""The first that is reached holds; below them a character is as usual."""
GUARDED = POSTURES[-1].at_least
"""From here on a further attack wears the skin thin; below, it makes it thicker."""
SHOWS_FOR = HALF_LIFE * log2(1 / GUARDED)
"""So long after the last attack the manner is as usual again, however many there were."""


@dataclass(frozen=True, slots=True)
class HostilityState:
    """What attacks left at a moment: a `hostility` from 0 to 1, and how far they moved the skin."""

    at: datetime
    hostility: float = 0.0
    hardening: float = 0.0

    @property
    def posture(self) -> Posture | None:
        return next((one for one in POSTURES if self.hostility >= one.at_least), None)

    @property
    def is_felt(self) -> bool:
        """Say whether attacks left anything that is worth showing."""
        return self.hostility >= TRACE or abs(self.hardening) >= TRACE


def skin_of(guard: HostilityState, temperament: Temperament) -> float:
    """Return how thick a skin is, from -1 (thin) to 1 (thick)."""
    return min(max(temperament.skin + guard.hardening, -1.0), 1.0)


def strength(guard: HostilityState, temperament: Temperament) -> float:
    """Return how hard an attack hits: 0.5 through the thickest skin, 2 through the thinnest."""
    return float(2 ** -skin_of(guard, temperament))


def later(guard: HostilityState, to: datetime) -> HostilityState:
    """Return what is left at a later moment."""
    passed = to - guard.at
    if passed <= timedelta(0):
        return guard
    return HostilityState(
        to,
        guard.hostility * 0.5 ** (passed / HALF_LIFE),
        guard.hardening * 0.5 ** (passed / SKIN_HALF_LIFE),
    )


def attacked(
    guard: HostilityState, temperament: Temperament, attack: Stimulus, at: datetime
) -> HostilityState:
    """Return what is left right after an attack.

    An attack on a calm character makes its skin thicker; one that finds it on its guard already makes it
    thinner. A character whose temperament says `hostility 0` is left as it is.
    """
    before = later(guard, at)
    if not temperament.hostility:
        return before
    weight, skin = WEIGHTS[attack], skin_of(before, temperament)
    push = min(weight * temperament.hostility * strength(before, temperament), _MOST)
    calm = before.hostility < GUARDED
    step = _TO_THE_SKIN * weight * (1 - skin if calm else -1 - skin)
    return HostilityState(
        before.at, before.hostility + (1 - before.hostility) * push, before.hardening + step
    )


def guard_after(
    attacks: Iterable[tuple[datetime, Stimulus]], temperament: Temperament, now: datetime
) -> HostilityState:
    """Return what attacks left by now, the oldest of them first; what is no attack is passed over."""
    guard = HostilityState(now - REMEMBERED)
    for at, stimulus in attacks:
        if stimulus in ATTACKS and at > now - REMEMBERED:
            guard = attacked(guard, temperament, stimulus, min(at, now))
    return later(guard, now)
