"""A card as the fields of a character, and a character as a card."""

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

# A card as the fields of a character: what its author wrote, where the bot has a place for it.

NAMELESS_PROMPT = "You are {{char}}."
"""Stands where a card says nothing of who its character is."""
_BLANK = re.compile(r"\s+")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
"""Format marks that letters and emoji of one sign are joined with: they are no deception."""


@dataclass(frozen=True)
class ConvertedCard:
    """The fields of a character that a card fills, and what could not be taken as it is."""

    fields: dict[str, Any]
    notices: tuple[str, ...]


def fields_of(card: Card) -> dict[str, Any]:
    """Return the fields of Character that a card fills; {{user}} and {{char}} stay in them."""
    return cast(card).fields


def cast(card: Card) -> ConvertedCard:
    """Return a card as the fields of a character, and notices on what was cut (C31, F107).

    The nickname is the name, where there is one, and the other an alias. Creator's notes go into their own
    field and nowhere else.
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
    """Return a name on one line, without marks that nobody sees, as long as Discord takes it.

    Empty where nothing would be left to be seen.
    """
    seen = "".join(" " if letter in "\t\n\r\u2028\u2029" else letter for letter in text)
    seen = "".join(one for one in seen if one in _JOINERS or unicodedata.category(one) not in _UNSEEN)
    name = cut_name(_BLANK.sub(" ", seen).strip())
    return name if any(unicodedata.category(letter)[0] not in "CMZ" for letter in name) else ""


def cut_name(name: str) -> str:
    """Return as much of a name as Discord takes, up to the end of a word where there is one."""
    if length(name) <= LONGEST_NAME:
        return name
    kept = name[:LONGEST_NAME]
    while length(kept) > LONGEST_NAME:
        kept = kept[:-1]
    whole, _, _ = kept.rpartition(" ")
    return (whole if len(whole) >= LONGEST_NAME // 2 else kept).rstrip(f" {_JOINERS}")


def cut_text(text: str) -> str:
    """Return as much of a text as a character may hold."""
    return text[:LONGEST_TEXT]


class _Casting:
    """The fields so far, and what had to be cut."""

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
        other = as_name(card.name)
        if length(card.name.strip()) > LONGEST_NAME and name and wanted != card.name.strip():
            self.notices.append(f"name: {_shown(card.name)} is too long to be called by")
        if (
            len(other) > 1
            and other.casefold() != name.casefold()
            and length(card.name.strip()) <= LONGEST_NAME
        ):
            self.fields["aliases"] = (other,)

    def text(self, field: str, text: str) -> None:
        if not text.strip():
            return
        self.fields[field] = cut_text(text.strip())
        if len(text.strip()) > LONGEST_TEXT:
            self.notices.append(f"{field}: was cut to {LONGEST_TEXT:,} characters")

    def audience(self, tags: Iterable[str]) -> None:
        """Take a card for adults as one: cards of other programs say so with a tag (C91)."""
        if is_tagged_for_adults(tags):
            self.fields["nsfw"] = True
            self.notices.append("tags: say that it is for adults; it talks in age-restricted channels only")

    def own(self, kept: object) -> None:
        """Take what this program wrote into a card for itself, as far as it can be a character's.

        It may come from anybody: what memories are kept under is not among it.
        """
        if not isinstance(kept, Mapping):
            return
        for field in (one for one in KEPT if one in kept):
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
    """Return why a character's field can't have this value, and what to do about it; "" if it can."""
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


# A character as a card that other programs read: its words under the names cards have for them (C31).

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
    "inner_life",
    "timbre",
    "nsfw",
)
"""Those fields: cards have none for them."""
FOR_ADULTS = frozenset({"nsfw", "18+", "r18", "r-18", "adults only", "adult only", "explicit"})
"""Tags by which cards say that they are for adults."""


def is_tagged_for_adults(tags: Iterable[str]) -> bool:
    """Say whether a card's tags say that it is for adults (C91)."""
    return not FOR_ADULTS.isdisjoint(tag.strip().casefold() for tag in tags)


def card_of(character: Character, kept: Mapping[str, Any] | None = None) -> bytes:
    """Return a character as the JSON of a V3 card; reading it again gives the same character.

    `kept` is what its sheet says and nobody here reads, by its path: it goes along.
    """
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
        "extensions": {
            **{path.removeprefix("extensions."): value for path, value in (kept or {}).items()},
            EXTENSION: {name: values[name] for name in KEPT if name in values},
        },
    }
    card = {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}
    return json.dumps(card, ensure_ascii=False, indent=2).encode()
