"""Keys of character sheets, and conversion of their values to plain words."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from personas.character_rules import LONGEST_LIST, LONGEST_TEXT

SHEET_KEYS = frozenset(
    {"character_id", "display_name", "identity", "knowledge_domain", "opinions", "voice_and_tone", "quirks"}
    | {"avatar_url", "description", "scenario", "first_message", "mes_example", "alternate_greetings"}
    | {"creator_notes", "tags", "creator", "character_version", "system_prompt_override", "topic_interests"}
    | {"topic_avoidances", "evolution_stages", "activity_preferences", "framework_blending"}
)
"""The fields of F097."""
OWN_KEYS: Mapping[str, str] = {
    "emotes": "emotes",
    "mirror_style": "mirror_style",
    "forbidden_phrases": "forbidden_phrases",
    "status_lines": "status_lines",
    "temperament": "temperament",
    "relationships": "relationships",
    "inner_life": "inner_life",
    "voice": "timbre",
    "nsfw": "nsfw",
}
"""Further keys of a sheet, named as in character.env, and the fields they fill."""
BESIDE_A_CARD: Mapping[str, str] = {
    "topic_interests": "topics that draw it in",
    "topic_avoidances": "topics that it leaves to others",
    "knowledge_domain": "what it knows about, and whose lore it reads",
    "rag_categories": "whose lore it reads",
    "embedded_lorebook": "a lorebook of its own",
    "evolution_stages": "what changes in it with experience",
    "activity_preferences": "channels and activities that it likes",
    "framework": "the framework that it builds on",
    "framework_blending": "frameworks that colour it, by what the talk is about",
    "identity": "who it is",
    "behavior": "how it behaves",
    "voice_and_tone": "how it sounds",
    "opinions": "what it thinks of things",
    "quirks": "its odd habits",
}
"""acore's fields in a card's extensions, or in a table there, and their use."""
TELLING = frozenset(BESIDE_A_CARD) - {"framework", "identity", "behavior", "opinions", "quirks"}
"""Fields that identify such a table; the others are common words."""
OLDER_NAMES: Mapping[str, str] = {
    "core": "identity",
    "knowledge": "knowledge_domain",
    "system_prompt": "system_prompt_override",
    "version": "character_version",
}
"""acore's field names from before F097."""
BLENDED_WHEN: Mapping[str, str] = {
    "creative_task": "creative",
    "analytical_task": "technical",
    "playful_chat": "casual",
}
"""acore's kinds of talk in rules, and the contexts here."""
TEXTS: Mapping[str, str] = {
    "scenario": "scenario",
    "first_message": "greeting",
    "mes_example": "examples",
    "creator_notes": "creator_notes",
    "creator": "creator",
    "character_version": "version",
    "system_prompt_override": "override",
}
LISTS: Mapping[str, str] = {
    "quirks": "quirks",
    "topic_interests": "interests",
    "topic_avoidances": "avoidances",
    "tags": "tags",
}


_DEEPEST = 6


def words(value: object, *, depth: int = _DEEPEST) -> str:
    """Return any JSON value as words on one line; "" for null and for values nested too deep."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if not depth:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(labelled(value, depth=depth - 1))
    if isinstance(value, Iterable):
        return "; ".join(filter(None, (words(item, depth=depth - 1) for item in value)))
    return ""


def labelled(table: Mapping[str, Any], *, depth: int = _DEEPEST) -> tuple[str, ...]:
    """Return a table as one text per key, such as `speech patterns: slow; in riddles`."""
    found = ((str(key).replace("_", " ").strip(), words(value, depth=depth)) for key, value in table.items())
    return tuple(f"{key}: {text}" for key, text in found if text)


def items(value: object) -> tuple[str, ...] | None:
    """Return a list, a table or a comma-separated text as texts; None for other types (D25)."""
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(filter(None, map(str.strip, value.replace("\n", ",").split(","))))
    if isinstance(value, Mapping):
        return labelled(value)
    if isinstance(value, list | tuple):
        return tuple(filter(None, map(words, value)))
    return None


def opinions_in(value: object) -> dict[str, str] | None:
    """Return opinions by topic, from a table or a list; None for other types."""
    if isinstance(value, Mapping):
        return {str(key): text for key, opinion in value.items() if (text := words(opinion))}
    if not isinstance(value, list | str):
        return None if value is not None else {}
    found: dict[str, str] = {}
    loose: list[str] = []
    for opinion in [value] if isinstance(value, str) else value:
        topic, mark, view = _topic_and_view(opinion)
        if mark and topic and view:
            found[topic] = view
        else:
            loose.append(words(opinion))
    return found | ({"in general": text} if (text := "; ".join(filter(None, loose))) else {})


def fits(model: type[BaseModel], values: Mapping[str, Any]) -> bool:
    """Return whether these values are valid for a model."""
    try:
        model.model_validate(values)
    except ValidationError:
        return False
    return True


def within_limits(texts: Iterable[str]) -> tuple[str, ...]:
    """Truncate texts to the limits of a character's fields."""
    return tuple(text[:LONGEST_TEXT] for text in list(texts)[:LONGEST_LIST])


def _topic_and_view(opinion: object) -> tuple[str, str, str]:
    if isinstance(opinion, Mapping):
        topic = words(opinion.get("topic") or opinion.get("subject"))
        return topic, ":", words(opinion.get("opinion") or opinion.get("view") or opinion.get("stance"))
    topic, mark, view = words(opinion).partition(":")
    return topic.strip(), mark, view.strip()
