"""What surrounds what one persona says to another, and how much it counts for that: the modifier m (F092)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from math import prod

from personas.relations.affinity import DELTAS, Interaction

LEAST, MOST = 0.5, 1.5
"""The bounds of the modifier m."""
AGAIN = timedelta(minutes=10)
"""What is of the same kind as their last encounter counts less within this time."""
SILENCE = timedelta(days=7)
"""After so long without a word what is said counts more."""
_DIGITS = 9


class Circumstance(StrEnum):
    """What may be so about an encounter."""

    SCENE = "scene"
    AGAIN = "again"
    SILENCE = "silence"
    CONFLICT = "conflict"
    MOOD = "mood"


@dataclass(frozen=True, slots=True)
class Around:
    """What was so: whether it was `in_scene`, their `last` encounter and how long `since` that was, how bad
    their worst conflict is, 0 to 1, and the speaker's `mood` by name (personas.affect.moods)."""

    in_scene: bool = False
    last: Interaction | None = None
    since: timedelta = timedelta(0)
    severity: float = 0.0
    mood: str = ""


ALONE = 1.2
"""In a scene they are among themselves; in public it counts as it is."""
SAME_AGAIN, AFTER_SILENCE = 0.8, 1.2
IN_CONFLICT = 0.3
"""The worst conflict makes what is bad so much worse, and takes so much from what is good."""
MOODS: Mapping[str, tuple[float, float]] = {
    "bright": (1.2, 0.9),
    "stressed": (0.9, 1.2),
    "melancholic": (0.9, 1.1),
}
"""What a mood of the speaker does to what is good, and to what is bad; the others do nothing."""


def factors(kind: Interaction, around: Around) -> dict[str, float]:
    """Return the parts of the modifier of an encounter that are not 1; none for what shifts nothing."""
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
    """Return the modifier m of the seed: all parts multiplied, from 0.5 to 1.5."""
    return round(min(max(prod(parts.values()), LEAST), MOST), _DIGITS)
