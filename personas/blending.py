"""Blending: the combined manner of several frameworks, weighted by the context of the talk."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import fsum
from types import MappingProxyType
from typing import Any

from personas.character_parts import Blending
from personas.frameworks import Framework
from personas.persona_sections import lines_of, spoken
from personas.selection.topic import CONTEXTS

DEFAULT_WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "technical": {"neuro": 0.8, "assistant": 0.2},
    "casual": {"caring": 0.6, "chaotic": 0.4},
    "formal": {"assistant": 0.9, "neuro": 0.1},
    "creative": {"chaotic": 0.7, "caring": 0.3},
    "educational": {"assistant": 0.8, "neuro": 0.2},
}
"""Default weights of frameworks by context (F102)."""
LEAST = 0.1
"""A framework counts if its weight exceeds this; exactly this weight does not count (F102, C76)."""
LONGEST_LIST = 5
"""Maximum number of items in merged lists (F103)."""
SECTIONS = ("behavioral_patterns", "decision_making", "interaction_style", "anti_hallucination")
"""The sections of a framework that are blended."""
LONGEST_LINE, LONGEST_WRITTEN = 240, 1600
"""Maximum characters of a line, and of the whole blend, at the end of a prompt."""

_Value = tuple[Any, float]


@dataclass(frozen=True)
class Blend:
    """The merged sections of the frameworks that count, and their `weights`."""

    context: str
    weights: Mapping[str, float] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def weights_for(blending: Blending | None, context: str) -> Mapping[str, float]:
    """Return the frameworks' weights in a context: the character's own, or the defaults (F102).

    It is empty for characters without blending and for unknown contexts.
    """
    if blending is None or not blending.enabled:
        return {}
    return blending.contexts.get(context, DEFAULT_WEIGHTS.get(context, {}))


def blend(
    context: str, weights: Mapping[str, float], frameworks: Mapping[str, Framework]
) -> tuple[Blend, tuple[str, ...]]:
    """Return the blend of the frameworks that count, and a notice for each missing framework (F103, C76).

    Results are cached by value: an edited framework is a different value, so the cache is never outdated. The
    order of the mappings makes no difference.
    """
    counting = [(name, weight) for name, weight in weights.items() if weight > LEAST]
    asked = sorted(counting, key=lambda pair: (-pair[1], pair[0]))
    known = tuple((frameworks[name], weight) for name, weight in asked if name in frameworks)
    strange = [name for name, _ in asked if name not in frameworks]
    return _blended(context, known), tuple(_not_there(context, name, frameworks) for name in strange)


def blending_notices(blending: Blending | None) -> tuple[str, ...]:
    """Return notices about a character's contexts that don't exist."""
    strange = sorted(set(blending.contexts) - set(CONTEXTS)) if blending else []
    return tuple(
        f"blending: {name[:40]!r} is no context; known: {', '.join(CONTEXTS)}" for name in strange[:10]
    )


def written(blend: Blend) -> str:
    """Return a blend as a short text for the end of a prompt, "" if it is empty.

    Numbers share a line. The text consists of whole lines up to LONGEST_WRITTEN characters, with only the
    frameworks' own words.
    """
    lines = list(_lines(blend.sections.values()))
    if not lines:
        return ""
    text = f"The talk is {blend.context} just now. Stay who you are, and lean this way:"
    for line in dict.fromkeys(_shortened(" ".join(line.split())) for line in lines):
        if len(text) + 1 + len(line) > LONGEST_WRITTEN:
            break
        text += f"\n{line}"
    return text


def _lines(sections: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    tables = list(sections)
    degrees = [
        f"{spoken(key)} {round(value, 2):g}"
        for table in tables
        for key, value in table.items()
        if _is_degree(value)
    ]
    if degrees:
        yield f"- How much, from 0 to 1: {', '.join(degrees)}"
    for table in tables:
        yield from lines_of({key: value for key, value in table.items() if not _is_degree(value)})


def _is_degree(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _shortened(line: str) -> str:
    """Truncate a line to LONGEST_LINE characters, at the end of a list item or of a word."""
    if len(line) <= LONGEST_LINE:
        return line
    room = line[: LONGEST_LINE + 1]
    return next((room[: room.rindex(mark)] for mark in ("; ", " ") if mark in room[40:]), room[:-1])


@lru_cache(maxsize=256)
def _blended(context: str, parts: tuple[tuple[Framework, float], ...]) -> Blend:
    sections = {
        name: _resolved([(getattr(framework, name), weight) for framework, weight in parts])
        for name in SECTIONS
    }
    return Blend(
        context,
        MappingProxyType({framework.framework_id: weight for framework, weight in parts}),
        MappingProxyType({name: MappingProxyType(section) for name, section in sections.items() if section}),
    )


def _resolved(tables: Sequence[tuple[Mapping[str, Any], float]]) -> dict[str, Any]:
    """Merge tables, given heaviest first: the first table's keys keep their order, further keys follow."""
    keys = dict.fromkeys(key for table, _ in tables for key in table)
    return {key: _resolve([(table[key], weight) for table, weight in tables if key in table]) for key in keys}


def _resolve(values: Sequence[_Value]) -> Any:
    """Merge the values of a key: a single value stands; of different types, the heaviest wins."""
    if len(values) == 1:
        return values[0][0]
    kind = _heaviest((_kind(value), weight) for value, weight in values)
    return _RULES[kind]([(value, weight) for value, weight in values if _kind(value) == kind])


def _kind(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    if isinstance(value, list):
        return "list"
    return "table" if isinstance(value, dict) else "word"


def _most_wanted(values: Sequence[_Value]) -> Any:
    """Return the text (or boolean) with the highest total weight, the first of equal ones."""
    return json.loads(_heaviest((json.dumps(value), weight) for value, weight in values))


def _mean(values: Sequence[_Value]) -> float:
    whole = fsum(weight for _, weight in values)
    return round(fsum(value * weight for value, weight in values) / whole, 9)


def _merged(values: Sequence[_Value]) -> list[Any]:
    """Return the items of all lists by total weight, heaviest first, then in order of appearance."""
    items: dict[str, Any] = {}
    weights: dict[str, list[float]] = {}
    for value, weight in values:
        own: dict[str, Any] = {}
        for item in value:
            own.setdefault(_item_key(item), item)
        for key, item in own.items():
            items.setdefault(key, item)
            weights.setdefault(key, []).append(weight)
    order = sorted(items, key=lambda key: -_sum(weights[key]))
    return [items[key] for key in order[:LONGEST_LIST]]


def _item_key(item: object) -> str:
    return item.strip().casefold() if isinstance(item, str) else json.dumps(item, sort_keys=True)


def _heaviest(votes: Iterable[tuple[str, float]]) -> str:
    weights: dict[str, list[float]] = {}
    for vote, weight in votes:
        weights.setdefault(vote, []).append(weight)
    return max(weights, key=lambda vote: _sum(weights[vote]))


def _sum(weights: Iterable[float]) -> float:
    """Return a sum for which 0.1 + 0.2 equals 0.3, so that ties are detected."""
    return round(fsum(weights), 9)


_RULES: Mapping[str, Callable[[Sequence[_Value]], Any]] = {
    "word": _most_wanted,
    "number": _mean,
    "list": _merged,
    "table": _resolved,
}


def _not_there(context: str, name: str, frameworks: Mapping[str, Framework]) -> str:
    known = ", ".join(sorted(frameworks)) or "none"
    return f"blending: {context} asks for the framework {name[:64]!r}, which is not there; known: {known}"
