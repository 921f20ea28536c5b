"""A character's growth: milestones, the changes at each, and levels."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from personas.character import Character, EvolutionStage

MILESTONES = (50, 100, 500, 1000, 5000)
"""Default message counts at which a character may change (F104)."""

LEVELS = (
    (0, "new"),
    (50, "acquainted"),
    (100, "familiar"),
    (500, "experienced"),
    (1000, "veteran"),
    (5000, "legendary"),
)
"""Names of levels by minimum message count."""

_LEARNED = "learned"
"""Key of the knowledge that a stage adds without naming a field."""


def level_of(count: int) -> str:
    """Return the name of the level after `count` messages."""
    return next((name for least, name in reversed(LEVELS) if count >= least), LEVELS[0][1])


def crossed(before: int, after: int, milestones: Iterable[int], achieved: Collection[int]) -> tuple[int, ...]:
    """Return the milestones between the counts `before` and `after`, lowest first.

    Each is crossed once, even if the count jumps over it; milestones already `achieved` are not crossed again
    (F104, C75, D19).
    """
    passed = {milestone for milestone in milestones if before < milestone <= after}
    return tuple(sorted(passed.difference(achieved)))


def evolved(character: Character, stages: Iterable[EvolutionStage]) -> tuple[Character, tuple[str, ...]]:
    """Return the character with the achieved `stages` applied in order, and notices about ignored changes.

    A stage's changes are {personality, knowledge, behavior} or {tone, quirks, knowledge_expansion}, the
    latter also under `unlocks` (F104, D19). Unknown keys and unsuitable values are ignored with a notice. The
    given character is not modified, and a stage missing from the list has no effect, so omitting it reverts
    it.
    """
    notices: list[str] = []
    for stage in stages:
        found: list[str] = []
        character = _after(character, stage.changes, found)
        notices += [f"stage {stage.milestone}: {notice}" for notice in found]
    return character, tuple(notices)


Notices = list[str]
Fields = dict[str, Any]
Change = Callable[[Character, Any], Fields]


def _after(character: Character, changes: Mapping[str, Any], notices: Notices) -> Character:
    for path, value in _each(changes):
        change = _CHANGES.get(path)
        if change is None:
            notices.append(f"{path[:60]} is unknown and was ignored; known: {', '.join(_CHANGES)}")
            continue
        try:
            character = _with(character, change(character, value))
        except (_MisfitError, ValidationError):
            notices.append(f"{path} has a value that doesn't fit, and was ignored")
    return character


def _each(changes: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield each change and its path; changes in `unlocks` count as top-level changes."""
    for key, value in changes.items():
        if key in ("personality", "unlocks") and isinstance(value, Mapping):
            prefix = "personality." if key == "personality" else ""
            yield from ((f"{prefix}{inner}", change) for inner, change in value.items())
        else:
            yield key, value


def _with(character: Character, fields: Fields) -> Character:
    """Return the character with changed fields, validated and copied as if they were in its file."""
    checked = Character.model_validate(dict(character) | fields)
    return character.model_copy(update={field: getattr(checked, field) for field in fields})


class _MisfitError(ValueError):
    """A value's type does not suit its key."""


# Effects of the keys.


def _voice(field: str) -> Change:
    def change(character: Character, value: Any) -> Fields:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise _MisfitError(field)
        return {"voice": {**character.voice.model_dump(), field: value}}

    return change


def _new_quirks(character: Character, value: Any) -> Fields:
    return {"quirks": _joined(character.quirks, _texts(value))}


def _remove_quirks(character: Character, value: Any) -> Fields:
    gone = {quirk.casefold() for quirk in _texts(value)}
    return {"quirks": tuple(quirk for quirk in character.quirks if quirk.casefold() not in gone)}


def _opinions(character: Character, value: Any) -> Fields:
    return {"opinions": {**character.opinions, **_named_texts(value)}}


def _knowledge(character: Character, value: Any) -> Fields:
    """Merge a table into the knowledge: lists grow, other values are replaced. Texts go under `learned`."""
    known = dict(character.knowledge)
    if not isinstance(value, Mapping):
        value = {_LEARNED: list(_texts(value))}
    for field, new in value.items():
        old = known.get(field)
        grows = isinstance(old, list) and isinstance(new, (list, str))
        known[field] = list(_joined(old or (), _texts(new))) if grows else new
    return {"knowledge": known}


def _behavior(character: Character, value: Any) -> Fields:
    """Store a table as notes on the voice by its keys, and other texts as the note `behavior`."""
    notes = _named_texts(value if isinstance(value, Mapping) else {"behavior": "; ".join(_texts(value))})
    return {"voice": {**character.voice.model_dump(), "notes": {**character.voice.notes, **notes}}}


def _tone(character: Character, value: Any) -> Fields:
    return _behavior(character, {"tone": _readable(value)})


def _unlocked_quirks(character: Character, value: Any) -> Fields:
    return _new_quirks(character, [_readable(quirk) for quirk in _texts(value)])


def _knowledge_expansion(character: Character, value: Any) -> Fields:
    return _knowledge(character, [_readable(field) for field in _texts(value)])


_CHANGES: Mapping[str, Change] = {
    "personality.temperature": _voice("temperature"),
    "personality.formality": _voice("formality"),
    "personality.verbosity": _voice("verbosity"),
    "personality.new_quirks": _new_quirks,
    "personality.remove_quirks": _remove_quirks,
    "personality.opinion_changes": _opinions,
    "knowledge": _knowledge,
    "behavior": _behavior,
    "tone": _tone,
    "quirks": _unlocked_quirks,
    "knowledge_expansion": _knowledge_expansion,
}


def _texts(value: Any) -> tuple[str, ...]:
    items = (value,) if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str) for item in items):
        raise _MisfitError
    return tuple(text for item in items if (text := item.strip()))


def _named_texts(value: Any) -> dict[str, str]:
    """Return a table of texts; numbers, booleans and lists of texts in it are converted."""
    if not isinstance(value, Mapping):
        raise _MisfitError
    return {name: _as_text(text) for name, text in value.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, (int, float)) else "; ".join(_texts(value))


def _readable(value: Any) -> str:
    """Convert an identifier such as `more_casual` to words."""
    return " ".join(_as_text(value).replace("_", " ").split())


def _joined(old: Iterable[str], new: Iterable[str]) -> tuple[str, ...]:
    once: dict[str, str] = {}
    for text in (*old, *new):
        # Untrusted sheets may contain any type in place of texts.
        once.setdefault(text.casefold() if isinstance(text, str) else repr(text), text)
    return tuple(once.values())
