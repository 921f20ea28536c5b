"""Sections of a compiled prompt: identity, behaviour, knowledge, interaction."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from personas.character import Character
from personas.character_rules import whole
from personas.frameworks import Framework

_START = re.compile(r"^[^\S\n]*<START>[^\S\n]*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Identity:
    """Admins' additions to a character besides its files: rows of each kind, in order (F110)."""

    traits: tuple[str, ...] = ()
    lore: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()


def parts_of(character: Character, framework: Framework | None, identity: Identity) -> dict[str, str]:
    """Return the sections of a character's prompt by their template names; "" for an empty one.

    Creator's notes, greetings and tags are in none of them.
    """
    return {
        "character_name": character.name,
        "purpose": framework.purpose.strip() if framework else "",
        "identity": _joined(_identity(character, identity)),
        "behavior": _joined(_behavior(character, framework, identity)),
        "knowledge": _joined(_knowledge(character, identity)),
        "interaction": _joined(_interaction(character, framework)),
        "anti_hallucination": _joined(_rules(framework)),
    }


def _identity(character: Character, identity: Identity) -> Iterator[str]:
    # The character's own words stay exactly as written.
    yield character.core_prompt
    yield _under("Where you are", [character.scenario.strip()])
    yield _under("What marks you", _rows(identity.traits))
    yield _under("Your story", _rows(identity.lore))


def _behavior(character: Character, framework: Framework | None, identity: Identity) -> Iterator[str]:
    if framework:
        yield _under("How you behave", lines_of(framework.behavioral_patterns))
        yield _under("How you decide", lines_of(framework.decision_making))
        yield _under("What you look at before you answer", lines_of(framework.context_requirements))
    yield _under("Your quirks", _rows((*character.quirks, *identity.quirks)))


def _knowledge(character: Character, identity: Identity) -> Iterator[str]:
    yield _under(
        "What you know about",
        lines_of({key: said for key, said in character.knowledge.items() if key != "rag_categories"}),
    )
    yield _under("What is so with you", _rows(identity.facts))
    yield _under("What you think of things", lines_of(character.opinions))


def _interaction(character: Character, framework: Framework | None) -> Iterator[str]:
    own = _manners(character)
    if framework:
        style = {key: value for key, value in framework.interaction_style.items() if key not in own}
        yield _under("How you talk with people", lines_of(style))
    yield _under("How you sound", [*lines_of(own), *lines_of(character.voice.notes)])
    yield _under("What you like to talk about", [", ".join(character.interests)])
    yield _under("What you would rather not talk about", [", ".join(character.avoidances)])
    samples = filter(None, map(str.strip, _START.split(character.examples)))
    yield _under(
        "Samples of how you talk; other people's lines are never yours to write", ["\n\n".join(samples)]
    )


def _manners(character: Character) -> dict[str, float | str]:
    """Return the character's own degrees of manner, which override its framework's."""
    manners = {"formality": character.voice.formality, "verbosity": character.voice.verbosity}
    return {name: value for name, value in manners.items() if value is not None}


def _rules(framework: Framework | None) -> Iterator[str]:
    if framework:
        rules = framework.anti_hallucination
        other_rules = {key: value for key, value in rules.items() if key != "rules"}
        yield _under("What you hold to", [*list_lines(rules.get("rules", ())), *lines_of(other_rules)])


def _rows(rows: Iterable[str]) -> Iterator[str]:
    """Yield rows as lines "- row", without duplicates; line breaks within a row become spaces."""
    for row in dict.fromkeys(whole(" ".join(row.split())) for row in rows):
        if row:
            yield f"- {row}"


def _under(heading: str, lines: Iterable[str]) -> str:
    text = "\n".join(line for line in lines if line)
    return f"## {heading}\n{text}" if text else ""


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


# Tables as lines for a model: words for numbers, lists in one line.

_DEGREES = ((0.15, "hardly"), (0.35, "a little"), (0.65, "moderately"), (0.85, "clearly"), (1.0, "very much"))


def lines_of(table: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield a table as lines "- Key: value" in order; nested tables as "- Key, inner key"."""
    for key, value in table.items():
        title = f"{above}, {spoken(key)}" if above else spoken(key)
        if isinstance(value, Mapping):
            yield from lines_of(value, title)
        elif text := value_in_words(value):
            yield f"- {title[:1].upper()}{title[1:]}: {text}"


def list_lines(items: object) -> Iterator[str]:
    """Yield a list's items as lines "- item"; a single value counts as a list of one."""
    for item in items if isinstance(items, list | tuple) else (items,):
        if isinstance(item, Mapping):
            yield from lines_of(item)
        elif text := value_in_words(item):
            yield f"- {text}"


def value_in_words(value: object) -> str:
    """Return a value in words: lists in one line, booleans as yes or no, numbers from 0 to 1 as degrees."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list | tuple):
        items = (value_in_words(item).removesuffix(".") for item in value)
        return "; ".join(item for item in items if item)
    if isinstance(value, Mapping):
        return ", ".join(f"{spoken(key)}: {value_in_words(inner)}" for key, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return degree(value) if isinstance(value, int | float) else ""


def degree(number: float) -> str:
    """Return a number from 0 to 1 as a degree in words; other numbers unchanged."""
    exact = f"{round(number, 2):g}"
    word = next((word for most, word in _DEGREES if 0 <= number <= most), None)
    return f"{word} ({exact} of 1)" if word else exact


def spoken(key: str) -> str:
    """Convert a key to words: `when_unsure` becomes "when unsure"."""
    return " ".join(str(key).replace("_", " ").split())
