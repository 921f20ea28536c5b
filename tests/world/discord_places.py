"""The places of the loopback Discord and the people in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from tests.world.discord_accounts import BotAccount
from tests.world.discord_events import Event, Intent
from tests.world.discord_messages import Webhook
from tests.world.discord_objects import Channel, Guild, Json, Member, User
from tests.world.discord_payloads import guild_create_payload
from tests.world.discord_roles import BOT_PERMISSIONS, ORDINARY_PERMISSIONS, Role
from tests.world.discord_snowflakes import Snowflakes
from tests.world.discord_waiting import Waiting

if TYPE_CHECKING:
    from tests.world.discord_world import World

BOT_TOKEN = "loopback.bot.token"
DAY = 86_400


class Places(Waiting):
    """Users, bots, guilds, channels and webhooks; whatever changes is announced to the gateway.

    There is always a first bot: `first_bot` is its account, `bot` its user, and `token` and the other
    names without a bot's mean that account.
    """

    def __init__(
        self,
        *,
        bot_name: str = "Masquerade",
        token: str = BOT_TOKEN,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.clock = clock
        self.base_url = ""
        self.snowflakes = Snowflakes(clock)
        self.users: dict[int, User] = {}
        self.bots: dict[int, BotAccount] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.owner = self.add_user("operator")
        self.first_bot = self.add_bot(bot_name, token=token)
        self.bot = self.first_bot.user

    @property
    def gateway_url(self) -> str:
        """Return the websocket's address."""
        return self.base_url.replace("http", "ws", 1) + "/gateway/"

    @property
    def token(self) -> str:
        """Return the first bot's token; a new one makes the old one unknown."""
        return self.first_bot.token

    @token.setter
    def token(self, token: str) -> None:
        self.first_bot.token = token

    @property
    def application_id(self) -> int:
        """Return the id of the first bot's application."""
        return self.first_bot.application_id

    @property
    def privileged(self) -> Intent:
        """Return the privileged intents that the first bot's application was given."""
        return self.first_bot.privileged

    @privileged.setter
    def privileged(self, intents: Intent) -> None:
        self.first_bot.privileged = intents

    @property
    def command_syncs(self) -> list[tuple[int | None, list[Json]]]:
        """Return what the first bot has synced, oldest first: a guild's id or None, and its commands."""
        return self.first_bot.command_syncs

    def account_with(self, token: object) -> BotAccount | None:
        """Return whose token this is."""
        return next((each for each in self.bots.values() if each.token == token), None)

    def bots_in(self, place: Guild | Channel) -> list[BotAccount]:
        """Return the bots that are in a guild, in a channel's guild, or in the direct messages."""
        if isinstance(place, Channel) and place.guild is None:
            return [place.bot] if place.bot is not None else []
        guild = place.guild if isinstance(place, Channel) else place
        return [each for each in self.bots.values() if guild is not None and each.id in guild.members]

    def dispatch(self, event: Event) -> None:
        """Announce an event; the server puts the gateway here."""

    def add_user(
        self, name: str, *, display_name: str | None = None, bot: bool = False, user_id: int | None = None
    ) -> User:
        """Make an account; `user_id` is made up when it is not given."""
        user = User(user_id or self.snowflakes.make(), name, self._world, display_name, bot)
        self.users[user.id] = user
        return user

    def add_bot(
        self, name: str, *, token: str | None = None, guilds: Iterable[Guild] | None = None
    ) -> BotAccount:
        """Make a bot's account and let it join `guilds`, by default all that there are."""
        number = self.snowflakes.make(self.clock() - 2 * DAY)
        user = self.add_user(name, bot=True, user_id=number)
        account = BotAccount(user, token or f"loopback.{number}.token")
        self.bots[number] = account
        for guild in list(self.guilds.values()) if guilds is None else guilds:
            self.add_member(guild, user)
        return account

    def add_guild(
        self,
        name: str = "Guild",
        *,
        owner: User | None = None,
        guild_id: int | None = None,
        bots: Iterable[BotAccount] | None = None,
    ) -> Guild:
        """Make a guild with `bots` in it, by default all that there are, and tell them."""
        # A guild's shard follows from the millisecond of its id: guilds made in a row get
        # consecutive ones, so that they spread over shards.
        number = guild_id or self.snowflakes.make(self.clock() - DAY + len(self.guilds) / 1000)
        everyone = Role(number, "@everyone", ORDINARY_PERMISSIONS)
        guild = Guild(number, name, self._world, owner or self.owner, everyone, {number: everyone})
        self.guilds[number] = guild
        self._join(guild, guild.owner, None, None)
        for account in self.bots.values() if bots is None else bots:
            self._join(guild, account.user, None, None)
        for account in self.bots_in(guild):
            self._show(guild, account)
        return guild

    def _show(self, guild: Guild, account: BotAccount) -> None:
        payload = guild_create_payload(guild, account)
        self.dispatch(Event("GUILD_CREATE", payload, [account], Intent.GUILDS, guild.id))

    def add_text_channel(
        self, guild: Guild, name: str, *, topic: str | None = None, nsfw: bool = False, voice: bool = False
    ) -> Channel:
        """Make a text channel in a guild, or a voice channel."""
        number = self.snowflakes.make()
        channel = Channel(number, name, self._world, guild, topic=topic, nsfw=nsfw, voice=voice)
        channel.position = len(guild.channels)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        bots = self.bots_in(guild)
        self.dispatch(Event("CHANNEL_CREATE", channel.payload(), bots, Intent.GUILDS, guild.id))
        return channel

    def add_thread(self, parent: Channel, name: str) -> Channel:
        """Make a public thread in a text channel and tell the bots of it."""
        assert parent.guild is not None
        thread = Channel(self.snowflakes.make(), name, self._world, parent.guild, parent=parent)
        parent.guild.threads[thread.id] = self.channels[thread.id] = thread
        payload, bots = thread.payload() | {"newly_created": True}, self.bots_in(parent)
        self.dispatch(Event("THREAD_CREATE", payload, bots, Intent.GUILDS, parent.guild.id))
        return thread

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel with all that was said in it."""
        self.channels.pop(channel.id, None)
        guild = channel.guild
        if guild is not None:
            guild.channels.pop(channel.id, None)
            bots = self.bots_in(guild)
            self.dispatch(Event("CHANNEL_DELETE", channel.payload(), bots, Intent.GUILDS, guild.id))

    def add_member(
        self, guild: Guild, user: User, *, nick: str | None = None, permissions: int | None = None
    ) -> Member:
        """Let a user join a guild; a bot that joins is sent the guild."""
        others = [each for each in self.bots_in(guild) if each.user is not user]
        member = self._join(guild, user, nick, permissions)
        for role in member.roles:
            made = {"guild_id": str(guild.id), "role": role.payload()}
            self.dispatch(Event("GUILD_ROLE_CREATE", made, others, Intent.GUILDS, guild.id))
        payload = member.payload() | {"guild_id": str(guild.id)}
        self.dispatch(Event("GUILD_MEMBER_ADD", payload, others, Intent.GUILD_MEMBERS, guild.id))
        if user.id in self.bots:
            self._show(guild, self.bots[user.id])
        return member

    def rename(self, member: Member, nick: str | None) -> None:
        """Change a member's nickname."""
        member.nick = nick or None
        payload = member.payload() | {"guild_id": str(member.guild.id)}
        for account in self.bots_in(member.guild):
            # A bot hears of its own changes without the members intent.
            intent = Intent.NONE if member.user is account.user else Intent.GUILD_MEMBERS
            self.dispatch(Event("GUILD_MEMBER_UPDATE", payload, [account], intent, member.guild.id))

    @property
    def _world(self) -> World:
        # The one class that is made of places is the world.
        return cast("World", self)

    def _join(self, guild: Guild, user: User, nick: str | None, permissions: int | None) -> Member:
        member = Member(user, guild, self.clock(), nick)
        if permissions is None and user.id in self.bots:
            permissions = BOT_PERMISSIONS
        if user.bot and permissions:
            member.roles.append(guild.add_role(user.name, permissions=permissions, bot_id=user.id))
        elif not user.bot and permissions is not None:
            member.roles.append(guild.add_role(f"{user.name}'s role", permissions=permissions))
        guild.members[user.id] = member
        return member

    def dm_with(self, user: User, bot: BotAccount | None = None) -> Channel:
        """Return the direct messages of a bot (the first by default) with `user`, made when needed."""
        account = bot or self.first_bot
        if user.id not in account.dm_channels:
            channel = Channel(self.snowflakes.make(), user.name, self._world, recipient=user, bot=account)
            account.dm_channels[user.id] = self.channels[channel.id] = channel
        return account.dm_channels[user.id]

    def add_webhook(
        self, channel: Channel, name: str, *, user: User | None = None, by_application: bool = True
    ) -> Webhook:
        """Make a webhook of the bot that `user` is, or else the first; or of no bot's application."""
        number = self.snowflakes.make()
        owner = user or self.bot
        account = self.bots.get(owner.id, self.first_bot)
        application_id = account.application_id if by_application else None
        webhook = Webhook(number, name, f"hook-token-{number}", channel, owner, application_id)
        self.webhooks[number] = webhook
        return webhook
