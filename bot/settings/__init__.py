"""All settings of the bot: typed, frozen, documented, and read from hand-written files."""

from bot.settings.envfile import ConfigurationNotice, Fault
from bot.settings.identity import characters_in
from bot.settings.loading import Loaded, SettingsError, load_settings
from bot.settings.model import ALIASES, SECRETS, Settings

__all__ = [
    "ALIASES",
    "SECRETS",
    "ConfigurationNotice",
    "Fault",
    "Loaded",
    "Settings",
    "SettingsError",
    "characters_in",
    "load_settings",
]
