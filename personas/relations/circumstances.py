"""Circumstances of an encounter, and the modifier m computed from them (F092)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import prod

from personas.relations.affinity import DELTAS, Interaction

LEAST, MOST = 0.5, 1.5
"""Bounds of the modifier m."""
AGAIN = timedelta(minutes=10)
"""Period in which an encounter of the same kind as the last counts less."""
SILENCE = timedelta(days=7)
"""Duration of silence after which an encounter counts more."""
_DIGITS = 9


class Circumstance(StrEnum):
    """A circumstance of an encounter."""

    SCENE = "scene"
    AGAIN = "again"
    SILENCE = "silence"
    CONFLICT = "conflict"
    MOOD = "mood"


@dataclass(frozen=True, slots=True)
class Around:
    """The circumstances: `in_scene`, the kind of their `last` encounter and the time `since`, the `severity`
    of their worst conflict, 0 to 1, and the speaker's `mood` by name (personas.affect.moods)."""

    in_scene: bool = False
    last: Interaction | None = None
    since: timedelta = timedelta(0)
    severity: float = 0.0
    mood: str = ""


ALONE = 1.2
"""Factor in a scene, among themselves; public encounters count as they are."""
SAME_AGAIN, AFTER_SILENCE = 0.8, 1.2
IN_CONFLICT = 0.3
"""Factor by which the worst conflict amplifies negative encounters and weakens positive ones."""
MOODS: Mapping[str, tuple[float, float]] = {
    "bright": (1.2, 0.9),
    "stressed": (0.9, 1.2),
    "melancholic": (0.9, 1.1),
}
"""Factors of the speaker's mood for positive and negative encounters; other moods have none."""


def factors(kind: Interaction, around: Around) -> dict[str, float]:
    """Return the factors of an encounter other than 1; none for kinds without effect."""
    if not DELTAS[kind]:
        return {}
    good = DELTAS[kind] > 0
    again = around.last is kind and around.since < AGAIN
    silence = around.last is not None and around.since >= SILENCE
    severity = min(max(around.severity, 0.0), 1.0)
    parts = {
        Circumstance.SCENE: ALONE if around.in_scene else 1.0,
        Circumstance.AGAIN: SAME_AGAIN if again else 1.0,
        Circumstance.SILENCE: AFTER_SILENCE if silence else 1.0,
        Circumstance.CONFLICT: 1 + IN_CONFLICT * (-severity if good else severity),
        Circumstance.MOOD: MOODS.get(around.mood, (1.0, 1.0))[0 if good else 1],
    }
    return {str(name): round(part, _DIGITS) for name, part in parts.items() if part != 1.0}


def modifier(parts: Mapping[str, float]) -> float:
    """Return the seed's modifier m: the product of all factors, limited to 0.5 to 1.5."""
    return round(min(max(prod(parts.values()), LEAST), MOST), _DIGITS)
