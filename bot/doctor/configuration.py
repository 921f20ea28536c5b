"""Whether the settings and the character can be used, and which settings have no effect yet."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from bot.claude.tokens import TokenEstimate
from bot.doctor.finding import Finding
from bot.envfile import Fault, Notice, read_env
from bot.settings import SECRETS, Loaded, SettingsError, pending
from personas.character import is_placeholder

LONG_PROMPT_TOKENS = 8_000
SETUP = "Run: python main.py setup"
_ANYBODY_ELSE = stat.S_IRWXG | stat.S_IRWXO


def settings_faults(error: SettingsError) -> list[Finding]:
    """Return a problem for every fault; what depends on the settings is then not looked at."""
    return [
        *_faults("settings.value", error.faults),
        *_notices(error.notices),
        Finding("settings.rest", "skipped", "Everything else is not checked until these are mended."),
    ]


def settings_findings(loaded: Loaded, *, config: Path) -> list[Finding]:
    """Return which files were read, the notices, and the keys that wait for their feature."""
    return [
        _files(loaded, config),
        *_notices(loaded.notices),
        *_pending(loaded),
        *_open_to_others(loaded),
    ]


def character_findings(loaded: Loaded) -> list[Finding]:
    """Return who will be played, or everything that stands in the way of it."""
    if loaded.character_faults:
        return _faults("character.words", loaded.character_faults)
    character = loaded.character
    if character is None:
        mend = f"Write character=nyx into config.env, or: {SETUP[5:]}"
        return [Finding("character.choice", "problem", "No character is configured.", mend)]
    tokens = TokenEstimate()(character.core_prompt)
    sentence = f"{character.name} ({character.slug}); the prompt is about {tokens:,} tokens."
    if tokens > LONG_PROMPT_TOKENS:
        mend = "Shorten core_prompt: every reply reads it."
        return [Finding("character.choice", "notice", sentence, mend)]
    return [Finding("character.choice", "ok", sentence)]


def _faults(check: str, faults: Iterable[Fault]) -> list[Finding]:
    return [
        Finding(check, "problem", str(Notice(one.path, one.line, one.wrong, one.key)), one.mend)
        for one in faults
    ]


def _notices(notices: Iterable[Notice]) -> list[Finding]:
    return [Finding("settings.notice", "notice", str(notice)) for notice in notices]


def _files(loaded: Loaded, config: Path) -> Finding:
    if loaded.files:
        return Finding("settings.files", "ok", f"Read: {', '.join(loaded.files)}.")
    return Finding("settings.files", "notice", f"There is no {config}: every setting has its default.", SETUP)


def _pending(loaded: Loaded) -> list[Finding]:
    keys: dict[str, list[str]] = {}
    for key, feature in pending(loaded).items():
        keys.setdefault(feature, []).append(key)
    return [
        Finding("settings.pending", "notice", f"Not yet in effect ({feature}): {', '.join(sorted(names))}.")
        for feature, names in keys.items()
    ]


def _open_to_others(loaded: Loaded) -> list[Finding]:
    """Return a notice for each file whose secrets other users of the machine may read (faults D16)."""
    if os.name != "posix" or not loaded.explicit.intersection(SECRETS):
        return []
    return [
        Finding(
            "settings.mode",
            "notice",
            f"{name} can be read by other users of this machine.",
            f"Run: chmod 600 {name}",
        )
        for name in loaded.files
        if _holds_secrets(Path(name)) and Path(name).stat().st_mode & _ANYBODY_ELSE
    ]


def _holds_secrets(path: Path) -> bool:
    return any(
        key.lower() in SECRETS and value.strip() and not is_placeholder(value)
        for key, value in read_env(path).values.items()
    )
