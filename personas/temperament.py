"""How a character is by nature: where its hormones rest, what moves it, how it usually wakes up."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from personas.character_rules import fault


class Hormone(StrEnum):
    """The seven of seed 001 (F085, D17)."""

    DOPAMINE = "dopamine"
    SEROTONIN = "serotonin"
    CORTISOL = "cortisol"
    ADRENALINE = "adrenaline"
    MELATONIN = "melatonin"
    ESTROGEN = "estrogen"
    TESTOSTERONE = "testosterone"


class Stimulus(StrEnum):
    """What moves the hormones."""

    MENTION = "mention"
    PRAISE = "praise"
    GRATITUDE = "gratitude"
    CONFLICT = "conflict"
    NEGLECT = "neglect"
    NIGHT = "night"


class DayMood(StrEnum):
    """What a day can be like, each 0 to 10 (F087, F088)."""

    ANGER = "anger"
    JOY = "joy"
    SADNESS = "sadness"
    ENERGY = "energy"


BASELINES: Mapping[Hormone, float] = {
    hormone: 0.4 if hormone in (Hormone.CORTISOL, Hormone.MELATONIN) else 0.5 for hormone in Hormone
}
"""Where hormones rest, 0 to 1, unless a temperament says otherwise."""
USUAL: Mapping[DayMood, int] = {
    DayMood.ANGER: 2,
    DayMood.JOY: 5,
    DayMood.SADNESS: 2,
    DayMood.ENERGY: 5,
}
"""How a day usually is, unless a temperament says otherwise."""

_ITEM = re.compile(r"([a-z]+)\s*[:= ]\s*x?\s*(\d{1,3}(?:\.\d{1,6})?)", re.IGNORECASE)
_PLACES = {
    **{str(one): "baseline" for one in Hormone},
    **{str(one): "sensitivity" for one in Stimulus},
    **{str(one): "usual" for one in DayMood},
}

Level = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0, le=3)]
Strength = Annotated[int, Field(ge=0, le=10)]


class Temperament(BaseModel):
    """What is not said stands at its default: a `baseline` of 0 to 1, a `sensitivity` of 0 to 3 times the
    usual, a `usual` day of 0 to 10, and a `recovery` of 0.25 to 4 times as fast."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    baseline: dict[Hormone, Level] = {}
    sensitivity: dict[Stimulus, Factor] = {}
    usual: dict[DayMood, Strength] = {}
    recovery: Annotated[float, Field(ge=0.25, le=4)] = 1.0

    def rests_at(self, hormone: Hormone) -> float:
        """Return where a hormone rests."""
        return self.baseline.get(hormone, BASELINES[hormone])

    def moved_by(self, stimulus: Stimulus) -> float:
        """Return how strongly something moves it, 1 for as much as anybody."""
        return self.sensitivity.get(stimulus, 1.0)

    def usually(self, mood: DayMood) -> int:
        """Return how its days are on the whole."""
        return self.usual.get(mood, USUAL[mood])


def temperament_from(value: object) -> object:
    """Return the temperament that `dopamine 0.6, praise x1.5, joy 7, recovery 0.8` describes.

    Items stand between commas or on lines of their own; other values are left as they are. Raises the
    fault of what is no item, or named twice.
    """
    if not isinstance(value, str):
        return value
    found: dict[str, Any] = {}
    for item in filter(None, map(str.strip, re.split(r"[,\n]", value))):
        match = _ITEM.fullmatch(item)
        name = match[1].lower() if match else ""
        place = _PLACES.get(name)
        if match is None or (place is None and name != "recovery"):
            known = ", ".join((*_PLACES, "recovery"))
            raise fault(
                f"holds '{item[:40]}'", f"write NAME NUMBER with commas between; the names are {known}"
            )
        table = found.setdefault(place, {}) if place else found
        if name in table:
            raise fault(f"names {name} twice", "leave one of them out")
        table[name] = float(match[2]) if "." in match[2] else int(match[2])
    return found


Tempered = Annotated[Temperament, BeforeValidator(temperament_from)]
