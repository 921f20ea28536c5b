"""Conversion between cards and characters."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from personas.cards.card import Card
from personas.character import Character
from personas.character_rules import LONGEST_LIST, LONGEST_NAME, LONGEST_TEXT, length

# From a card to a character's fields.

NAMELESS_PROMPT = "You are {{char}}."
"""Prompt for a card that says nothing about its character."""
_BLANK = re.compile(r"\s+")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
"""Invisible format characters that are part of letters and emoji, not a deception."""


@dataclass(frozen=True)
class ConvertedCard:
    """A character's fields from a card, and notices about content that was changed or left out."""

    fields: dict[str, Any]
    notices: tuple[str, ...]


def fields_of(card: Card) -> dict[str, Any]:
    """Return a character's fields from a card; {{user}} and {{char}} stay in them."""
    return cast(card).fields


def cast(card: Card) -> ConvertedCard:
    """Convert a card, with notices about content that was cut (C31, F107).

    If the card has a nickname, that becomes the name and the other an alias. The creator's notes go into
    their own field only.
    """
    casting = _Casting()
    casting.names(card)
    casting.text("core_prompt", _prompt(card) or NAMELESS_PROMPT)
    if not _prompt(card):
        casting.notices.append("description: is empty; the card says nothing of who the character is")
    for field, text in _texts(card).items():
        casting.text(field, text)
    for field, texts in _lists(card).items():
        casting.texts(field, texts)
    casting.audience(card.tags)
    casting.own(card.extensions.get(EXTENSION))
    return ConvertedCard(casting.fields, tuple(casting.notices))


def as_name(text: str) -> str:
    """Return a name on one line, without invisible characters, within Discord's limit.

    It is empty if nothing visible would be left.
    """
    seen = "".join(" " if letter in "\t\n\r\u2028\u2029" else letter for letter in text)
    seen = "".join(
        letter for letter in seen if letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN
    )
    name = cut_name(_BLANK.sub(" ", seen).strip())
    return name if any(unicodedata.category(letter)[0] not in "CMZ" for letter in name) else ""


def cut_name(name: str) -> str:
    """Cut a name to Discord's limit, preferably at the end of a word."""
    if length(name) <= LONGEST_NAME:
        return name
    kept = name[:LONGEST_NAME]
    while length(kept) > LONGEST_NAME:
        kept = kept[:-1]
    whole, _, _ = kept.rpartition(" ")
    return (whole if len(whole) >= LONGEST_NAME // 2 else kept).rstrip(f" {_JOINERS}")


def cut_text(text: str) -> str:
    """Cut a text to the limit of a character's fields."""
    return text[:LONGEST_TEXT]


class _Casting:
    """The fields so far, and notices about cuts."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.notices: list[str] = []

    def names(self, card: Card) -> None:
        wanted = card.nickname.strip() or card.name.strip()
        name = as_name(wanted)
        if name:
            self.fields["name"] = name
        if name != wanted:
            self.notices.append(f"name: can't be {_shown(wanted)} on Discord; it is {_shown(name)}")
        alias = as_name(card.name)
        if length(card.name.strip()) > LONGEST_NAME and name and wanted != card.name.strip():
            self.notices.append(f"name: {_shown(card.name)} is too long to be called by")
        if (
            len(alias) > 1
            and alias.casefold() != name.casefold()
            and length(card.name.strip()) <= LONGEST_NAME
        ):
            self.fields["aliases"] = (alias,)

    def text(self, field: str, text: str) -> None:
        if not text.strip():
            return
        self.fields[field] = cut_text(text.strip())
        if len(text.strip()) > LONGEST_TEXT:
            self.notices.append(f"{field}: was cut to {LONGEST_TEXT:,} characters")

    def audience(self, tags: Iterable[str]) -> None:
        """Mark a character as adult if the card's tags do: other programs use tags for that (C91)."""
        if is_tagged_for_adults(tags):
            self.fields["nsfw"] = True
            self.notices.append("tags: say that it is for adults; it talks in age-restricted channels only")

    def own(self, kept: object) -> None:
        """Take over valid fields that this program wrote into a card for itself.

        The card may come from anybody: the slug, which identifies memories, is not included.
        """
        if not isinstance(kept, Mapping):
            return
        for field in (name for name in KEPT if name in kept):
            if wrong := wrong_with(field, kept[field]):
                self.notices.append(f"extensions.{EXTENSION}.{field}: {wrong}; it is left out")
            else:
                self.fields[field] = kept[field]

    def texts(self, field: str, texts: Iterable[str]) -> None:
        said = [text.strip() for text in texts if text.strip()]
        if len(said) > LONGEST_LIST or any(len(text) > LONGEST_TEXT for text in said):
            self.notices.append(f"{field}: was cut to {LONGEST_LIST} of {LONGEST_TEXT:,} characters")
        if said:
            self.fields[field] = tuple(cut_text(text) for text in said[:LONGEST_LIST])


def wrong_with(field: str, value: object) -> str:
    """Return why a character's field can't have this value, and the remedy; "" if it can."""
    known = {"slug": "somebody", "name": "Somebody", "core_prompt": "You are somebody."}
    try:
        Character.model_validate({**known, field: value})
    except ValidationError as error:
        told = error.errors(include_input=False)[0].get("ctx", {})
        return f"{told['wrong']}; {told['mend']}" if "mend" in told else "can't be a character's"
    return ""


def _prompt(card: Card) -> str:
    parts = [card.description.strip()]
    if personality := card.personality.strip():
        parts.append(f"Personality: {personality}" if parts[0] else personality)
    return "\n\n".join(filter(None, parts))


def _texts(card: Card) -> dict[str, str]:
    return {
        "scenario": card.scenario,
        "examples": card.mes_example,
        "greeting": card.first_mes,
        "override": card.system_prompt,
        "post_history": card.post_history_instructions,
        "creator_notes": card.creator_notes,
        "creator": card.creator,
        "version": card.character_version,
    }


def _lists(card: Card) -> dict[str, tuple[str, ...]]:
    return {
        "greetings": card.alternate_greetings,
        "group_greetings": card.group_only_greetings,
        "tags": card.tags,
    }


def _shown(name: str) -> str:
    return repr("".join(letter if letter.isprintable() else "?" for letter in name[:60]))


# From a character to a card for other programs (C31).

EXTENSION = "masquerade"
"""Key of a card's extension for data that only this program uses."""
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
    "inner_life",
    "timbre",
    "nsfw",
)
"""The fields in that extension, for which cards have no field of their own."""
FOR_ADULTS = frozenset({"nsfw", "18+", "r18", "r-18", "adults only", "adult only", "explicit"})
"""Tags that mark a card as adult."""


def is_tagged_for_adults(tags: Iterable[str]) -> bool:
    """Return whether a card's tags mark it as adult (C91)."""
    return not FOR_ADULTS.isdisjoint(tag.strip().casefold() for tag in tags)


def card_of(character: Character, kept: Mapping[str, Any] | None = None) -> bytes:
    """Return a character as the JSON of a V3 card that reads back as the same character.

    `kept` contains the sheet's unused values by path, which are included.
    """
    values = character.model_dump(mode="json", exclude_defaults=True)
    if is_tagged_for_adults(character.tags):
        values["nsfw"] = character.nsfw  # the explicit value overrides the tag
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
        "extensions": {
            **{path.removeprefix("extensions."): value for path, value in (kept or {}).items()},
            EXTENSION: {name: values[name] for name in KEPT if name in values},
        },
    }
    card = {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}
    return json.dumps(card, ensure_ascii=False, indent=2).encode()
