"""A character's speaking voice: model, speed and pitch (F132)."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from personas.character_rules import fault

_RANGES = {"length_scale": (0.5, 2.0), "pitch": (0.7, 1.4)}
_NAME = r"^([\w-][\w.-]{0,99})?$"
_ITEM = re.compile(r"[\"']?([a-z_]+)[\"']?\s*[:= ]\s*[\"']?(.*?)[\"']?", re.IGNORECASE)


class Timbre(BaseModel):
    """`model` is joe or the name of a Piper voice in the operator's folder; empty for the operator's.

    A `length_scale` above 1 is slower, a `pitch` above 1 higher.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: Annotated[str, Field(pattern=_NAME)] = ""
    length_scale: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    pitch: Annotated[float, Field(ge=0.7, le=1.4)] = 1.0


def timbre_from(value: object) -> object:
    """Parse a timbre such as `model joe, length_scale 1.1, pitch 0.95`, in any order.

    A table is checked and returned unchanged. Raises a fault for an invalid item.
    """
    if isinstance(value, str):
        value = _read(value)
    for name, item in value.items() if isinstance(value, dict) else ():
        _check(str(name), item)
    return value


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in filter(None, map(str.strip, re.split(r"[,\n]", text.strip().strip("{}")))):
        match = _ITEM.fullmatch(item)
        if match is None or not match[2].strip():
            raise fault(f"holds '{item[:40]}'", "write a name and a value, such as 'pitch 0.95'")
        name, value = match[1].lower(), match[2].strip()
        if name in found:
            raise fault(f"names {name} twice", "leave one of them out")
        found[name] = _number(value) if name in _RANGES else value
    return found


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _check(name: str, value: object) -> None:
    """Raise unless an item of this name may have the value."""
    if name == "model":
        if not isinstance(value, str) or not re.fullmatch(_NAME, value):
            raise fault("names no model", "write joe, or the name of a voice beside piper_model: no path")
        return
    if name not in _RANGES:
        raise fault(f"names '{name[:40]}'", f"write one of model, {', '.join(_RANGES)}")
    least, most = _RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise fault(f"gives {name} {str(value)[:20]}", f"write a number from {least:g} to {most:g}")


Voiced = Annotated[Timbre, BeforeValidator(timbre_from)]
