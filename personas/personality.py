"""How a character's manner shifts a little with what it does and meets: traits between -1 and 1 (F104).

0 is what its card makes of it. Only numbers and causes are kept, never a word of anybody.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone


class Trait(StrEnum):
    """What may shift."""

    WARMTH = "warmth"
    PLAYFULNESS = "playfulness"
    PATIENCE = "patience"
    CURIOSITY = "curiosity"
    CONFIDENCE = "confidence"


Traits = Mapping[str, float]
LEAST, MOST = -1.0, 1.0
HALF_LIFE = timedelta(days=60)
"""Left alone, a trait is half as far from the card's own after so long."""
TELLING, STRONG = 0.3, 0.7
"""From so far on a trait shows in the manner, and does so clearly."""
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
"""What saying something of a kind to another character does to the speaker."""
HEARD: Mapping[Interaction, Mapping[Trait, float]] = {
    _I.AGREEMENT: {_T.CONFIDENCE: 0.02},
    _I.COMPLIMENT: {_T.CONFIDENCE: 0.03},
    _I.INSULT: {_T.CONFIDENCE: -0.03},
    _I.ANSWER: {_T.CURIOSITY: 0.02},
    _I.BANTER: {_T.PLAYFULNESS: 0.02},
    _I.ARGUMENT: {_T.PATIENCE: -0.02},
    _I.COLLABORATION: {_T.WARMTH: 0.02},
}
"""What being told something of a kind by another character does to whoever hears it."""
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
"""What the tone of a person does."""


def left(traits: Traits, since: datetime, now: datetime) -> dict[str, float]:
    """Return what is left of traits as they were at a moment: they go back slowly to the card's own."""
    share = 0.5 ** (max(now - since, timedelta(0)) / HALF_LIFE)
    return {name: kept for name, value in traits.items() if (kept := round(value * share, _DIGITS))}


def shifted(traits: Traits, steps: Mapping[Trait, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Return traits after some steps, and by how much each really moved: none leaves its bounds."""
    after, moved = dict(traits), {}
    for trait, step in steps.items():
        before = traits.get(trait, 0.0)
        value = round(min(max(before + step, LEAST), MOST), _DIGITS)
        if value != before:
            after[str(trait)] = value
            moved[str(trait)] = round(value - before, _DIGITS)
    return after, moved


def taken_back(traits: Traits, trait: str, change: float, *, ago: timedelta) -> dict[str, float]:
    """Return traits without what is left of a change that was made so long ago."""
    rest = change * 0.5 ** (max(ago, timedelta(0)) / HALF_LIFE)
    value = round(min(max(traits.get(trait, 0.0) - rest, LEAST), MOST), _DIGITS)
    return {name: one for name, one in {**traits, trait: value}.items() if one}


_MANNERS: Mapping[Trait, tuple[str, str]] = {
    Trait.WARMTH: ("warmer", "cooler"),
    Trait.PLAYFULNESS: ("more playful", "more serious"),
    Trait.PATIENCE: ("more patient", "less patient"),
    Trait.CURIOSITY: ("more curious", "less curious"),
    Trait.CONFIDENCE: ("more sure of itself", "less sure of itself"),
}


def manner(traits: Traits) -> str:
    """Return how far from its card's own a manner is, in words: `a little warmer, clearly less patient`.

    It is said in two steps only, so that it seldom changes; "" for what is too near to tell.
    """
    return ", ".join(
        f"{'clearly' if abs(value) >= STRONG else 'a little'} {words[0 if value > 0 else 1]}"
        for trait, words in _MANNERS.items()
        if abs(value := traits.get(trait, 0.0)) >= TELLING
    )
