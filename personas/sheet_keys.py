"""The keys of a character sheet, and the fields of a character that they fill."""

from collections.abc import Mapping

SHEET_KEYS = frozenset(
    {"character_id", "display_name", "identity", "knowledge_domain", "opinions", "voice_and_tone", "quirks"}
    | {"avatar_url", "description", "scenario", "first_message", "mes_example", "alternate_greetings"}
    | {"creator_notes", "tags", "creator", "character_version", "system_prompt_override", "topic_interests"}
    | {"topic_avoidances", "evolution_stages", "activity_preferences", "framework_blending"}
)
"""The fields of F097."""
OWN_KEYS = (
    "emotes",
    "mirror_style",
    "forbidden_phrases",
    "status_lines",
    "temperament",
    "relationships",
    "nsfw",
)
"""What a sheet may say besides, under the names that a character.env has for it."""
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
