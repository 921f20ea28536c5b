"""The character.env of a character: its prompt in words, and validation by the bot's rules.

The rules repeat those of the bot's own reader, which this library can't import; tests compare both.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeGuard

LONGEST_NAME = 32
"""Discord's limit for a nickname, in UTF-16 units."""
LARGEST = 1_000_000
"""Maximum size in bytes of a character.env for the bot."""

_HEAD = "# A character from PersonaFlow. docs/characters.md explains every key.\n\n"
_SAMPLE = re.compile(r"[<\[{]?(?:your_[a-z_]+|change[-_ ]?me|x{3,})[>\]}]?|<your[a-z _-]+>", re.IGNORECASE)
_SAMPLE_NAME = "character name"
_SAMPLE_PROMPT = "[brief description]"
# Bidirectional and invisible characters, and line separators.
_TURNING = frozenset(map(chr, [0x61C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060])) | frozenset(
    map(chr, [*range(0x2066, 0x206A), 0xFEFF])
)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


class ExportError(ValueError):
    """Characters can't be exported; `faults` has a line with each fault and its remedy."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Sheet:
    """A character.env: its folder's name and its text."""

    slug: str
    text: str


def sheets_of(characters: Sequence[tuple[str, Any, Mapping[str, Any]]]) -> list[Sheet]:
    """Return the sheets of characters given as name, prompt and background.

    Raises ExportError with all faults of all characters.
    """
    faults: list[str] = []
    sheets: dict[str, Sheet] = {}
    for name, prompt, background in characters:
        slug = slug_of(name.strip())
        wrong = [*_name_faults(name.strip(), slug), *_prompt_faults(prompt, background)]
        if slug in sheets:
            wrong.append(f"its folder {slug} is that of another name, too; rename one of them")
        sheets[slug] = Sheet(slug, "" if wrong else _text(name.strip(), prompt, background))
        if len(sheets[slug].text.encode()) > LARGEST:
            wrong.append(f"its file would have over {LARGEST:,} bytes; shorten its prompt or background")
        faults += [f"{name[:40]!r}: {fault}" for fault in wrong]
    if faults:
        raise ExportError(faults)
    return list(sheets.values())


def prompt_text(prompt: object, background: Mapping[str, Any]) -> str:
    """Return the complete prompt in words: a text unchanged, a dict as lines, then the background."""
    text = "\n".join(_lines(prompt)) if isinstance(prompt, Mapping) else str(prompt)
    lines = list(_lines(background))
    return "\n".join([f"{text}\n", "## Background", *lines]) if lines else text


def slug_of(name: str) -> str:
    """Return the name in lower-case ASCII letters, digits and dashes, at most 64 of them."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:64]
    return slug or f"character-{blake2b(name.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"


def _text(name: str, prompt: object, background: Mapping[str, Any]) -> str:
    values = {
        "character_id": slug_of(name),
        "default_name": name,
        "description": _description(prompt, background),
        "core_prompt": prompt_text(prompt, background),
    }
    return _HEAD + "".join(f"{key}={_quoted(value)}\n" for key, value in values.items() if value)


def _description(prompt: object, background: Mapping[str, Any]) -> str:
    for source in (background, prompt):
        words = source.get("description") if isinstance(source, Mapping) else None
        if isinstance(words, str):
            return " ".join(words.split())
    return ""


def _quoted(value: str) -> str:
    """Return the value in double quotes, on as many lines as it has."""
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r")
    head, newline, last = text.rpartition("\n")
    # A last line such as `mood=` would make the closing quote look like another key's opening quote.
    if newline and last.rstrip().endswith("="):
        text = f"{head}\\n{last}"
    return f'"{text}"'


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    """Yield a dict as `key: value` lines and a list as `- value` lines, without empty values."""
    pairs = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
    for key, item in pairs:
        mark = f"{indent}-" if key is None else f"{indent}{key}:"
        if _is_flat(item):
            words = _words(item)
            if words:
                yield f"{mark} {words}"
        else:
            yield mark
            yield from _lines(item, indent + "  ")


def _is_flat(value: object) -> bool:
    if isinstance(value, Mapping):
        return not value
    return not _is_list(value) or not any(isinstance(item, Mapping) or _is_list(item) for item in value)


def _is_list(value: object) -> TypeGuard[Collection[Any]]:
    return isinstance(value, list | tuple | set | frozenset)


def _words(value: Any) -> str:
    if value is None or isinstance(value, Mapping):
        return ""
    if isinstance(value, set | frozenset):
        value = sorted(map(str, value))
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _prompt_faults(prompt: object, background: object) -> Iterator[str]:
    if not isinstance(prompt, str | Mapping) or not isinstance(background, Mapping):
        yield "its prompt is no text and no dict, or its background no dict; write them so"
        return
    text = prompt_text(prompt, background)
    if not text.strip():
        yield "its prompt is blank; say who it is"
    if _SAMPLE.fullmatch(text.strip()) or _SAMPLE_PROMPT in text:
        yield "its prompt is a sample's text; describe it in your own words"
    if _NO_TEXT.search(text):
        yield "its prompt or background holds a NUL or half a character; take it out"


def _name_faults(name: str, slug: str) -> Iterator[str]:
    kinds = {unicodedata.category(letter) for letter in name}
    if all(kind[0] in "CMZ" for kind in kinds):
        yield "its name has nothing in it that can be seen; write a name"
    elif kinds & {"Cc", "Cs", "Zl", "Zp"} or _TURNING & set(name):
        yield "its name has a line break or an invisible mark in it; write it on one line"
    length = len(name.encode("utf-16-le", "surrogatepass")) // 2
    if length > LONGEST_NAME:
        yield f"its name has {length} characters and Discord takes {LONGEST_NAME}; shorten it"
    if _SAMPLE.fullmatch(name) or _SAMPLE.fullmatch(slug) or name.lower() == _SAMPLE_NAME:
        yield "its name is a sample's text; write the character's own name"
