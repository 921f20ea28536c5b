"""A character: its name, the words that make it who it is, and what it says when it can't think."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

LONGEST_NAME = 32
"""Discord's limit for a nickname, counted as UTF-16 units."""
LONGEST_LINE = 2000
"""Discord's limit for what a bot says in one message."""
LONGEST_QUESTION = 1000
"""So long the question for consent may be: what that means stands below it, in the same message."""

_PLACEHOLDER = re.compile(
    r"[<\[{]?(?:your_[a-z_]+|change[-_ ]?me|x{3,})[>\]}]?|<your[a-z _-]+>", re.IGNORECASE
)
# Marks that turn or hide text: two names could look the same and not be, or run backwards.
_DECEIVING = frozenset("\u200b\u200e\u200f\u2060\ufeff\u061c") | frozenset(
    map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
)
_SAMPLE_NAME = "character name"
_SAMPLE_PROMPT = "[brief description]"

_SUMMARIZATION = """\
Below is a stretch of conversation that is about to leave your sight. Condense it so that you can
carry on as though you still remembered all of it.

Keep who said and wanted what, what was promised or left open, what changed between the people and
you, and the tone things ended on. Leave out greetings, repetitions and anything you are guessing.

Answer in two parts, under exactly these headings:
CORE MEMORIES:
- one lasting fact, event or turning point a line, or the word "none"
SUMMARY:
a short account in your own voice, in the order things happened"""

_CORE_MEMORY = """\
Go through the conversation and decide what you would still want to know in a year.

Lasting: names and how people wish to be addressed, what they care about, what they live through,
boundaries they set, promises, shared jokes, moments that brought you closer or apart. Passing:
small talk, today's weather, anything that was said in play. Where something new contradicts what
you knew, keep the new and say that it changed.

Write one memory a line, starting with "- ", each true and understandable on its own."""

_CORE_MEMORY_DUMP = """\
Your store of lasting memories has grown too large. Write it anew, complete but tighter.

Join memories that tell the same thing, keep the most recent state where things changed, keep every
name, boundary and promise, and drop what no longer matters to anybody. Invent nothing.

Write one memory a line, starting with "- ", the most important first."""

_MEMORY_QUESTION = """\
One question, and then never again: may I remember things about you, for longer than a day? If you'd \
rather not, nothing changes between us."""


@dataclass(frozen=True)
class CharacterFault:
    """One thing wrong with a character: the key, what is wrong with it, what to write instead."""

    key: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}; {self.mend}"


class CharacterError(ValueError):
    """A character can't be made of these values; `faults` says everything that is wrong."""

    def __init__(self, slug: str, faults: tuple[CharacterFault, ...]) -> None:
        super().__init__("\n".join(f"{slug}: {fault}" for fault in faults))
        self.slug = slug
        self.faults = faults


def _parts(mark: str) -> BeforeValidator:
    def split(value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part for part in map(str.strip, re.split(mark, value)) if part)

    return BeforeValidator(split)


Names = Annotated[tuple[str, ...], _parts(r"[,\n]")]
Lines = Annotated[tuple[str, ...], _parts(r"\n")]


class Character(BaseModel):
    """Who the bot plays.

    `slug` is what the character is kept under, `name` what people call it (the key default_name).
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    """What its memories are kept under; a copied file keeps them by it. Else the folder's name."""
    name: str
    """What people call it and its nickname in every server; at most 32 characters."""
    core_prompt: str
    """Who it is: appearance, temper, way of speaking. The heart of every prompt."""
    summarization_prompt: str = _SUMMARIZATION
    """How it condenses a conversation that has grown too long."""
    core_memory_prompt: str = _CORE_MEMORY
    """How it picks what to remember for good."""
    core_memory_dump: str = _CORE_MEMORY_DUMP
    """How it rewrites its lasting memories when they have grown too large."""
    description: str = ""
    """One line about it for lists and menus."""
    aliases: Names = ()
    """Other names it answers to, separated by commas."""
    fallback_lines: Lines = ()
    """What it says when thinking fails, one sentence a line; a neutral one if absent."""
    memory_question: str = _MEMORY_QUESTION
    """How it asks somebody, once, whether it may remember things about them; nothing changes if not."""

    @field_validator("name")
    @classmethod
    def _name_fits_a_nickname(cls, name: str) -> str:
        _check_name(name.strip())
        if name.strip().lower() == _SAMPLE_NAME or is_placeholder(name):
            raise _fault("is the sample's text", "write the character's own name")
        return name.strip()

    @field_validator("core_prompt")
    @classmethod
    def _prompt_is_written(cls, prompt: str) -> str:
        if not prompt.strip():
            raise _fault("is missing", 'write core_prompt="You are ..."')
        if is_placeholder(prompt) or _SAMPLE_PROMPT in prompt:
            raise _fault("is still the sample's text", "describe the character in your own words")
        return prompt

    @field_validator("summarization_prompt", "core_memory_prompt", "core_memory_dump")
    @classmethod
    def _prompt_is_no_sample(cls, prompt: str) -> str:
        if is_placeholder(prompt):
            raise _fault("is the sample's text", "write it, or remove the line")
        return prompt

    @field_validator("aliases")
    @classmethod
    def _aliases_can_be_called(cls, aliases: tuple[str, ...]) -> tuple[str, ...]:
        for alias in aliases:
            _check_name(alias)
            if len(alias) < 2:
                raise _fault("holds a name of one character", "use names of two or more")
        return aliases

    @field_validator("fallback_lines")
    @classmethod
    def _lines_fit_a_message(cls, lines: tuple[str, ...]) -> tuple[str, ...]:
        if any(_length(line) > LONGEST_LINE for line in lines):
            raise _fault(f"holds a line of over {LONGEST_LINE} characters", "shorten it")
        return lines

    @field_validator("memory_question")
    @classmethod
    def _question_leaves_room(cls, question: str) -> str:
        if _length(question) > LONGEST_QUESTION:
            raise _fault(f"has over {LONGEST_QUESTION} characters", "shorten it")
        return question.strip()


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
    "character_id": "slug",
}
"""The keys of a character.env that make a character, and the field that each fills."""


def character_from(values: Mapping[str, str], slug: str) -> Character:
    """Return the character that these keys describe, in any letter case; other keys are left alone.

    `slug` is its folder's name; the key character_id takes its place, and without either the name
    does. Empty values count as absent. Raises CharacterError with all faults at once (F002, F007).
    """
    said = {key.lower(): text for key, text in values.items() if text.strip()}
    fields: dict[str, object] = {"name": "", "core_prompt": ""}
    fields |= {field: said[key] for key, field in IDENTITY_KEYS.items() if key in said}
    name = str(fields["name"]).strip()
    fields["slug"] = said.get("character_id", slug).strip() or slug_of(name)
    fields.setdefault("fallback_lines", _neutral_lines(name))
    try:
        return Character.model_validate(fields)
    except ValidationError as error:
        faults = tuple(_character_fault(details) for details in error.errors(include_input=False))
        raise CharacterError(slug or slug_of(name), faults) from None


def names_of(character: Character) -> tuple[str, ...]:
    """Return everything the character is called by: its name, then its aliases, each once."""
    names: dict[str, str] = {}
    for name in (character.name, *character.aliases):
        names.setdefault(name.casefold(), name)
    return tuple(names.values())


def is_placeholder(value: str) -> bool:
    """Return whether a value is what an example file ships in place of one's own."""
    return _PLACEHOLDER.fullmatch(value.strip()) is not None


def slug_of(name: str) -> str:
    """Return a name as lower-case ASCII letters, digits and dashes, always the same for a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:64]
    if slug:
        return slug
    mark = blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"character-{mark}"


def _neutral_lines(name: str) -> tuple[str, ...]:
    return (
        "Sorry, I lost my thread just now. Could you say that again in a little while?",
        f"*{name} starts to answer and loses the thought. A moment, please.*",
    )


def _check_name(name: str) -> None:
    kinds = {unicodedata.category(letter) for letter in name}
    if not name:
        raise _fault("is missing", 'write default_name="..."')
    if kinds & {"Cc", "Cs", "Zl", "Zp"} or _DECEIVING & set(name):
        raise _fault("has a line break or an invisible mark in it", "write it on one line")
    if all(kind[0] in "CMZ" for kind in kinds):
        raise _fault("has nothing in it that can be seen", "write a name")
    if _length(name) > LONGEST_NAME:
        wrong = f"has {_length(name)} characters and Discord takes {LONGEST_NAME}"
        raise _fault(wrong, "shorten it")


def _length(text: str) -> int:
    """Return a length as Discord counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fault(wrong: str, mend: str) -> PydanticCustomError:
    return PydanticCustomError("character", "{wrong}; {mend}", {"wrong": wrong, "mend": mend})


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
