"""The places of the loopback Discord and the people in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from tests.world.discord_events import PRIVILEGED, Event, Intent
from tests.world.discord_messages import Webhook
from tests.world.discord_objects import (
    BOT_PERMISSIONS,
    ORDINARY_PERMISSIONS,
    Channel,
    Guild,
    Json,
    Member,
    Role,
    User,
)
from tests.world.discord_payloads import guild_create_payload
from tests.world.discord_snowflakes import Snowflakes
from tests.world.discord_waiting import Waiting

if TYPE_CHECKING:
    from tests.world.discord_world import World

BOT_TOKEN = "loopback.bot.token"
DAY = 86_400


class Places(Waiting):
    """Users, guilds, channels and webhooks; whatever changes is announced to the gateway."""

    def __init__(
        self,
        *,
        bot_name: str = "Masquerade",
        token: str = BOT_TOKEN,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.clock = clock
        self.token = token
        self.base_url = ""
        self.snowflakes = Snowflakes(clock)
        self.privileged = PRIVILEGED
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.commands: dict[int | None, list[Json]] = {}
        self.command_syncs: list[tuple[int | None, list[Json]]] = []
        self.application_id = self.snowflakes.make(clock() - 2 * DAY)
        self.owner = self.add_user("operator")
        self.bot = self.add_user(bot_name, bot=True, user_id=self.application_id)

    @property
    def gateway_url(self) -> str:
        """Return the websocket's address."""
        return self.base_url.replace("http", "ws", 1) + "/gateway/"

    @property
    def application_flags(self) -> int:
        """Return the application's flags, which say the privileged intents it was given."""
        limited = {
            Intent.GUILD_PRESENCES: 1 << 13,
            Intent.GUILD_MEMBERS: 1 << 15,
            Intent.MESSAGE_CONTENT: 1 << 19,
        }
        return sum(flag for intent, flag in limited.items() if intent & self.privileged)

    @property
    def reads_contents(self) -> bool:
        """Say whether the application was given the message content intent."""
        return bool(self.privileged & Intent.MESSAGE_CONTENT)

    @property
    def identify_count(self) -> int:
        """Return how often the bot has asked for a new session; the server knows."""
        return 0

    def dispatch(self, event: Event) -> None:
        """Announce an event; the server puts the gateway here."""

    def add_user(
        self, name: str, *, display_name: str | None = None, bot: bool = False, user_id: int | None = None
    ) -> User:
        """Make an account; `user_id` is made up when it is not given."""
        user = User(user_id or self.snowflakes.make(), name, self._world, display_name, bot)
        self.users[user.id] = user
        return user

    def add_guild(
        self, name: str = "Guild", *, owner: User | None = None, guild_id: int | None = None
    ) -> Guild:
        """Make a guild that the bot is in, and tell the bot when it is connected."""
        # A guild's shard follows from the millisecond of its id: guilds made in a row get
        # consecutive ones, so that they spread over shards.
        number = guild_id or self.snowflakes.make(self.clock() - DAY + len(self.guilds) / 1000)
        everyone = Role(number, "@everyone", ORDINARY_PERMISSIONS)
        guild = Guild(number, name, self._world, owner or self.owner, everyone, {number: everyone})
        self.guilds[number] = guild
        for user, permissions in ((guild.owner, None), (self.bot, BOT_PERMISSIONS)):
            self._join(guild, user, None, permissions)
        payload = guild_create_payload(guild, [guild.members[self.bot.id]])
        self.dispatch(Event("GUILD_CREATE", payload, Intent.GUILDS, number))
        return guild

    def add_text_channel(
        self, guild: Guild, name: str, *, topic: str | None = None, nsfw: bool = False
    ) -> Channel:
        """Make a text channel in a guild."""
        channel = Channel(self.snowflakes.make(), name, self._world, guild, topic=topic, nsfw=nsfw)
        channel.position = len(guild.channels)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.dispatch(Event("CHANNEL_CREATE", channel.payload(), Intent.GUILDS, guild.id))
        return channel

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with all that was said in it."""
        self.channels.pop(channel.id, None)
        if channel.guild is not None:
            channel.guild.channels.pop(channel.id, None)
            self.dispatch(Event("CHANNEL_DELETE", channel.payload(), Intent.GUILDS, channel.guild.id))

    def add_member(
        self, guild: Guild, user: User, *, nick: str | None = None, permissions: int | None = None
    ) -> Member:
        """Let a user join a guild."""
        member = self._join(guild, user, nick, permissions)
        payload = member.payload() | {"guild_id": str(guild.id)}
        self.dispatch(Event("GUILD_MEMBER_ADD", payload, Intent.GUILD_MEMBERS, guild.id))
        return member

    def rename(self, member: Member, nick: str | None) -> None:
        """Change a member's nickname."""
        member.nick = nick or None
        payload = member.payload() | {"guild_id": str(member.guild.id)}
        # A bot hears of its own changes without the members intent.
        intent = Intent.NONE if member.user is self.bot else Intent.GUILD_MEMBERS
        self.dispatch(Event("GUILD_MEMBER_UPDATE", payload, intent, member.guild.id))

    @property
    def _world(self) -> World:
        # The one class that is made of places is the world.
        return cast("World", self)

    def _join(self, guild: Guild, user: User, nick: str | None, permissions: int | None) -> Member:
        member = Member(user, guild, self.clock(), nick)
        if permissions is not None:
            member.roles.append(guild.add_role(f"{user.name}'s role", permissions=permissions))
        guild.members[user.id] = member
        return member

    def dm_with(self, user: User) -> Channel:
        """Return the direct messages between the bot and `user`, made when there are none."""
        if user.dm_channel is None:
            user.dm_channel = Channel(self.snowflakes.make(), user.name, self._world, recipient=user)
            self.channels[user.dm_channel.id] = user.dm_channel
        return user.dm_channel

    def add_webhook(
        self, channel: Channel, name: str, *, user: User | None = None, by_application: bool = True
    ) -> Webhook:
        """Make a webhook; with `by_application` False it is somebody else's."""
        number = self.snowflakes.make()
        owner = user or self.bot
        webhook = Webhook(number, name, f"hook-token-{number}", channel, owner, by_application)
        self.webhooks[number] = webhook
        return webhook
