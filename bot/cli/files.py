"""The settings files of a command, and their loading."""

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.settings import Loaded

CONFIG = Path("config.env")
CHARACTER_ENV = Path("character.env")


def load(arguments: Namespace, *, overrides: Mapping[str, str] | None = None) -> "Loaded":
    """Read the settings. Raises SettingsError with all faults at once."""
    from bot.settings import load_settings  # lazy: commands about cards don't need it

    overrides = _overrides(arguments) if overrides is None else overrides
    for path, usual in ((arguments.config, CONFIG), (arguments.character_env, CHARACTER_ENV)):
        if path != usual and not path.is_file():
            raise ConfigurationError(f"{path} is not there; name the file, or leave the option out.")
    return load_settings(arguments.config, arguments.character_env, os.environ, overrides=overrides)


def _overrides(arguments: Namespace) -> dict[str, str]:
    return {"character": arguments.character} if arguments.character else {}
