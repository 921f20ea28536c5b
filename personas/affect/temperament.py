"""A character's temperament: hormone baselines, sensitivities, usual day moods."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from personas.character_rules import fault


class Hormone(StrEnum):
    """The seven hormones of seed 001 (F085, D17)."""

    DOPAMINE = "dopamine"
    SEROTONIN = "serotonin"
    CORTISOL = "cortisol"
    ADRENALINE = "adrenaline"
    MELATONIN = "melatonin"
    ESTROGEN = "estrogen"
    TESTOSTERONE = "testosterone"


class Stimulus(StrEnum):
    """Events that change hormones."""

    MENTION = "mention"
    PRAISE = "praise"
    GRATITUDE = "gratitude"
    RUDENESS = "rudeness"
    CONFLICT = "conflict"
    THREAT = "threat"
    NEGLECT = "neglect"
    NIGHT = "night"


ATTACKS = (Stimulus.RUDENESS, Stimulus.CONFLICT, Stimulus.THREAT)
"""Hostile stimuli, mildest first."""


class DayMood(StrEnum):
    """Moods of a day, each 0 to 10 (F087, F088)."""

    ANGER = "anger"
    JOY = "joy"
    SADNESS = "sadness"
    ENERGY = "energy"


BASELINES: Mapping[Hormone, float] = {
    hormone: 0.4 if hormone in (Hormone.CORTISOL, Hormone.MELATONIN) else 0.5 for hormone in Hormone
}
"""Default baselines, 0 to 1."""
USUAL: Mapping[DayMood, int] = {
    DayMood.ANGER: 2,
    DayMood.JOY: 5,
    DayMood.SADNESS: 2,
    DayMood.ENERGY: 5,
}
"""Default moods of a day."""

RECOVERY, SKIN, HOSTILITY = "recovery", "skin", "hostility"
_ALONE = (RECOVERY, SKIN, HOSTILITY)
"""Items that are a single number and not a table."""
_ITEM = re.compile(r"([a-z]+)\s*[:= ]\s*x?\s*(-?\d{1,6}(?:\.\d{1,6})?)", re.IGNORECASE)
_PLACES = {
    **{str(hormone): "baseline" for hormone in Hormone},
    **{str(stimulus): "sensitivity" for stimulus in Stimulus},
    **{str(day_mood): "usual" for day_mood in DayMood},
    **{item: item for item in _ALONE},
}
_RANGES = {
    "baseline": (0.0, 1.0),
    "sensitivity": (0.0, 3.0),
    "usual": (0.0, 10.0),
    RECOVERY: (0.25, 4.0),
    SKIN: (-1.0, 1.0),
    HOSTILITY: (0.0, 3.0),
}

_EXAMPLES = {
    "baseline": "0.6",
    "sensitivity": "x1.5",
    "usual": "6",
    RECOVERY: "0.5",
    SKIN: "0.4",
    HOSTILITY: "x1.5",
}

Level = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0, le=3)]
Strength = Annotated[int, Field(ge=0, le=10)]


class Temperament(BaseModel):
    """A temperament; missing values have defaults. `baseline` is 0 to 1, `sensitivity` 0 to 3 times the
    usual, a `usual` day mood 0 to 10, `recovery` 0.25 to 4 times the usual speed. `skin` is -1 (thin) to 1
    (thick); `hostility` is the tendency to become hostile after attacks, 0 to 3 times the usual."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    baseline: dict[Hormone, Level] = {}
    sensitivity: dict[Stimulus, Factor] = {}
    usual: dict[DayMood, Strength] = {}
    recovery: Annotated[float, Field(ge=0.25, le=4)] = 1.0
    skin: Annotated[float, Field(ge=-1, le=1)] = 0.0
    hostility: Factor = 1.0

    def rests_at(self, hormone: Hormone) -> float:
        """Return a hormone's baseline."""
        return self.baseline.get(hormone, BASELINES[hormone])

    def moved_by(self, stimulus: Stimulus) -> float:
        """Return the sensitivity to a stimulus, 1 by default; attacks default to that of `conflict`."""
        usual = self.sensitivity.get(Stimulus.CONFLICT, 1.0) if stimulus in ATTACKS else 1.0
        return self.sensitivity.get(stimulus, usual)

    def usually(self, mood: DayMood) -> int:
        """Return the usual value of a day mood."""
        return self.usual.get(mood, USUAL[mood])


def temperament_from(value: object) -> object:
    """Parse a temperament such as `dopamine 0.6, praise x1.5, joy 7, recovery 0.8`.

    Items are separated by commas or line breaks; a table is only checked. Raises a fault for an invalid item,
    a duplicate name, or a number out of range.
    """
    if isinstance(value, str):
        value = _read(value)
    for place, items in value.items() if isinstance(value, dict) else ():
        if place not in _RANGES:
            raise fault(f"names '{str(place)[:40]}'", f"write one of {', '.join(_RANGES)}")
        table = {place: items} if place in _ALONE else items
        for name, number in table.items() if isinstance(table, dict) else ():
            _check(place, str(name), number)
    return value


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in filter(None, map(str.strip, re.split(r"[,\n]", text))):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise fault(f"holds '{item[:40]}'", f"write a name and a number, such as '{_example(item)}'")
        name = match[1].lower()
        if name not in _PLACES:
            known = ", ".join(_PLACES)
            raise fault(f"names '{name[:40]}'", f"did you mean {_nearest(name)}? There are {known}")
        table = found if name in _ALONE else found.setdefault(_PLACES[name], {})
        if name in table:
            raise fault(f"names {name} twice", "leave one of them out")
        table[name] = float(match[2]) if "." in match[2] else int(match[2])
    return found


def _example(item: str) -> str:
    """Return a valid example with the name most similar to an invalid item's."""
    if not re.search("[a-z]", item, re.IGNORECASE):  # the end of a number with a comma in it
        return "dopamine 0.6"
    name = _nearest(item)
    return f"{name} {_EXAMPLES[_PLACES[name]]}"


def _nearest(item: str) -> str:
    """Return the most similar valid name."""
    word = re.split(r"[^a-z]", item.lower(), maxsplit=1)[0]
    return next(iter(get_close_matches(word, _PLACES, n=1, cutoff=0.0)))


def _check(place: str, name: str, number: object) -> None:
    """Raise unless an item of this kind may have the number."""
    least, most = _RANGES[place]
    whole = place == "usual"
    if _PLACES.get(name) != place:
        fitting = ", ".join(known_name for known_name, known_place in _PLACES.items() if known_place == place)
        raise fault(f"names '{name[:40]}' under {place}", f"write one of {fitting}")
    sort = "a whole number" if whole else "a number"
    right = isinstance(number, int | float) and not isinstance(number, bool) and least <= number <= most
    if not right or (whole and number != int(number)):  # type: ignore[call-overload]
        raise fault(f"gives {name} {str(number)[:20]}", f"write {sort} from {least:g} to {most:g}")


Tempered = Annotated[Temperament, BeforeValidator(temperament_from)]
