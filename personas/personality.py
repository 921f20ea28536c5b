"""Gradual changes of a character's manner by its experiences: traits between -1 and 1 (F104).

0 is the card's value. Only numbers and causes are stored, never anybody's words.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone


class Trait(StrEnum):
    """Traits of a character."""

    WARMTH = "warmth"
    PLAYFULNESS = "playfulness"
    PATIENCE = "patience"
    CURIOSITY = "curiosity"
    CONFIDENCE = "confidence"


Traits = Mapping[str, float]
LEAST, MOST = -1.0, 1.0
HALF_LIFE = timedelta(days=60)
"""Half-life of a trait's deviation from the card's value."""
TELLING, STRONG = 0.3, 0.7
"""Deviations from which a trait shows in the manner, and shows clearly."""
_DIGITS = 6

_T, _I = Trait, Interaction
SPOKE: Mapping[Interaction, Mapping[Trait, float]] = {
    _I.AGREEMENT: {_T.PATIENCE: 0.02},
    _I.DISAGREEMENT: {_T.CONFIDENCE: 0.02},
    _I.COMPLIMENT: {_T.WARMTH: 0.03},
    _I.INSULT: {_T.WARMTH: -0.05},
    _I.QUESTION: {_T.CURIOSITY: 0.03},
    _I.ANSWER: {_T.PATIENCE: 0.02},
    _I.BANTER: {_T.PLAYFULNESS: 0.03},
    _I.ARGUMENT: {_T.PATIENCE: -0.04},
    _I.COLLABORATION: {_T.WARMTH: 0.02},
    _I.COMPETITION: {_T.CONFIDENCE: 0.03},
}
"""Effect on a speaker of saying something of a kind to another character."""
HEARD: Mapping[Interaction, Mapping[Trait, float]] = {
    _I.AGREEMENT: {_T.CONFIDENCE: 0.02},
    _I.COMPLIMENT: {_T.CONFIDENCE: 0.03},
    _I.INSULT: {_T.CONFIDENCE: -0.03},
    _I.ANSWER: {_T.CURIOSITY: 0.02},
    _I.BANTER: {_T.PLAYFULNESS: 0.02},
    _I.ARGUMENT: {_T.PATIENCE: -0.02},
    _I.COLLABORATION: {_T.WARMTH: 0.02},
}
"""Effect on a listener of being told something of a kind by another character."""
TONES: Mapping[Tone, Mapping[Trait, float]] = {
    Tone.PRAISE: {_T.CONFIDENCE: 0.03},
    Tone.GRATITUDE: {_T.WARMTH: 0.02},
    Tone.RUDENESS: {_T.PATIENCE: -0.02},
    Tone.CONFLICT: {_T.PATIENCE: -0.03},
    Tone.THREAT: {_T.PATIENCE: -0.05},
    Tone.APOLOGY: {_T.PATIENCE: 0.02},
    Tone.CONFIDING: {_T.WARMTH: 0.02},
    Tone.BANTER: {_T.PLAYFULNESS: 0.02},
}
"""Effect of a person's tone."""


def left(traits: Traits, since: datetime, now: datetime) -> dict[str, float]:
    """Return the remainder of traits after some time: they slowly return to the card's values."""
    share = 0.5 ** (max(now - since, timedelta(0)) / HALF_LIFE)
    return {name: kept for name, value in traits.items() if (kept := round(value * share, _DIGITS))}


def shifted(traits: Traits, steps: Mapping[Trait, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Return traits after some steps, and their actual changes: none exceeds its bounds."""
    after, moved = dict(traits), {}
    for trait, step in steps.items():
        before = traits.get(trait, 0.0)
        value = round(min(max(before + step, LEAST), MOST), _DIGITS)
        if value != before:
            after[str(trait)] = value
            moved[str(trait)] = round(value - before, _DIGITS)
    return after, moved


def taken_back(traits: Traits, trait: str, change: float, *, ago: timedelta) -> dict[str, float]:
    """Return traits without the remainder of a change made some time ago."""
    rest = change * 0.5 ** (max(ago, timedelta(0)) / HALF_LIFE)
    value = round(min(max(traits.get(trait, 0.0) - rest, LEAST), MOST), _DIGITS)
    return {name: trait_value for name, trait_value in {**traits, trait: value}.items() if trait_value}


_MANNERS: Mapping[Trait, tuple[str, str]] = {
    Trait.WARMTH: ("warmer", "cooler"),
    Trait.PLAYFULNESS: ("more playful", "more serious"),
    Trait.PATIENCE: ("more patient", "less patient"),
    Trait.CURIOSITY: ("more curious", "less curious"),
    Trait.CONFIDENCE: ("more sure of itself", "less sure of itself"),
}


def manner(traits: Traits) -> str:
    """Describe a manner's deviation from the card's: `a little warmer, clearly less patient`.

    There are only two degrees, so that the text rarely changes; "" for negligible deviations.
    """
    return ", ".join(
        f"{'clearly' if abs(value) >= STRONG else 'a little'} {words[0 if value > 0 else 1]}"
        for trait, words in _MANNERS.items()
        if abs(value := traits.get(trait, 0.0)) >= TELLING
    )
