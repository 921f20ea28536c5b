"""What several tests stand on: languages."""

from typing import Any

import pytest
import simcord.interactions

from bot.core.i18n import TABLES

LANGUAGES = sorted(path.stem for path in TABLES.glob("*.po"))


def speak_in(monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    """Let everybody's Discord, and every server, be in a language: the in-memory one knows English only."""
    made = simcord.interactions.base_payload

    def make(*arguments: Any, **named: Any) -> Any:
        record, payload = made(*arguments, **named)
        payload["locale"] = locale
        if "guild_locale" in payload:
            payload["guild_locale"] = locale
        return record, payload

    monkeypatch.setattr(simcord.interactions, "base_payload", make)


KNOWN = {
    *("Mira", "mira", "Tom", "Pixel", "Pix", "general", "Guild", "The", "anna", "gone"),
    *("hello", "UTC", "GMT", "Etc", "claude", "sonnet"),
}
"""Names of people, places, characters and models: they are called the same in every language."""
