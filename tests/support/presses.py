"""What several tests stand on: presses."""

from types import SimpleNamespace
from typing import Any

import discord

from tests.support.discord import World


class Pressed:
    """A press or a form that somebody sends off, as the gateway brings it."""

    def __init__(self, w: World, custom_id: str, who: int, *, form: bool = False) -> None:
        kind = discord.InteractionType
        self.custom_id, self.data = custom_id, {"custom_id": custom_id}
        self.type = kind.modal_submit if form else kind.component
        self.user, self.guild_id = SimpleNamespace(id=who), w.guild.id
        self.permissions = discord.Permissions.none()
        self.message, self.id, self.said = None, 1, list[str]()
        self.locale = discord.Locale.american_english
        self.response = SimpleNamespace(
            is_done=lambda: False, send_message=self._say, defer=self._never, edit_message=self._never
        )

    async def _say(self, text: str, **options: Any) -> None:
        assert options["ephemeral"]
        self.said.append(text)

    async def _never(self, **_: Any) -> None:
        raise AssertionError("it was let through")
