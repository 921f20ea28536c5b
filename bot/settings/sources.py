"""Sources of settings: files, the environment and the command line, with the keys that each may hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from bot.settings.envfile import ConfigurationNotice, EnvFile, Fault
from bot.settings.model import ALIASES, WITH_CHARACTER, Settings
from personas.character import IDENTITY_KEYS, is_placeholder

SETTING_KEYS = frozenset(Settings.model_fields) | frozenset(ALIASES)
LEGACY_KEYS = frozenset({"bot_usr_id"})
"""Keys of older character files that are not needed any more: Discord tells the bot its own id."""

ENVIRONMENT = "environment"
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class SettingEntry:
    """One key with its value and its source."""

    key: str
    value: str = field(repr=False)
    written: str
    path: str
    line: int | None = None

    @property
    def says_something(self) -> bool:
        """Whether the value is neither empty nor the sample's placeholder."""
        return bool(self.value.strip()) and not is_placeholder(self.value)

    def fault(self, wrong: str, mend: str) -> Fault:
        """Return a fault at the position of this entry."""
        return Fault(self.path, self.line, wrong, mend, self.written)

    def notice(self, text: str) -> ConfigurationNotice:
        """Return a notice at the position of this entry."""
        return ConfigurationNotice(self.path, self.line, text, self.written)


@dataclass
class SettingsSource:
    """The content of one source: settings, a character's words, and messages about them."""

    settings: dict[str, SettingEntry] = field(default_factory=dict)
    identity: dict[str, SettingEntry] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notices: list[ConfigurationNotice] = field(default_factory=list)


def config_sheet(file: EnvFile) -> SettingsSource:
    """Sort the keys of config.env: all settings are allowed, a character is not."""
    sheet = SettingsSource(faults=[*file.faults], notices=[*file.notices])
    for entry in _entries(file):
        if entry.key in SETTING_KEYS:
            sheet.settings[entry.key] = entry
        elif entry.key in IDENTITY_KEYS:
            mend = "move it there: characters are changed as a whole"
            sheet.faults.append(entry.fault("belongs in character.env", mend))
        else:
            sheet.notices.append(_unknown(entry, SETTING_KEYS))
    return sheet


def character_sheet(file: EnvFile, *, borrowed: bool) -> SettingsSource:
    """Sort the keys of a character.env: a character, and the two secrets and the log channel.

    A character file is often somebody else's. Technical keys are refused, so that it can't send the
    operator's key to another server or place files; in a `borrowed` one the accounts are ignored as well, so
    that it can't make the bot run, or report, under another's account.
    """
    sheet = SettingsSource(faults=[*file.faults], notices=[*file.notices])
    for entry in _entries(file):
        if entry.key in IDENTITY_KEYS:
            sheet.identity[entry.key] = entry
        elif entry.key in WITH_CHARACTER:
            _take_account(sheet, entry, borrowed=borrowed)
        elif entry.key in SETTING_KEYS:
            mend = "move it there: a character's file must not change how the program runs"
            sheet.faults.append(entry.fault("belongs in config.env", mend))
        elif entry.key not in LEGACY_KEYS:
            sheet.notices.append(_unknown(entry, [*IDENTITY_KEYS, *WITH_CHARACTER]))
    return sheet


def environment_sheet(environ: Mapping[str, str]) -> SettingsSource:
    """Select the settings in the environment, which contains many other variables; no faults."""
    sheet = SettingsSource()
    # Our own spelling has precedence, then capitals: one order on every machine.
    for written in sorted(environ, key=lambda name: (name != name.lower(), name)):
        entry = SettingEntry(written.lower(), _unquoted(environ[written]), written, ENVIRONMENT)
        if entry.key in SETTING_KEYS and entry.says_something:
            counts = sheet.settings.setdefault(entry.key, entry)
            if counts.value != entry.value:
                sheet.notices.append(entry.notice(f"is not used, because {counts.written} is set"))
    return sheet


def override_sheet(overrides: Mapping[str, str]) -> SettingsSource:
    """Sort the command line's settings; an empty value there means the default."""
    sheet = SettingsSource()
    for written, value in overrides.items():
        entry = SettingEntry(written.lower(), value, written, COMMAND_LINE)
        if entry.key in SETTING_KEYS:
            sheet.settings[entry.key] = entry
        else:
            mend = f"did you mean {_nearest(entry.key, SETTING_KEYS)}?"
            sheet.faults.append(entry.fault("is not a setting", mend))
    return sheet


def merge(overrides: SettingsSource, *others: SettingsSource) -> dict[str, SettingEntry]:
    """Return the effective entry of each key: the first sheet with a value wins.

    Empty values and placeholders count as not set, except in `overrides`, where they win too.
    """
    merged = dict(overrides.settings)
    for sheet in others:
        for key, entry in sheet.settings.items():
            if entry.says_something:
                merged.setdefault(key, entry)
    return {key: entry for key, entry in merged.items() if entry.says_something}


def resolve_aliases(
    entries: Mapping[str, SettingEntry],
) -> tuple[dict[str, SettingEntry], list[ConfigurationNotice]]:
    """Put aliases under the setting's own name if that is not set itself."""
    resolved = {key: entry for key, entry in entries.items() if key not in ALIASES}
    notices = []
    for alias, key in ALIASES.items():
        entry = entries.get(alias)
        if entry is None:
            continue
        if resolved.setdefault(key, entry) is not entry:
            notices.append(entry.notice(f"is not used, because {key} is set"))
    return resolved, notices


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean X?)` with the nearest known word, or nothing."""
    nearest = _nearest(word, known, cutoff=0.6)
    return f" (did you mean {nearest}?)" if nearest else ""


def _nearest(word: str, known: Iterable[str], *, cutoff: float = 0.0) -> str:
    # Long words make the comparison slow, and no key is that long.
    found = get_close_matches(word[:80], sorted(known), n=1, cutoff=cutoff)
    return found[0] if found else ""


def _entries(file: EnvFile) -> Sequence[SettingEntry]:
    return [
        SettingEntry(written.lower(), value, written, file.path, file.lines[written])
        for written, value in file.values.items()
    ]


def _unquoted(value: str) -> str:
    """Remove one pair of quotes: `docker run --env-file` passes them on."""
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value


def _take_account(sheet: SettingsSource, entry: SettingEntry, *, borrowed: bool) -> None:
    if not borrowed:
        sheet.settings[entry.key] = entry
    elif entry.says_something:
        text = "is not used: accounts come from config.env, ./character.env or the environment"
        sheet.notices.append(entry.notice(text))


def _unknown(entry: SettingEntry, known: Iterable[str]) -> ConfigurationNotice:
    return entry.notice(f"is not a key that is read here{did_you_mean(entry.key, known)}")
