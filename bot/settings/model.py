"""All settings in one frozen value, and the tables of aliases and of obsolete keys."""

from collections.abc import Mapping
from typing import Self, cast
from urllib.parse import unquote, urlsplit

from pydantic import PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from bot.settings.behaviour import (
    CharacterSettings,
    MemorySettings,
    PerceptionSettings,
    PersonaSettings,
    ReplySettings,
    SafetySettings,
    TypingSettings,
    VoiceSettings,
)
from bot.settings.running import (
    AccountSettings,
    BudgetSettings,
    ConsoleSettings,
    DiscordSettings,
    LocalVoiceSettings,
    ModelSettings,
    MonitoringSettings,
    Section,
    StorageSettings,
)
from bot.settings.values import at_server


class Settings(
    AccountSettings,
    CharacterSettings,
    ModelSettings,
    BudgetSettings,
    LocalVoiceSettings,
    DiscordSettings,
    ReplySettings,
    TypingSettings,
    MemorySettings,
    PersonaSettings,
    SafetySettings,
    PerceptionSettings,
    VoiceSettings,
    MonitoringSettings,
    ConsoleSettings,
    StorageSettings,
):
    """All settings, typed, with defaults; frozen; unknown keys are rejected."""

    @property
    def explicit(self) -> frozenset[str]:
        """The keys that the operator set, as opposed to those at their default."""
        return frozenset(self.model_fields_set)

    @property
    def console_has_metrics(self) -> bool:
        """Whether the console's port also serves the metrics."""
        return bool(self.console_port) and self.console_port == self.metrics_port

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    def noting(self, sources: Mapping[str, str]) -> Self:
        """Record the sources of keys."""
        self._sources.update(sources)
        return self

    def source_of(self, key: str) -> str:
        """Return the source of a key: a file and its line, the environment, or the default."""
        return self._sources.get(key, "set" if key in self.explicit else "default")

    @property
    def keyed_servers(self) -> tuple[str, ...]:
        """The servers that other_server_key is for: those with https://, else those without."""
        addresses = dict.fromkeys(at_server(getattr(self, key))[1] for key in EXPERTS)
        found = [urlsplit(address) for address in addresses if address not in ("", self.anthropic_base_url)]
        found = [url for url in found if url.scheme == "https"] or found
        return tuple(dict.fromkeys(url.netloc for url in found))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never be shown, in their spelling; of an address also the password alone."""
        written = [getattr(self, key).get_secret_value() for key in SECRETS]
        password = urlsplit(self.database_url.get_secret_value()).password or ""
        return tuple(secret for secret in (*written, password, unquote(password)) if secret)

    @model_validator(mode="after")
    def _shortest_before_longest(self) -> Self:
        for low, high in (
            ("min_typing_time", "max_typing_time"),
            ("burst_quiet_seconds", "burst_max_seconds"),
        ):
            least, most = getattr(self, low), getattr(self, high)
            if least > most:
                context = {
                    "keys": (low, high),
                    "wrong": f"is {least:g}, more than {high}, which is {most:g}",
                    "mend": f"write {low}={most:g} or less, or raise {high}",
                }
                raise PydanticCustomError("setting", "{wrong}", context)
        return self

    @model_validator(mode="after")
    def _one_server_for_a_key(self) -> Self:
        """Refuse a key for two servers: each would learn the other's."""
        if len(self.keyed_servers) > 1 and self.other_server_key.get_secret_value():
            context = {
                "keys": ("other_server_key", *EXPERTS),
                "wrong": f"would be sent to several servers, {' and '.join(self.keyed_servers)}",
                "mend": "name models of one such server alone, or leave the key out",
            }
            raise PydanticCustomError("setting", "{wrong}", context)
        return self


SECTIONS = cast("tuple[type[Section], ...]", Settings.__bases__)
"""The sections, in the order of files and pages."""
EXPERTS = ("sel_general_model", "sel_coder_model", "vision_model")
"""Keys that name a model for some replies, and may name another server for it."""

SECRETS = ("anthropic_api_key", "other_server_key", "discord_token", "database_url")
"""Keys whose value is never shown."""

UNSHOWN = frozenset({*SECRETS, "anthropic_base_url", *EXPERTS})
"""Keys whose value may hold a password and must not appear in messages."""

WITH_CHARACTER = ("anthropic_api_key", "discord_token", "log_channel")
"""The settings that a character.env may hold besides the character itself."""

ALIASES = {
    "sel_max_new_tokens": "default_max_tokens",
    "sel_stream": "stream_replies",
    "activity_routing_enabled": "context_routing_enabled",
}
"""Aliases of settings; each counts only if the setting's own name is not set."""

ELSEWHERE = {
    "sel_quant": "has no effect: choose a model file with the quantisation you want",
    "sel_single_backend": "has no effect: the local server loads and swaps models itself",
    "sel_compile": "has no effect: the local server picks its own kernels",
    "save_interval_minutes": "has no effect: everything is saved the moment it happens",
}
"""Keys of older programs that have no effect now."""
