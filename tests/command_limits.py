"""What Discord takes of a bot's commands, by its documentation: for checking all of them before it does."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import regex

Payload = Mapping[str, Any]

MOST = {1: 100, 2: 5, 3: 5}
"""Global commands of each type: slash commands, menus of a person, menus of a message."""
MOST_OPTIONS = MOST_CHOICES = 25
MOST_CHARACTERS = 8_000
"""Of all names, descriptions and values of a slash command, its subcommands, options and choices."""
LARGEST = 2**53 - 1
LONGEST_TEXT = 6_000
SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
NAME = regex.compile(r"[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}")


def faults_of(commands: Sequence[Payload]) -> list[str]:
    """Return what Discord would refuse in a list of global commands, one line each."""
    kinds = Counter(one.get("type", 1) for one in commands)
    found = [f"{count} commands of type {kind}" for kind, count in kinds.items() if count > MOST[kind]]
    names = Counter((one.get("type", 1), one["name"]) for one in commands)
    found += [f"{name}: there twice" for (_, name), count in names.items() if count > 1]
    for command in commands:
        slash = command.get("type", 1) == 1
        faults = _of_slash(command) if slash else _of_menu(command)
        found += [f"{command['name']}: {fault}" for fault in faults]
    return found


def _of_menu(command: Payload) -> Iterator[str]:
    if not all(1 <= len(name) <= 32 for name in _words(command, "name")):
        yield "its name is not of 1 to 32 characters"
    if command.get("description") or command.get("options"):
        yield "a menu has no description and no options"


def _of_slash(command: Payload) -> Iterator[str]:
    if (size := _size(command)) > MOST_CHARACTERS:
        yield f"it has {size} characters"
    yield from _of_node(command, room=2)


def _of_node(node: Payload, *, room: int) -> Iterator[str]:
    """Yield the faults of a command or option and all below it; commands nest `room` deep below it."""
    yield from _of_words(node)
    yield from _of_values(node)
    options = node.get("options") or []
    if len(options) > MOST_OPTIONS:
        yield f"{len(options)} options"
    if len({one["name"] for one in options}) < len(options):
        yield "two options with one name"
    nested = [one["type"] in (SUBCOMMAND, GROUP) for one in options]
    if any(nested) and not all(nested):
        yield "subcommands beside options"
    needed = [bool(one.get("required")) for one in options]
    if needed != sorted(needed, reverse=True):
        yield "a required option after one that is not"
    for one in options:
        below = {GROUP: 1, SUBCOMMAND: 0}.get(one["type"], -1)
        if below >= room:
            yield f"{one['name']}: nested too deep"
        yield from (f"{one['name']}: {fault}" for fault in _of_node(one, room=max(below, 0)))


def _of_words(node: Payload) -> Iterator[str]:
    for name in _words(node, "name"):
        if not NAME.fullmatch(name) or name != name.lower():
            yield f"the name {name!r}"
    descriptions = _words(node, "description") or [""]
    yield from (f"a description of {len(one)}" for one in descriptions if not 1 <= len(one) <= 100)


def _of_values(option: Payload) -> Iterator[str]:
    if option.get("type") in (INTEGER, NUMBER):
        yield from (f"{end} {option[end]}" for end in _given(option, "min_value", "max_value", LARGEST))
    if option.get("type") == STRING:
        yield from (
            f"{end} {option[end]}" for end in _given(option, "min_length", "max_length", LONGEST_TEXT)
        )
    choices = option.get("choices") or []
    if len(choices) > MOST_CHOICES:
        yield f"{len(choices)} choices"
    if choices and option.get("autocomplete"):
        yield "choices beside an autocompletion"
    for one in choices:
        if not all(1 <= len(name) <= 100 for name in _words(one, "name")):
            yield f"the choice {one['name']!r}"
        if isinstance(value := one["value"], str) and len(value) > 100:
            yield f"a choice of {len(value)} characters"
        elif not isinstance(value, str) and abs(value) > LARGEST:
            yield f"the choice {value}"


def _given(option: Payload, least: str, most: str, largest: int) -> Iterator[str]:
    """Yield which ends of a range are beyond what Discord takes."""
    yield from (end for end in (least, most) if end in option and abs(option[end]) > largest)
    if option.get(least, -largest) > option.get(most, largest):
        yield most


def _words(node: Payload, field: str) -> list[str]:
    """Return a text of a command, an option or a choice in every language that it has."""
    own = [node[field]] if node.get(field) is not None else []
    return [*own, *(node.get(f"{field}_localizations") or {}).values()]


def _size(node: Payload) -> int:
    """Return the characters that count, with all below; of translations the longest does."""
    own = sum(max(map(len, _words(node, field)), default=0) for field in ("name", "description"))
    own += len(str(node["value"])) if "value" in node else 0
    return own + sum(_size(one) for field in ("options", "choices") for one in node.get(field) or [])
