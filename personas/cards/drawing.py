"""A character as a card that other programs read: its words under the names cards have for them (C31)."""

import json
from collections.abc import Iterable
from typing import Any

from personas.character import Character

EXTENSION = "masquerade"
"""Under this name a card keeps what only this program knows of a character."""
KEPT = (
    "aliases",
    "description",
    "summarization_prompt",
    "core_memory_prompt",
    "core_memory_dump",
    "framework",
    "blending",
    "knowledge",
    "opinions",
    "voice",
    "quirks",
    "interests",
    "avoidances",
    "stages",
    "channels",
    "activities",
    "modes",
    "public_voice",
    "private_voice",
    "conflicts",
    "fallback_lines",
    "memory_question",
    "emotes",
    "mirror_style",
    "forbidden_phrases",
    "status_lines",
    "temperament",
    "relationships",
    "nsfw",
)
"""Those fields: cards have none for them."""
FOR_ADULTS = frozenset({"nsfw", "18+", "r18", "r-18", "adults only", "adult only", "explicit"})
"""Tags by which cards say that they are for adults."""


def is_tagged_for_adults(tags: Iterable[str]) -> bool:
    """Say whether a card's tags say that it is for adults (C91)."""
    return not FOR_ADULTS.isdisjoint(tag.strip().casefold() for tag in tags)


def card_of(character: Character) -> bytes:
    """Return a character as the JSON of a V3 card; reading it again gives the same character."""
    values = character.model_dump(mode="json", exclude_defaults=True)
    if is_tagged_for_adults(character.tags):
        values["nsfw"] = character.nsfw  # its own word goes before a tag
    data: dict[str, Any] = {
        "name": character.name,
        "description": character.core_prompt,
        "personality": "",
        "scenario": character.scenario,
        "first_mes": character.greeting,
        "mes_example": character.examples,
        "creator_notes": character.creator_notes,
        "system_prompt": character.override,
        "post_history_instructions": character.post_history,
        "alternate_greetings": list(character.greetings),
        "group_only_greetings": list(character.group_greetings),
        "tags": list(character.tags),
        "creator": character.creator,
        "character_version": character.version,
        "extensions": {EXTENSION: {name: values[name] for name in KEPT if name in values}},
    }
    card = {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}
    return json.dumps(card, ensure_ascii=False, indent=2).encode()
