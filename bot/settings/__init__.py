"""Every setting of the bot: typed, frozen, documented, and read from files as people write them."""

from bot.settings.envfile import Fault, Notice
from bot.settings.identity import characters_in
from bot.settings.loading import Loaded, SettingsError, load_settings, pending
from bot.settings.model import ALIASES, NOT_YET, SECRETS, Settings

__all__ = [
    "ALIASES",
    "NOT_YET",
    "SECRETS",
    "Fault",
    "Loaded",
    "Notice",
    "Settings",
    "SettingsError",
    "characters_in",
    "load_settings",
    "pending",
]
