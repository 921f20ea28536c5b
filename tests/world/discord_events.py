"""Events of the gateway, and the intents that a bot must have asked for to hear them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.world.discord_accounts import BotAccount


class Intent(IntFlag):
    """Discord's intents, as far as this world has events for them."""

    NONE = 0
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT


@dataclass(frozen=True)
class Event:
    """One dispatch `to` some bots: `bare` is what those without the message content intent get."""

    name: str
    payload: dict[str, Any]
    to: Sequence[BotAccount]
    intent: Intent = Intent.NONE
    guild_id: int | None = None
    bare: dict[str, Any] | None = None

    def shard(self, shards: int) -> int:
        """Return which of so many shards hears this; direct messages are the first one's."""
        return 0 if self.guild_id is None else (self.guild_id >> 22) % shards


def message_intent(guild_id: int | None) -> Intent:
    """Return the intent that messages of this place need."""
    return Intent.DIRECT_MESSAGES if guild_id is None else Intent.GUILD_MESSAGES


def reaction_intent(guild_id: int | None) -> Intent:
    """Return the intent that reactions in this place need."""
    if guild_id is None:
        return Intent.DIRECT_MESSAGE_REACTIONS
    return Intent.GUILD_MESSAGE_REACTIONS


def typing_intent(guild_id: int | None) -> Intent:
    """Return the intent that typing in this place needs."""
    return Intent.DIRECT_MESSAGE_TYPING if guild_id is None else Intent.GUILD_MESSAGE_TYPING
