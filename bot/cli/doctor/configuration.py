"""Checks of the settings and the characters."""

import asyncio
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.cli.doctor.finding import Finding
from bot.features.characters.library import BUNDLED, Library, frameworks_beside
from bot.features.characters.shelves import CharacterFaults, CharacterSource, sources_of
from bot.llm.types import TokenEstimate
from bot.settings import SECRETS, Loaded, SettingsError
from bot.settings.envfile import ConfigurationNotice, Fault, read_env
from bot.settings.identity import characters_in, find_character
from bot.settings.sources import did_you_mean
from personas.character import Character, is_placeholder
from personas.frameworks import DEFAULT_FRAMEWORK, read_frameworks

LONG_PROMPT_TOKENS = 8_000
SETUP = "Run: python main.py setup"
_ANYBODY_ELSE = stat.S_IRWXG | stat.S_IRWXO


def settings_faults(error: SettingsError) -> list[Finding]:
    """Return a problem for every fault; checks that depend on the settings are then skipped."""
    return [
        *_faults("settings.value", error.faults),
        *_notices(error.notices),
        Finding("settings.rest", "skipped", "Everything else is not checked until these are mended."),
    ]


def settings_findings(loaded: Loaded, *, config: Path) -> list[Finding]:
    """Return the files that were read, the notices, and the keys without effect yet."""
    return [
        _files(loaded, config),
        *_notices(loaded.notices),
        *_open_to_others(loaded),
    ]


def character_findings(loaded: Loaded) -> list[Finding]:
    """Return the character to be played, or every fault that prevents it."""
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


async def company_findings(loaded: Loaded) -> list[Finding]:
    """Return the further characters, and the faults of characters and frameworks."""
    settings = loaded.settings
    named = settings.active_personas if settings.use_persona_system else ()
    return [
        *_not_there(settings.characters_dir, named),
        *await _company(loaded, named),
        *await asyncio.to_thread(_frameworks, frameworks_beside(settings.characters_dir)),
    ]


def _not_there(folders: Path, named: Sequence[str]) -> list[Finding]:
    found = characters_in(folders)
    known = list(found)
    names = [] if [name.lower() for name in named] == ["all"] else named
    strangers = [name for name in names if find_character(found, name) is None]
    return [
        Finding(
            "character.company",
            "problem",
            f"active_personas names no character in {folders}: {name[:40]!r}{did_you_mean(name, known)}.",
            f"Known: {', '.join(known) or 'none'}.",
        )
        for name in strangers
    ]


async def _company(loaded: Loaded, named: Sequence[str]) -> list[Finding]:
    """Read all characters as the bot does, untrusted files in a separate process."""
    settings, character = loaded.settings, loaded.character
    library = Library(
        (),
        characters=settings.characters_dir,
        frameworks=frameworks_beside(settings.characters_dir),
        compiled=settings.data_dir / "compiled",
        pictures=settings.data_dir / "avatars",
    )
    first, *others = sources_of(
        characters=settings.characters_dir,
        character=settings.character,
        sheet=loaded.sheet,
        others=named,
        slug=character.slug if character else "",
    )
    if character:  # the first character's faults were reported already
        others.insert(0, first)
    played: list[tuple[CharacterSource, Character]] = []
    faults = []
    for source in others:
        try:
            role = await library.admit(source, primary=source is first)
        except CharacterFaults as error:
            faults += [Finding("character.company", "problem", line) for line in str(error).splitlines()]
        else:
            played.append((source, library.source_of(role.slug)))
    further = (
        [further_character.name for _, further_character in played[1:]] if character and not faults else []
    )
    told = [Finding("character.company", "ok", f"Further characters: {', '.join(further)}.")]
    frameworks = await asyncio.to_thread(_known_frameworks, frameworks_beside(settings.characters_dir))
    return [*(told if further else ()), *faults, *_unknown_frameworks(played, frameworks)]


def _known_frameworks(folder: Path) -> list[str]:
    return sorted(read_frameworks(BUNDLED).by_id.keys() | read_frameworks(folder).by_id.keys())


def _unknown_frameworks(
    played: Iterable[tuple[CharacterSource, Character]], known: Sequence[str]
) -> list[Finding]:
    """Return a problem for each character with an unknown framework."""
    return [
        Finding(
            "character.frameworks",
            "problem",
            f"{source.file or source.sheet or source.folder}: framework: there is no {character.framework!r}"
            f"{did_you_mean(character.framework, known)}; {DEFAULT_FRAMEWORK} takes its place.",
            f"Known: {', '.join(known)}.",
        )
        for source, character in played
        if character.framework and character.framework not in known
    ]


def _frameworks(folder: Path) -> list[Finding]:
    read, check = read_frameworks(folder), "character.frameworks"
    return [
        *(Finding(check, "problem", line) for text in read.faults for line in text.splitlines()),
        *(Finding(check, "notice", line) for text in read.notices for line in text.splitlines()),
    ]


def _faults(check: str, faults: Iterable[Fault]) -> list[Finding]:
    return [
        Finding(
            check,
            "problem",
            str(ConfigurationNotice(fault.path, fault.line, fault.wrong, fault.key)),
            fault.mend,
        )
        for fault in faults
    ]


def _notices(notices: Iterable[ConfigurationNotice]) -> list[Finding]:
    return [Finding("settings.notice", "notice", str(notice)) for notice in notices]


def _files(loaded: Loaded, config: Path) -> Finding:
    read = f"Read: {', '.join(loaded.files)}." if loaded.files else ""
    if loaded.from_environment and str(config) not in loaded.files:
        outside = f"Settings come from the environment; there is no {config} here."
        return Finding("settings.files", "ok", f"{outside} {read}".strip())
    if read:
        return Finding("settings.files", "ok", read)
    return Finding("settings.files", "notice", f"There is no {config}: every setting has its default.", SETUP)


def _open_to_others(loaded: Loaded) -> list[Finding]:
    """Return a notice for each file whose secrets other users of the machine can read (faults D16)."""
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
