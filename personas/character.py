"""A character: name, prompts, style, and fallback lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from personas.affect.temperament import Temperament, Tempered
from personas.character_parts import (
    Blending,
    Conflicts,
    EvolutionStage,
    Lines,
    Mode,
    Modes,
    Names,
    Sections,
    Table,
    Text,
    VoiceAndTone,
    Words,
)
from personas.character_rules import (
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_QUESTION,
    LONGEST_STATUS,
    check_avatar,
    check_name,
    fault,
    is_placeholder,
    length,
    slug_of,
)
from personas.character_words import (
    CORE_MEMORY,
    CORE_MEMORY_DUMP,
    MEMORY_QUESTION,
    SUMMARIZATION,
    neutral_lines,
)
from personas.relations.bonds import RELATIONSHIP_TYPES
from personas.timbre import Timbre, Voiced

__all__ = [
    "IDENTITY_KEYS",
    "LONGEST_LINE",
    "LONGEST_NAME",
    "LONGEST_QUESTION",
    "MUSINGS",
    "Blending",
    "Character",
    "CharacterError",
    "CharacterFault",
    "EvolutionStage",
    "Mode",
    "VoiceAndTone",
    "character_from",
    "is_placeholder",
    "names_of",
    "slug_of",
]

MUSINGS = ("beliefs", "dreams", "threads")
"""Kinds of thoughts that a character may have by itself (F133)."""
_SAMPLE_NAME = "character name"
_SAMPLE_PROMPT = "[brief description]"


@dataclass(frozen=True)
class CharacterFault:
    """A fault in a character's values: key, fault, remedy."""

    key: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}; {self.mend}"


class CharacterError(ValueError):
    """A character can't be created from these values; `faults` lists all faults."""

    def __init__(self, slug: str, faults: tuple[CharacterFault, ...]) -> None:
        super().__init__("\n".join(f"{slug}: {fault}" for fault in faults))
        self.slug = slug
        self.faults = faults


class Character(BaseModel):
    """A character that the bot plays.

    `slug` identifies its data, `name` is its name for people (the key default_name).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")
    """What its memories are kept under; a copied file keeps them by it. Else the folder's name."""
    name: str
    """What people call it and its nickname in every server; at most 32 characters."""
    core_prompt: Text
    """Who it is: appearance, temper, way of speaking. The heart of every prompt."""
    summarization_prompt: Text = SUMMARIZATION
    """How it condenses a conversation that has grown too long."""
    core_memory_prompt: Text = CORE_MEMORY
    """How it picks what to remember for good."""
    core_memory_dump: Text = CORE_MEMORY_DUMP
    """How it rewrites its lasting memories when they have grown too large."""
    description: Text = ""
    """One line about it for lists and menus."""
    aliases: Names = ()
    """Other names it answers to, separated by commas."""
    fallback_lines: Lines = ()
    """What it says when thinking fails, one sentence a line; a neutral one if absent."""
    memory_question: Text = MEMORY_QUESTION
    """How it asks somebody, once, whether it may remember things about them; nothing changes if not."""

    scenario: Text = ""
    """Where it is and what is going on when somebody comes to talk."""
    examples: Text = ""
    """Samples of how it talks: exchanges, one from the next by a line <START>."""
    greeting: Text = ""
    """What it says first where it is new."""
    greetings: Sections = ()
    """Other greetings to choose from, one from the next by a line of three dashes."""
    group_greetings: Sections = ()
    """Greetings for places with several characters."""
    creator_notes: Text = ""
    """What its author tells those who run it; never part of a prompt."""
    tags: Names = ()
    """Words to find it by in lists, separated by commas; never part of a prompt."""
    creator: Text = ""
    """Who wrote it."""
    version: Text = ""
    """Which version of it this is, in its author's counting."""
    override: Text = ""
    """Words put before its compiled prompt, or around it where {{original}} stands (F099)."""
    post_history: Text = ""
    """What it should have in mind last of all; stands at the prompt's very end."""
    framework: str = Field(default="", max_length=64)
    """Behaviour to build on: neuro, assistant, caring, chaotic or one of your own; none if empty."""
    blending: Blending | None = None
    """How other frameworks colour its own when the talk is technical, casual, ... (F102)."""
    knowledge: Table = {}
    """What it knows about: `primary`, its own field, and more (F097)."""
    opinions: Words = {}
    """What it thinks of things, by the thing."""
    voice: VoiceAndTone = VoiceAndTone()
    """How it sounds."""
    quirks: Lines = ()
    """Its odd habits, one a line."""
    interests: Names = ()
    """Topics it likes to be asked about, separated by commas or a line each."""
    avoidances: Names = ()
    """Topics it would rather leave to others, separated by commas or a line each."""
    stages: tuple[EvolutionStage, ...] = Field(default=(), max_length=200)
    """What changes in it as people talk with it (F104)."""
    channels: Names = ()
    """Channels it likes to answer in, by id or name, separated by commas."""
    activities: Names = ()
    """What it likes to be part of, such as a game."""
    modes: Modes = ()
    """Manners it falls into, one a line: the name, a colon, the manner, a bar and cues with commas."""
    public_voice: Text = ""
    """How it talks in servers, where others read along."""
    private_voice: Text = ""
    """How it talks with one person alone."""
    conflicts: Conflicts = {}
    """Other characters it falls out with: one a line, its id, a colon and the topics with commas."""
    emotes: Literal["none", "few", "many"] = "few"
    """How readily it uses emoji: none, few or many."""
    mirror_style: bool = True
    """Whether it leans towards how a person writes: small letters, emoji, exclamation marks."""
    forbidden_phrases: Lines = ()
    """What it never says, one phrase a line; a reply that holds one is written again."""
    status_lines: Lines = ()
    """What it has on its mind when no status can be thought of, one a line, at most 128 letters."""
    temperament: Tempered = Temperament()
    """What it is like by nature: dopamine 0.6, praise x1.5, joy 7, recovery 0.8 and the like, with commas."""
    relationships: Names = ("platonic",)
    """What it can be to people, the usual first: platonic, professional, mentorship, and so on."""
    inner_life: Names = ()
    """What goes on in it overnight: beliefs, dreams, threads, with commas; nothing if empty."""
    timbre: Voiced = Timbre()
    """Its voice where it speaks aloud: model joe, length_scale 1.1, pitch 0.95 and the like, with commas."""
    nsfw: bool = False
    """Whether it is for adults: then it hears and answers in channels marked age-restricted only."""
    avatar: str = ""
    """Its picture: the name of a file in its folder, or an https address."""

    def __hash__(self) -> int:
        return hash((self.slug, self.name, self.core_prompt))

    @field_validator("name")
    @classmethod
    def _name_fits_a_nickname(cls, name: str) -> str:
        check_name(name.strip())
        if name.strip().lower() == _SAMPLE_NAME or is_placeholder(name):
            raise fault("is the sample's text", "write the character's own name")
        return name.strip()

    @field_validator("core_prompt")
    @classmethod
    def _prompt_is_written(cls, prompt: str) -> str:
        if not prompt.strip():
            raise fault("is missing", 'write core_prompt="You are ..."')
        if is_placeholder(prompt) or _SAMPLE_PROMPT in prompt:
            raise fault("is still the sample's text", "describe the character in your own words")
        return prompt

    @field_validator("summarization_prompt", "core_memory_prompt", "core_memory_dump")
    @classmethod
    def _prompt_is_no_sample(cls, prompt: str) -> str:
        if is_placeholder(prompt):
            raise fault("is the sample's text", "write it, or remove the line")
        return prompt

    @field_validator("aliases")
    @classmethod
    def _aliases_can_be_called(cls, aliases: tuple[str, ...]) -> tuple[str, ...]:
        for alias in aliases:
            check_name(alias)
            if len(alias) < 2:
                raise fault("holds a name of one character", "use names of two or more")
        return aliases

    @field_validator("fallback_lines")
    @classmethod
    def _lines_fit_a_message(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        if any(length(line) > LONGEST_LINE for line in lines):
            raise fault(f"holds a line of over {LONGEST_LINE} characters", "shorten it")
        return lines

    @field_validator("status_lines")
    @classmethod
    def _statuses_fit(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        if any(length(line) > LONGEST_STATUS for line in lines):
            raise fault(f"holds a line of over {LONGEST_STATUS} characters", "shorten it")
        return lines

    @field_validator("relationships")
    @classmethod
    def _relationships_are_known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        known = RELATIONSHIP_TYPES
        kinds = tuple(dict.fromkeys(kind.casefold() for kind in kinds))
        strange = next((kind for kind in kinds if kind not in known), "")
        if not kinds or strange:
            raise fault(f"names '{strange[:40]}'", f"choose among {', '.join(known)}, with commas between")
        return kinds

    @field_validator("inner_life")
    @classmethod
    def _musings_are_known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        kinds = tuple(dict.fromkeys(kind.casefold() for kind in kinds))
        strange = next((kind for kind in kinds if kind not in MUSINGS), "")
        if strange:
            raise fault(f"names '{strange[:40]}'", f"choose among {', '.join(MUSINGS)}, with commas between")
        return kinds

    @field_validator("memory_question")
    @classmethod
    def _question_leaves_room(cls, question: str) -> str:
        if length(question) > LONGEST_QUESTION:
            raise fault(f"has over {LONGEST_QUESTION} characters", "shorten it")
        return question.strip()

    @field_validator("framework")
    @classmethod
    def _framework_is_an_id(cls, framework: str) -> str:
        return framework.strip().lower()

    @field_validator("avatar")
    @classmethod
    def _avatar_stays_in_its_folder(cls, avatar: str) -> str:
        return check_avatar(avatar.strip())


IDENTITY_KEYS: Mapping[str, str] = {
    "default_name": "name",
    "core_prompt": "core_prompt",
    "summarization_prompt": "summarization_prompt",
    "core_memory_prompt": "core_memory_prompt",
    "core_memory_dump": "core_memory_dump",
    "description": "description",
    "aliases": "aliases",
    "fallback_lines": "fallback_lines",
    "memory_question": "memory_question",
    "framework": "framework",
    "scenario": "scenario",
    "examples": "examples",
    "greeting": "greeting",
    "greetings": "greetings",
    "public_voice": "public_voice",
    "private_voice": "private_voice",
    "modes": "modes",
    "quirks": "quirks",
    "topic_interests": "interests",
    "topic_avoidances": "avoidances",
    "preferred_channels": "channels",
    "conflicts": "conflicts",
    "post_history": "post_history",
    "tags": "tags",
    "emotes": "emotes",
    "mirror_style": "mirror_style",
    "forbidden_phrases": "forbidden_phrases",
    "status_lines": "status_lines",
    "temperament": "temperament",
    "relationships": "relationships",
    "inner_life": "inner_life",
    "voice": "timbre",
    "nsfw": "nsfw",
    "avatar": "avatar",
    "character_id": "slug",
}
"""The keys in character.env for a character's fields, and the field of each."""


def character_from(values: Mapping[str, str], slug: str) -> Character:
    """Return the character that these keys describe, in any letter case; other keys are ignored.

    `slug` is the folder's name; the key character_id overrides it, and without both the slug is derived from
    the name. Empty values count as absent. Raises CharacterError with all faults at once (F002, F007).
    """
    said = {key.lower(): text for key, text in values.items() if text.strip()}
    fields: dict[str, object] = {"name": "", "core_prompt": ""}
    fields |= {field: said[key] for key, field in IDENTITY_KEYS.items() if key in said}
    name = str(fields["name"]).strip()
    fields["slug"] = said.get("character_id", slug).strip() or slug_of(name)
    return character_of(fields, slug or slug_of(name))


def character_of(fields: Mapping[str, object], where: str) -> Character:
    """Return the character with these fields.

    Raises CharacterError for `where` with all faults at once.
    """
    name = str(fields.get("name", "")).strip()
    known = {"name": "", "core_prompt": "", "slug": slug_of(name), "fallback_lines": neutral_lines(name)}
    try:
        return Character.model_validate({**known, **fields})
    except ValidationError as error:
        faults = tuple(_character_fault(details) for details in error.errors(include_input=False))
        raise CharacterError(where, faults) from None


def names_of(character: Character) -> tuple[str, ...]:
    """Return all names of the character: its own, then its aliases, without duplicates."""
    names: dict[str, str] = {}
    for name in (character.name, *character.aliases):
        names.setdefault(name.casefold(), name)
    return tuple(names.values())


def _character_fault(details: ErrorDetails) -> CharacterFault:
    field = details["loc"][0] if details["loc"] else ""
    key = next((key for key, filled in IDENTITY_KEYS.items() if filled == field), str(field))
    context = details.get("ctx", {})
    if "mend" in context:
        return CharacterFault(key, context["wrong"], context["mend"])
    if field == "slug":
        mend = "use at most 64 lower-case letters, digits, - and _"
        return CharacterFault(key, "can't be used for files", mend)
    return CharacterFault(key, details["msg"].lower(), "see docs/characters.md")
