"""Bot accounts: who a bot is to Discord, and what belongs to it alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.world.discord_events import PRIVILEGED, Intent
from tests.world.discord_objects import Channel, Json, User

if TYPE_CHECKING:
    from tests.world.discord_messages import Message

FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}


@dataclass(eq=False)
class BotAccount:
    """A bot's user with its application; `privileged` are the intents that the application was given.

    `dm_channels` are its direct messages by the other's id, `commands` its slash commands by the id of
    their guild (None: everywhere), `emojis` the application's own by their id.
    """

    user: User
    token: str
    privileged: Intent = PRIVILEGED
    identify_count: int = 0
    dm_channels: dict[int, Channel] = field(default_factory=dict, repr=False)
    commands: dict[int | None, list[Json]] = field(default_factory=dict, repr=False)
    emojis: dict[int, Json] = field(default_factory=dict, repr=False)
    command_syncs: list[tuple[int | None, list[Json]]] = field(default_factory=list, repr=False)

    @property
    def id(self) -> int:
        """Return the user's id."""
        return self.user.id

    @property
    def application_id(self) -> int:
        """Return the application's id, which Discord makes equal to its bot's."""
        return self.user.id

    @property
    def application_flags(self) -> int:
        """Return the application's flags, which say the privileged intents it was given."""
        return sum(flag for intent, flag in FLAGS.items() if intent & self.privileged)

    @property
    def reads_contents(self) -> bool:
        """Say whether the application was given the message content intent."""
        return bool(self.privileged & Intent.MESSAGE_CONTENT)

    def payload(self) -> Json:
        """Return the user object that a bot is shown of itself."""
        return self.user.payload() | {"verified": True, "mfa_enabled": True, "email": None}

    def is_shown(self, message: Message) -> bool:
        """Say whether this bot may read `message` without the message content intent."""
        return (
            message.channel.guild is None or message.author is self.user or self.id in message.mentions.users
        )
