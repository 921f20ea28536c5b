"""How a character is by nature: where its hormones rest, what moves it, how it usually wakes up."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
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
    RUDENESS = "rudeness"
    CONFLICT = "conflict"
    THREAT = "threat"
    NEGLECT = "neglect"
    NIGHT = "night"


ATTACKS = (Stimulus.RUDENESS, Stimulus.CONFLICT, Stimulus.THREAT)
"""What is unkind, the mildest first."""


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

RECOVERY, SKIN, HOSTILITY = "recovery", "skin", "hostility"
_ALONE = (RECOVERY, SKIN, HOSTILITY)
"""What is one number, and no table of some."""
_ITEM = re.compile(r"([a-z]+)\s*[:= ]\s*x?\s*(-?\d{1,6}(?:\.\d{1,6})?)", re.IGNORECASE)
_PLACES = {
    **{str(one): "baseline" for one in Hormone},
    **{str(one): "sensitivity" for one in Stimulus},
    **{str(one): "usual" for one in DayMood},
    **{one: one for one in _ALONE},
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
    """What is not said stands at its default: a `baseline` of 0 to 1, a `sensitivity` of 0 to 3 times the
    usual, a `usual` day of 0 to 10, and a `recovery` of 0.25 to 4 times as fast. A `skin` goes from -1,
    thin, to 1, thick; `hostility` is how soon attacks make it hostile, 0 to 3 times the usual: 0 is never."""

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
        """Return where a hormone rests."""
        return self.baseline.get(hormone, BASELINES[hormone])

    def moved_by(self, stimulus: Stimulus) -> float:
        """Return how strongly something moves it, 1 for as much as anybody; attacks go by `conflict`."""
        usual = self.sensitivity.get(Stimulus.CONFLICT, 1.0) if stimulus in ATTACKS else 1.0
        return self.sensitivity.get(stimulus, usual)

    def usually(self, mood: DayMood) -> int:
        """Return how its days are on the whole."""
        return self.usual.get(mood, USUAL[mood])


def temperament_from(value: object) -> object:
    """Return the temperament that `dopamine 0.6, praise x1.5, joy 7, recovery 0.8` describes.

    Items stand between commas or on lines of their own; a table is left as it is. Raises the fault of what is
    no item, is named twice, or has a number that it can't have.
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
    """Return an item that can be read, of the name that was most likely meant."""
    if not re.search("[a-z]", item, re.IGNORECASE):  # the end of a number with a comma in it
        return "dopamine 0.6"
    name = _nearest(item)
    return f"{name} {_EXAMPLES[_PLACES[name]]}"


def _nearest(item: str) -> str:
    """Return the name that was most likely meant."""
    word = re.split(r"[^a-z]", item.lower(), maxsplit=1)[0]
    return next(iter(get_close_matches(word, _PLACES, n=1, cutoff=0.0)))


def _check(place: str, name: str, number: object) -> None:
    """Raise unless the number is one that an item of this place can have."""
    least, most = _RANGES[place]
    whole = place == "usual"
    if _PLACES.get(name) != place:
        fitting = ", ".join(one for one, its in _PLACES.items() if its == place)
        raise fault(f"names '{name[:40]}' under {place}", f"write one of {fitting}")
    sort = "a whole number" if whole else "a number"
    right = isinstance(number, int | float) and not isinstance(number, bool) and least <= number <= most
    if not right or (whole and number != int(number)):  # type: ignore[call-overload]
        raise fault(f"gives {name} {str(number)[:20]}", f"write {sort} from {least:g} to {most:g}")


Tempered = Annotated[Temperament, BeforeValidator(temperament_from)]
