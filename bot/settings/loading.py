"""Loading of the settings: config.env, character.env and the environment become one frozen value."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.core.errors import ConfigurationError
from bot.settings.envfile import ConfigurationNotice, EnvFile, Fault, read_env
from bot.settings.identity import BotIdentity, named_identity, own_identity
from bot.settings.model import ELSEWHERE, UNSHOWN, Settings
from bot.settings.sources import (
    SettingEntry,
    SettingsSource,
    character_sheet,
    config_sheet,
    environment_sheet,
    merge,
    override_sheet,
    resolve_aliases,
)
from bot.settings.wording import default_words
from personas.character import Character

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


def build(entries: Mapping[str, SettingEntry]) -> tuple[Settings, list[Fault]]:
    """Return the settings, with every invalid key at its default, and all faults.

    Conflicts between two keys show only after single ones are removed, so keys are removed until the rest is
    valid.
    """
    values = {key: entry.value.strip() for key, entry in entries.items()}
    faults: list[Fault] = []
    while True:
        try:
            settings = Settings.model_validate(values)
            return settings.noting({key: _place(entries[key]) for key in values if key in entries}), faults
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
        for detail in {_keys(detail): detail for detail in details}.values():
            keys = _keys(detail)
            if all(key in values or key not in entries for key in keys):
                faults.append(_fault(detail, keys, entries))
            for key in keys:
                values.pop(key, None)


def _place(entry: SettingEntry) -> str:
    return f"{Path(entry.path).name}, line {entry.line}" if entry.line else entry.path


def bring_up_to_date(
    entries: Mapping[str, SettingEntry],
) -> tuple[dict[str, SettingEntry], list[ConfigurationNotice]]:
    """Replace retired model names by today's default, with one notice for each outdated value."""
    current = dict(entries)
    notices = []
    for key, entry in entries.items():
        if key in _MODELS and _RETIRED.match(entry.value.strip()):
            default = str(Settings.model_fields[key].default)
            current[key] = SettingEntry(key, default, entry.written, entry.path, entry.line)
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


def _fault(details: ErrorDetails, keys: tuple[str, ...], entries: Mapping[str, SettingEntry]) -> Fault:
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


def _shown(entry: SettingEntry) -> str:
    text = entry.value.strip()
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


_KEY = "anthropic_api_key"
_BASE_URL = "anthropic_base_url"
_NOTHING: Mapping[str, str] = MappingProxyType({})


_NO_CHARACTER = Fault(
    "character.env",
    None,
    "there is no character",
    "copy one, such as characters/nyx/character.env, or write character=nyx into config.env",
)


class SettingsError(ConfigurationError):
    """The settings can't be used; the message has a line for each fault."""

    def __init__(self, faults: Sequence[Fault], notices: Sequence[ConfigurationNotice] = ()) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)
        self.notices = tuple(notices)


@dataclass(frozen=True)
class Loaded:
    """The content of the files and the environment.

    `character` is None if none is configured or it has faults, which `character_faults` distinguishes;
    `character_keys` are the character's keys that were set, and `files` were read. `sheet` is the path of
    ./character.env; `from_environment` says whether the environment sets anything; `fresh_key` returns
    Claude's current key from the files.
    """

    settings: Settings
    notices: tuple[ConfigurationNotice, ...] = ()
    character: Character | None = None
    character_faults: tuple[Fault, ...] = ()
    character_keys: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    sheet: Path | None = None
    from_environment: bool = False
    fresh_key: Callable[[], str] = field(default=lambda: "", compare=False)

    @property
    def explicit(self) -> frozenset[str]:
        """The settings that the operator set."""
        return self.settings.explicit

    @property
    def playable(self) -> Character:
        """The character; raises SettingsError if there is none, or it has faults."""
        if self.character is None:
            raise SettingsError(self.character_faults or (_NO_CHARACTER,))
        return self.character


def load_settings(
    config: Path | None,
    character_env: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, str] = _NOTHING,
) -> Loaded:
    """Return the settings, or raise SettingsError with all faults at once.

    The precedence is: overrides, environment, config.env, ./character.env. Missing files are skipped. A named
    character (`character=nyx`) comes from its folder alone, else from `character_env`; without either it is
    the first playable one of active_personas (C01, C02, F007, F108).
    """
    config_file, sheet_file = _read(config), _read(character_env)
    over, outside = override_sheet(overrides), environment_sheet(environ)
    inside, own = config_sheet(config_file), character_sheet(sheet_file, borrowed=False)
    entries, alias_notices = resolve_aliases(merge(over, outside, inside, own))
    entries, overtaken = bring_up_to_date(entries)
    settings, value_faults = build(entries)
    asked = entries.get("character")
    identity = _identity(own, sheet_file.path, settings, asked)
    if asked is None and identity == BotIdentity():
        settings, identity = _first_of(settings, entries)
    faults = [*over.faults, *inside.faults, *own.faults, *value_faults, *identity.faults]
    notices = [*outside.notices, *inside.notices, *own.notices, *alias_notices, *overtaken]
    notices += identity.notices
    if faults:
        raise SettingsError([*faults, *identity.character_faults], notices)
    return Loaded(
        settings=settings,
        notices=tuple(notices),
        character=identity.character,
        character_faults=identity.character_faults,
        character_keys=identity.keys,
        files=_files(config_file, sheet_file) + identity.files,
        sheet=character_env,
        from_environment=bool(outside.settings),
        fresh_key=FreshKey(config, character_env, over, outside, settings.anthropic_base_url),
    )


class FreshKey:
    """The current key, for the server configured at the start; changed files are read again."""

    def __init__(
        self,
        config: Path | None,
        character_env: Path | None,
        over: SettingsSource,
        outside: SettingsSource,
        base_url: str | None,
    ) -> None:
        self._config, self._character_env = config, character_env
        self._over, self._outside = over, outside
        self._base_url = base_url
        self._seen: object = None
        self._key = ""

    def __call__(self) -> str:
        """Return the key; "" if none can be read, or if it is meant for another server."""
        seen = [_stamp(path) for path in (self._config, self._character_env)]
        if seen != self._seen:
            self._seen, self._key = seen, self._read()
        return self._key

    def _read(self) -> str:
        inside = config_sheet(_read(self._config))
        own = character_sheet(_read(self._character_env), borrowed=False)
        entries = merge(self._over, self._outside, inside, own)
        settings, _ = build({name: entries[name] for name in (_KEY, _BASE_URL) if name in entries})
        if settings.anthropic_base_url != self._base_url:
            return ""
        return settings.anthropic_api_key.get_secret_value()


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if found else None


def _identity(own: SettingsSource, path: str, settings: Settings, asked: SettingEntry | None) -> BotIdentity:
    if asked is None:
        return own_identity(own, path)
    named = named_identity(settings.characters_dir, asked)
    unused = next((entry for entry in own.identity.values() if entry.says_something), None)
    if unused is None:
        return named
    text = f"and the rest of this character are not used, because {asked.written} is set"
    return replace(named, notices=(*named.notices, unused.notice(text)))


def _first_of(settings: Settings, entries: Mapping[str, SettingEntry]) -> tuple[Settings, BotIdentity]:
    """Return the first playable one of active_personas, as if `character` named it; else its faults.

    Faults of the others are reported when they are loaded.
    """
    listed, found = entries.get("active_personas"), BotIdentity()
    if listed is None or not settings.use_persona_system:
        return settings, found
    for name in settings.active_personas:
        if name.lower() == "all":
            continue
        tried = named_identity(settings.characters_dir, replace(listed, value=name))
        if tried.character is not None:
            return settings.model_copy(update={"character": name}), tried
        if not found.character_faults:
            found = BotIdentity(character_faults=(*tried.faults, *tried.character_faults))
    return settings, found


def _read(path: Path | None) -> EnvFile:
    if path is None or not os.path.lexists(path):
        return EnvFile("")
    return read_env(path)


def _files(*files: EnvFile) -> tuple[str, ...]:
    return tuple(file.path for file in files if file.path)
