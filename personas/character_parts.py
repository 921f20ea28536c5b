"""Types of a character's fields: bounded texts and lists, modes, stages, voice and blending."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from personas.character_rules import LONGEST_LIST, LONGEST_TEXT, fault, plain, whole

_BREAK = re.compile(r"^[^\S\n]*-{3,}[^\S\n]*$", re.MULTILINE)
_NEW_LINE = re.compile(r"\n(?=\S)")
_MODE = re.compile(r"([^\s:|][^:|\n]*):([^|]*)(?:\|(.*))?", re.DOTALL)
_CONFLICT = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,63})\s*:(.*)", re.DOTALL)


def _short_text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise fault(f"has over {LONGEST_TEXT} characters", "shorten it")
    return whole(text)


def _short_list(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(items) > LONGEST_LIST:
        raise fault(f"holds over {LONGEST_LIST} items", "shorten it")
    return items


def _short_table(table: dict[str, Any]) -> dict[str, Any]:
    plain(table)
    return table


def _split(pattern: str | re.Pattern[str]) -> BeforeValidator:
    def parts(value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part for part in map(str.strip, re.split(pattern, value)) if part)

    return BeforeValidator(parts)


Text = Annotated[str, AfterValidator(_short_text)]
Names = Annotated[tuple[Text, ...], AfterValidator(_short_list), _split(r"[,\n]")]
Lines = Annotated[tuple[Text, ...], AfterValidator(_short_list), _split(r"\n")]
Sections = Annotated[tuple[Text, ...], AfterValidator(_short_list), _split(_BREAK)]
"""Texts of several lines, separated by lines of dashes."""
Table = Annotated[dict[str, Any], AfterValidator(plain)]
"""A JSON object of limited size and depth, copied from the input."""
Words = Annotated[dict[str, Text], AfterValidator(_short_table)]
Amount = Annotated[float, Field(ge=0, le=100)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )


class EvolutionStage(_Part):
    """Changes in a character after `milestone` interactions (F104, D19)."""

    milestone: Annotated[int, Field(ge=1, le=10**9)]
    changes: Table = {}


class Mode(_Part):
    """A manner of the character, and the words that trigger it (C78)."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f\x85\u2028\u2029]+$")]
    text: Text
    cues: Names = ()


class Blending(_Part):
    """The frameworks a character blends in each context; the defaults apply to contexts not listed (F102)."""

    enabled: bool = False
    contexts: Annotated[dict[str, dict[str, Amount]], AfterValidator(_short_table)] = {}


class VoiceAndTone(_Part):
    """A character's style: model parameters where supported, and words. None means not set."""

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    formality: float | Text | None = None
    verbosity: float | Text | None = None
    notes: Words = {}


def modes_from(value: object) -> object:
    """Parse modes from lines of `NAME: text | cue, cue`; other values are returned unchanged.

    An indented line continues the previous one. Raises a fault for a line without a name.
    """
    if not isinstance(value, str):
        return value
    return tuple(_mode(line) for line in _NEW_LINE.split(value.strip()) if line.strip())


def _mode(line: str) -> Mode:
    found = _MODE.fullmatch(line)
    if found is None or not found[2].strip() or len(found[1].strip()) > 64:
        raise fault("holds a line without a name or a text", "write NAME: text | cue, cue")
    text = "\n".join(part.strip() for part in found[2].strip().split("\n"))
    return Mode(name=found[1].strip(), text=text, cues=found[3] or "")


def conflicts_from(value: object) -> object:
    """Parse topics by character from lines of `slug: topic, topic`; other values are returned unchanged.

    An indented line continues the previous one, and lines about the same character are joined. Raises a fault
    for a line without a character or a topic (F094).
    """
    if not isinstance(value, str):
        return value
    found: dict[str, tuple[str, ...]] = {}
    for line in filter(str.strip, _NEW_LINE.split(value.strip())):
        slug, topics = _conflict(line)
        found[slug] = tuple(dict.fromkeys((*found.get(slug, ()), *topics)))
    return found


def _conflict(line: str) -> tuple[str, tuple[str, ...]]:
    found = _CONFLICT.fullmatch(line)
    topics = tuple(filter(None, map(str.strip, re.split(r"[,\n]", found[2])))) if found else ()
    if found is None or not topics:
        raise fault("holds a line without a character's id or a topic", "write ID: topic, topic")
    return found[1].lower(), topics


Modes = Annotated[tuple[Mode, ...], AfterValidator(_short_list), BeforeValidator(modes_from)]
Conflicts = Annotated[dict[str, Names], AfterValidator(_short_table), BeforeValidator(conflicts_from)]
