"""A seeded mutator: what Discord sends, with parts of it missing, null, of wrong types or out of measure."""

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]

SECRET = "plumbago"
"""Stands in every text of what is malformed, and never in the log."""
LONE = "\ud83d"
HUGE = 20_000
DEEP = 60


def _nested(value: Any) -> Any:
    for number in range(DEEP):
        value = [value] if number % 2 else {"value": value}
    return value


OTHER: list[Callable[[Any], Any]] = [
    lambda _: None,
    lambda _: None,
    lambda _: 7,
    lambda _: -1,
    lambda _: 2**70,
    lambda _: -(2**70),
    lambda _: 1.5,
    lambda _: 1e308,
    lambda _: True,
    lambda _: "",
    lambda _: SECRET,
    lambda _: SECRET * HUGE,
    lambda _: f"{SECRET}{LONE}{LONE}",
    lambda _: str(2**70),
    lambda _: "-5",
    lambda _: [],
    lambda _: {},
    lambda _: [None],
    lambda _: [SECRET, 5],
    lambda _: {SECRET: None},
    lambda value: [value],
    lambda value: {"value": value},
    lambda value: [value] * 300,
    _nested,
]
"""What may stand in the place of a value; most of it is of the wrong type for most."""
NUMBERS = [99_999, -1, 0, 2**31, 2**63, -(2**63) - 1, 255]
"""What a number may be, and an enumeration does not know."""


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Yield the way to each part of a payload but the whole."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*here, key)
        yield from paths(part, (*here, key))


def malformed(payload: Json, chance: random.Random) -> Json:
    """Return a copy of a payload with one to three parts that are not what Discord says they are."""
    broken = copy.deepcopy(payload)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        ways = list(paths(broken))
        if ways:
            # What stands deep is as likely as what stands above it: lists would win otherwise.
            top = chance.choice(sorted({str(way[0]) for way in ways}))
            _break(broken, chance.choice([way for way in ways if str(way[0]) == top]), chance)
    return broken


def _break(broken: Json, way: Path, chance: random.Random) -> None:
    place: Any = broken
    for step in way[:-1]:
        place = place[step]
    last = way[-1]
    value, how = place[last], chance.random()
    if how < 0.2:
        del place[last]
    elif how < 0.45 and isinstance(value, int) and not isinstance(value, bool):
        place[last] = chance.choice(NUMBERS)
    else:
        place[last] = chance.choice(OTHER)(value)
