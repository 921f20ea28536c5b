"""From entries to settings: every fault in words, and values that time has overtaken replaced."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.settings.envfile import Fault, Notice
from bot.settings.model import ELSEWHERE, UNSHOWN, Settings
from bot.settings.sources import Entry
from bot.settings.wording import default_words

_RETIRED = re.compile(r"claude-(?:v?[123]\b|instant)", re.IGNORECASE)
_MODELS = ("default_model", "premium_model", "voting_model")

_WORDS = {
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_parsing_size": "is too large",
    "float_parsing": "is not a number",
    "finite_number": "is not a finite number",
    "bool_parsing": "is neither true nor false",
    "literal_error": "is none of {expected}",
    "greater_than": "is not above {gt}",
    "greater_than_equal": "is below {ge}",
    "less_than": "is not below {lt}",
    "less_than_equal": "is above {le}",
    "string_too_short": "is empty",
    "string_unicode": "is not valid text",
    "dict_type": "is not a JSON object",
}


def build(entries: Mapping[str, Entry]) -> tuple[Settings, list[Fault]]:
    """Return the settings, with every faulty key at its default, and all faults.

    Faults that lie between two keys show only once the single ones are out of the way, so keys
    are taken away until the rest holds.
    """
    values = {key: entry.value.strip() for key, entry in entries.items()}
    faults: list[Fault] = []
    while True:
        try:
            return Settings.model_validate(values), faults
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        for one in {_keys(one): one for one in details}.values():
            keys = _keys(one)
            if all(key in values or key not in entries for key in keys):
                faults.append(_fault(one, keys, entries))
            for key in keys:
                values.pop(key, None)


def bring_up_to_date(entries: Mapping[str, Entry]) -> tuple[dict[str, Entry], list[Notice]]:
    """Replace retired model names by today's default, one notice for each value that is overtaken."""
    current = dict(entries)
    notices = []
    for key, entry in entries.items():
        if key in _MODELS and _RETIRED.match(entry.value.strip()):
            default = str(Settings.model_fields[key].default)
            current[key] = Entry(key, default, entry.written, entry.path, entry.line)
            text = f"names the retired model {_shown(entry)}; {default} is used instead"
            notices.append(entry.notice(text))
        elif key == "default_temperature":
            text = "reaches local servers only: current Claude models take no sampling parameters"
            notices.append(entry.notice(text))
        elif key in ELSEWHERE:
            notices.append(entry.notice(ELSEWHERE[key]))
    return current, notices


def _keys(details: ErrorDetails) -> tuple[str, ...]:
    keys: tuple[str, ...] = details.get("ctx", {}).get("keys", ())
    return keys or (str(details["loc"][0]),)


def _fault(details: ErrorDetails, keys: tuple[str, ...], entries: Mapping[str, Entry]) -> Fault:
    entry = next(entries[key] for key in keys if key in entries)
    context: dict[str, Any] = details.get("ctx", {})
    wrong = context.get("wrong") or _wrong(details, context)
    if keys[0] not in entries:
        wrong = f"{keys[0]} {wrong}"
    elif len(keys) == 1 and entry.key not in UNSHOWN:
        wrong = f"{wrong} ({_shown(entry)})"
    default = default_words(keys[0])
    fallback = f"write {keys[0]}={default}" if default else "remove the line or see docs/settings.md"
    return entry.fault(wrong, str(context.get("mend") or fallback))


def _wrong(details: ErrorDetails, context: Mapping[str, Any]) -> str:
    words = _WORDS.get(details["type"])
    return words.format_map(context) if words else details["msg"].lower()


def _shown(entry: Entry) -> str:
    text = entry.value.strip()
    return repr(text if len(text) <= 40 else f"{text[:40]}...")
