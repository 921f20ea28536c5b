"""Hostility and the thickness of a character's skin, as effects of attacks (F133).

Both are computed from the logged attacks and never stored, so forgetting an attack removes its effects.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2

from personas.affect.temperament import ATTACKS, Stimulus, Temperament

HALF_LIFE = timedelta(hours=3)
"""Half-life of hostility."""
SKIN_HALF_LIFE = timedelta(days=2)
"""Half-life of attacks' effect on the skin."""
REMEMBERED = timedelta(days=9)
"""Age from which attacks no longer count."""
WEIGHTS: Mapping[Stimulus, float] = {
    Stimulus.RUDENESS: 0.12,
    Stimulus.CONFLICT: 0.25,
    Stimulus.THREAT: 0.45,
}
"""Share of the remainder up to 1 that an attack adds to hostility, by class of attack."""
_TO_THE_SKIN = 0.5
"""Factor of an attack's weight in its effect on the skin."""
_MOST = 0.9
TRACE = 0.005
"""Values below this are displayed as none."""


@dataclass(frozen=True, slots=True)
class Posture:
    """A manner of speaking from some level of hostility."""

    name: str
    at_least: float
    manner: str


POSTURES = (
    Posture("hostile", 0.6, "curt and cold, answers what is asked and nothing more, never an insult back"),
    Posture("guarded", 0.3, "guarded, shorter answers, tells nothing of itself"),
)
"""The first posture reached applies; below all of them the manner is normal."""
GUARDED = POSTURES[-1].at_least
"""From this hostility a further attack makes the skin thinner; below, thicker."""
SHOWS_FOR = HALF_LIFE * log2(1 / GUARDED)
"""Longest time after the last attack until the manner is normal again, whatever the number of attacks."""


@dataclass(frozen=True, slots=True)
class HostilityState:
    """Effects of attacks at a moment: `hostility` from 0 to 1, and the change of the skin."""

    at: datetime
    hostility: float = 0.0
    hardening: float = 0.0

    @property
    def posture(self) -> Posture | None:
        return next((posture for posture in POSTURES if self.hostility >= posture.at_least), None)

    @property
    def is_felt(self) -> bool:
        """Whether the effects are large enough to display."""
        return self.hostility >= TRACE or abs(self.hardening) >= TRACE


def skin_of(guard: HostilityState, temperament: Temperament) -> float:
    """Return the thickness of the skin, from -1 (thin) to 1 (thick)."""
    return min(max(temperament.skin + guard.hardening, -1.0), 1.0)


def strength(guard: HostilityState, temperament: Temperament) -> float:
    """Return an attack's strength: 0.5 for the thickest skin, 2 for the thinnest."""
    return float(2 ** -skin_of(guard, temperament))


def later(guard: HostilityState, to: datetime) -> HostilityState:
    """Return the remaining effects at a later moment."""
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
    """Return the effects right after an attack.

    An attack makes a calm character's skin thicker, and that of a guarded one thinner. A temperament with
    `hostility 0` is unaffected.
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
    """Return the effects of attacks, given oldest first; other stimuli are skipped."""
    guard = HostilityState(now - REMEMBERED)
    for at, stimulus in attacks:
        if stimulus in ATTACKS and at > now - REMEMBERED:
            guard = attacked(guard, temperament, stimulus, min(at, now))
    return later(guard, now)
