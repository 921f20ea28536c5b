"""Who and what a Discord consists of: users, guilds, members, roles and channels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.world.discord_enclosures import HAS_SNAPSHOT, IS_VOICE_MESSAGE, Poll, Sticker
from tests.world.discord_files import Upload
from tests.world.discord_roles import ADMINISTRATOR, ORDINARY_PERMISSIONS, Role
from tests.world.discord_snowflakes import Moment, made_at, timestamp

if TYPE_CHECKING:
    from tests.world.discord_accounts import BotAccount
    from tests.world.discord_interactions import Interaction
    from tests.world.discord_messages import Message
    from tests.world.discord_world import World

Json = dict[str, Any]


@dataclass(eq=False)
class User:
    """Somebody with an account; the methods that speak are what people do in a test.

    `blocks_bot` makes every bot meet 50007.
    """

    id: int
    name: str
    world: World = field(repr=False)
    display_name: str | None = None
    bot: bool = False
    blocks_bot: bool = False
    avatar: str | None = None

    @property
    def mention(self) -> str:
        """Return the text that mentions this user."""
        return f"<@{self.id}>"

    @property
    def dm_channel(self) -> Channel | None:
        """Return the direct messages with the first bot, if there are any."""
        return self.world.first_bot.dm_channels.get(self.id)

    def payload(self) -> Json:
        """Return Discord's user object."""
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": self.display_name,
            "avatar": self.avatar,
            "bot": self.bot,
            "system": False,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
        }

    async def say(
        self,
        channel: Channel,
        text: str = "",
        *,
        reply_to: Message | None = None,
        ping_reply: bool = True,
        quotes: bool = True,
        mentions: Sequence[User] = (),
        attachments: Sequence[Upload] = (),
        stickers: Sequence[Sticker] = (),
        voice: Upload | None = None,
        forward: Message | None = None,
        poll: Poll | None = None,
        embeds: Sequence[Json] = (),
        previews: Sequence[Json] = (),
        previews_after: float = 1.0,
        sent_at: Moment | None = None,
    ) -> Message:
        """Post a message; whoever in `mentions` the text does not name yet is put before it.

        `embeds` are there at once, the `previews` of links only after so many seconds. A reply to what was
        deleted says so; one that does not say `quotes` comes without the message it replies to. `voice` is a
        `voice_message(…)`, and with it or a `forward` there are no words.
        """
        if text and (voice is not None or forward is not None):
            raise ValueError("Discord has no words beside a voice message or a forward")
        missing = [user.mention for user in mentions if user.mention not in text]
        posted = self.world.post(
            channel,
            self,
            " ".join([*missing, text]),
            reference=reply_to,
            quotes=quotes,
            allowed=None if ping_reply else {"parse": ["users", "roles", "everyone"]},
            uploads=attachments if voice is None else [voice],
            sent_at=sent_at,
            stickers=tuple(stickers),
            poll=poll,
            embeds=list(embeds),
            flags=_flags(voice, forward),
            forwarded=None if forward is None else forward.as_it_is(),
            original=forward,
        )
        if previews:
            loop = asyncio.get_running_loop()
            loop.call_later(previews_after, self.world.unfurl, posted, list(previews))
        return posted

    async def dm(self, text: str = "", *, to: BotAccount | None = None, **how: Any) -> Message:
        """Say something to a bot (the first by default) in private; opens the channel when there is none.

        Nothing announces the channel: since v8 of the API Discord sends bots no CHANNEL_CREATE for
        direct messages.
        """
        return await self.say(self.world.dm_with(self, to), text, **how)

    async def edit(self, message: Message, text: str) -> None:
        """Change what a message of one's own says."""
        self.world.edit(message, content=text)

    async def delete(self, message: Message) -> None:
        """Take a message back."""
        self.world.delete(message)

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        self.world.react(message, self, emoji)

    async def unreact(self, message: Message, emoji: str) -> None:
        """Take a reaction back."""
        self.world.unreact(message, self, emoji)

    async def type(self, channel: Channel) -> None:
        """Begin to type."""
        self.world.begin_typing(channel, self)

    async def use_command(
        self, channel: Channel, name: str, /, *, of: BotAccount | None = None, **options: Any
    ) -> Interaction:
        """Use a slash command ("group sub" for a subcommand) of a bot, by default the first that has it."""
        return self.world.interactions.use_command(self, channel, name, options, of=of)

    async def press(
        self, message: Message, custom_id: str, values: Sequence[str] | None = None
    ) -> Interaction:
        """Press a button of a message that the user sees, or choose `values` in its select menu."""
        return self.world.interactions.press(self, message, custom_id, values)

    async def submit(self, opened: Interaction, **written: str) -> Interaction:
        """Fill in the modal that an interaction was answered with, by custom_id, and submit it."""
        return self.world.interactions.submit(self, opened, written)

    async def use_menu(self, message: Message, name: str, *, of: BotAccount | None = None) -> Interaction:
        """Choose a command in the context menu of a message."""
        return self.world.interactions.use_menu(self, message, message.channel, name, of)


@dataclass(eq=False)
class Member:
    """A user in a guild."""

    user: User
    guild: Guild = field(repr=False)
    joined_at: float
    nick: str | None = None
    roles: list[Role] = field(default_factory=list)

    def permissions(self) -> int:
        """Return what the member may do, as Discord's bits."""
        if self.guild.owner is self.user:
            return ADMINISTRATOR | ORDINARY_PERMISSIONS
        bits = self.guild.everyone.permissions
        for role in self.roles:
            bits |= role.permissions
        return bits

    def payload(self, *, user: bool = True) -> Json:
        """Return Discord's member object, with the user inside or without."""
        fields: Json = {
            "nick": self.nick,
            "roles": [str(role.id) for role in self.roles],
            "joined_at": timestamp(self.joined_at),
            "premium_since": None,
            "communication_disabled_until": None,
            "avatar": None,
            "banner": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        return fields | {"user": self.user.payload()} if user else fields


@dataclass(eq=False)
class Guild:
    """A server, as people call it, with its channels and members."""

    id: int
    name: str
    world: World = field(repr=False)
    owner: User
    everyone: Role
    roles: dict[int, Role] = field(default_factory=dict, repr=False)
    members: dict[int, Member] = field(default_factory=dict, repr=False)
    channels: dict[int, Channel] = field(default_factory=dict, repr=False)
    threads: dict[int, Channel] = field(default_factory=dict, repr=False)
    voice_states: dict[int, Json] = field(default_factory=dict, repr=False)

    def add_text_channel(self, name: str, *, topic: str | None = None, nsfw: bool = False) -> Channel:
        """Make a text channel and tell the bot of it."""
        return self.world.add_text_channel(self, name, topic=topic, nsfw=nsfw)

    def add_voice_channel(self, name: str) -> Channel:
        """Make a voice channel, which people also write in, and tell the bot of it."""
        return self.world.add_text_channel(self, name, voice=True)

    def add_role(self, name: str, *, permissions: int = 0, bot_id: int | None = None) -> Role:
        """Make a role; to be called before the bot connects, for nobody is told."""
        role = Role(self.world.snowflakes.make(), name, permissions, len(self.roles), bot_id)
        self.roles[role.id] = role
        return role

    def add_member(self, user: User, *, nick: str | None = None, permissions: int | None = None) -> Member:
        """Let `user` join, with a role of its own when `permissions` are given; the bots are told.

        A bot's own role is a managed one. Our bots have the usual permissions by default, and with 0,
        as bots invited without any, no role.
        """
        return self.world.add_member(self, user, nick=nick, permissions=permissions)

    def payload(self) -> Json:
        """Return Discord's guild object, without channels and members."""
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "banner": None,
            "description": None,
            "features": [],
            "emojis": [],
            "stickers": [],
            "roles": [role.payload() for role in self.roles.values()],
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "preferred_locale": "en-US",
            "vanity_url_code": None,
            "approximate_member_count": len(self.members),
        }


@dataclass(eq=False)
class Channel:
    """A channel of a guild, a thread in one (its `parent`), or a bot's direct messages with one user.

    `bot_may_view` and `bot_may_send` turned off make REST answer every bot 50001 and 50013.
    """

    id: int
    name: str
    world: World = field(repr=False)
    guild: Guild | None = None
    recipient: User | None = None
    bot: BotAccount | None = None
    topic: str | None = None
    nsfw: bool = False
    position: int = 0
    voice: bool = False
    parent: Channel | None = None
    bot_may_view: bool = True
    bot_may_send: bool = True
    messages: list[Message] = field(default_factory=list, repr=False)
    typed_at: list[float] = field(default_factory=list, repr=False)

    @property
    def mention(self) -> str:
        """Return the text that names this channel."""
        return f"<#{self.id}>"

    @property
    def type(self) -> int:
        """Return Discord's number for this kind of channel."""
        if self.guild is None:
            return 1
        if self.parent is not None:
            return 11
        return 2 if self.voice else 0

    @property
    def texts(self) -> list[str]:
        """Return what the messages say, oldest first."""
        return [message.content for message in self.messages]

    def add_thread(self, name: str) -> Channel:
        """Make a public thread in this channel and tell the bots of it."""
        return self.world.add_thread(self, name)

    def said_by(self, user: User) -> list[Message]:
        """Return the messages of one user, oldest first."""
        return [message for message in self.messages if message.author is user]

    def payload(self) -> Json:
        """Return Discord's channel object."""
        last = str(self.messages[-1].id) if self.messages else None
        base: Json = {"id": str(self.id), "last_message_id": last, "flags": 0}
        if self.guild is None:
            recipients = [self.recipient.payload()] if self.recipient else []
            return base | {"type": self.type, "recipients": recipients}
        if self.parent is not None:
            return base | self._thread(self.parent)
        if self.voice:
            base |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
        return base | {
            "type": self.type,
            "guild_id": str(self.guild.id),
            "name": self.name,
            "topic": self.topic,
            "nsfw": self.nsfw,
            "position": self.position,
            "parent_id": None,
            "permission_overwrites": [],
            "rate_limit_per_user": 0,
        }

    def _thread(self, parent: Channel) -> Json:
        return {
            "type": self.type,
            "guild_id": str(parent.guild.id) if parent.guild else None,
            "name": self.name,
            "parent_id": str(parent.id),
            "owner_id": str(self.world.owner.id),
            "message_count": len(self.messages),
            "member_count": 1,
            "rate_limit_per_user": 0,
            "thread_metadata": {
                "archived": False,
                "auto_archive_duration": 1440,
                "archive_timestamp": timestamp(made_at(self.id)),
                "locked": False,
            },
        }


def _flags(voice: Upload | None, forward: Message | None) -> int:
    return (IS_VOICE_MESSAGE if voice is not None else 0) | (HAS_SNAPSHOT if forward is not None else 0)
