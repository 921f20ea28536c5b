"""The state of the loopback Discord and everything that can happen in it."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.world.discord_enclosures import Sticker, StickerKind, sticker_file
from tests.world.discord_events import (
    Event,
    Intent,
    message_intent,
    reaction_intent,
    typing_intent,
)
from tests.world.discord_files import Attachment, Upload
from tests.world.discord_interactions import Interactions
from tests.world.discord_mentions import pinged_by
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, Guild, Json, User
from tests.world.discord_payloads import emoji_payload, gateway_payload
from tests.world.discord_places import Places
from tests.world.discord_snowflakes import Moment, made_at
from tests.world.discord_voice import Voice


class World(Places):
    """A Discord in which people talk; whatever happens is announced to the gateway."""

    def __init__(self, *, nonce_window: float = 300.0, **places: Any) -> None:
        super().__init__(**places)
        self.nonce_window = nonce_window
        self.files: dict[str, Upload] = {}
        self.links_age = 0
        self.expired_status = 404
        self.messages: dict[int, Message] = {}
        self.interactions = Interactions(self)
        self.voice = Voice(self)
        self._nonces: dict[tuple[int, int, str], Message] = {}

    def post(
        self,
        channel: Channel,
        author: User,
        content: str,
        *,
        reference: Message | None = None,
        reference_id: int | None = None,
        allowed: Json | None = None,
        uploads: Sequence[Upload] = (),
        sent_at: Moment | None = None,
        **more: Any,
    ) -> Message:
        """Store a message and announce it; `more` are further fields of Message."""
        number = self.snowflakes.make(sent_at)
        content = content.strip()
        message = Message(
            number,
            channel,
            author,
            content,
            made_at(number),
            pinged_by(content, allowed, replied_to=_replied_to(reference)),
            attachments=tuple(self.attach(channel, upload) for upload in uploads),
            reference=reference,
            reference_id=reference.id if reference is not None else reference_id,
            allowed_mentions=allowed,
            **more,
        )
        if not message.is_ephemeral:
            self._keep(message)
        self.changed()
        return message

    def attach(self, channel: Channel, upload: Upload) -> Attachment:
        """Keep a file where the CDN finds it."""
        number = self.snowflakes.make()
        path = f"attachments/{channel.id}/{number}/{upload.filename}"
        self.files[path] = upload
        return Attachment(number, upload, path, self._world)

    def link_to(self, path: str) -> str:
        """Return a signed link to a file, as the CDN takes it until links expire."""
        return f"{self.base_url}/cdn/{path}?ex={self.links_age:08x}&is=0&hm=0"

    def expire_links(self, *, status: int = 404) -> None:
        """Let the CDN answer `status` to every link so far; a message that is fetched anew has good ones."""
        self.links_age += 1
        self.expired_status = status

    def add_sticker(self, name: str, body: bytes | Upload = b"", *, kind: StickerKind = "png") -> Sticker:
        """Make a sticker that people can send, and put its file where the CDN finds it."""
        file = body if isinstance(body, Upload) else sticker_file(kind, body)
        sticker = Sticker(self.snowflakes.make(), name, file, kind)
        self.files[sticker.path] = file
        return sticker

    def add_emoji(self, name: str, body: bytes = b"", *, animated: bool = False) -> str:
        """Make a custom emoji and return how it is written in a message."""
        number, ending = self.snowflakes.make(), "gif" if animated else "png"
        for each in (ending, "webp"):
            self.files[f"emojis/{number}.{each}"] = Upload(f"{name}.{ending}", body, f"image/{ending}")
        return f"<{'a' if animated else ''}:{name}:{number}>"

    def unfurl(self, message: Message, embeds: Sequence[Json]) -> None:
        """Show the previews of a message's links: an update of which its author knows nothing."""
        if not message.deleted:
            message.embeds = [*message.embeds, *embeds]
            self._announce("MESSAGE_UPDATE", message)
            self.changed()

    def _keep(self, message: Message) -> None:
        channel = message.channel
        if channel.guild is not None and message.webhook is None:
            self._welcome(channel.guild, message.author)
        insort(channel.messages, message, key=lambda each: each.id)
        self.messages[message.id] = message
        if message.nonce is not None:
            self._nonces[channel.id, message.author.id, str(message.nonce)] = message
        self._announce("MESSAGE_CREATE", message)

    def _welcome(self, guild: Guild, user: User) -> None:
        if user.id not in guild.members:
            self.add_member(guild, user)

    def posted_with(self, channel: Channel, author: User, nonce: str | int) -> Message | None:
        """Return what `author` posted in `channel` under `nonce` within the nonce window."""
        message = self._nonces.get((channel.id, author.id, str(nonce)))
        if message is None or self.clock() - message.sent_at > self.nonce_window:
            return None
        return message

    def edit(self, message: Message, **fields: Any) -> None:
        """Change fields of a message, `content` among them, and announce it."""
        if "content" in fields:
            message.edits.append(message.content)
            fields["content"] = (fields["content"] or "").strip()
            message.mentions = pinged_by(
                fields["content"], message.allowed_mentions, replied_to=_replied_to(message.reference)
            )
        for name, value in fields.items():
            setattr(message, name, value)
        message.edited_at = self.clock()
        if not message.is_ephemeral:
            self._announce("MESSAGE_UPDATE", message)
        self.changed()

    def delete(self, message: Message) -> None:
        """Delete a message and announce it."""
        self._forget(message)
        payload = _place(message) | {"id": str(message.id)}
        self._dispatch_in(message.channel, "MESSAGE_DELETE", payload, message_intent)

    def delete_all(self, messages: Iterable[Message]) -> None:
        """Delete messages of one channel in one event."""
        gone = list(messages)
        for message in gone:
            self._forget(message)
        payload = _place(gone[0]) | {"ids": [str(message.id) for message in gone]}
        self._dispatch_in(gone[0].channel, "MESSAGE_DELETE_BULK", payload, message_intent)

    def _forget(self, message: Message) -> None:
        message.deleted = True
        self.messages.pop(message.id, None)
        if message in message.channel.messages:
            message.channel.messages.remove(message)

    def react(self, message: Message, user: User, emoji: str) -> None:
        """Add a reaction."""
        users = message.reactions.setdefault(emoji, [])
        if user not in users:
            users.append(user)
            self._announce_reaction("MESSAGE_REACTION_ADD", message, user, emoji)

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        """Take a reaction back."""
        users = message.reactions.get(emoji, [])
        if user in users:
            users.remove(user)
            self._announce_reaction("MESSAGE_REACTION_REMOVE", message, user, emoji)
        if not users:
            message.reactions.pop(emoji, None)

    def begin_typing(self, channel: Channel, user: User) -> None:
        """Show that `user` types; a bot's own typing is not shown to itself."""
        channel.typed_at.append(self.clock())
        place: Json = {"channel_id": str(channel.id), "user_id": str(user.id)}
        payload = place | {"timestamp": int(self.clock())} | _guild_of(channel)
        if channel.guild is not None and user.id in channel.guild.members:
            payload["member"] = channel.guild.members[user.id].payload()
        self._dispatch_in(channel, "TYPING_START", payload, typing_intent, unseen_by=user)

    def _announce(self, name: str, message: Message) -> None:
        guild = message.channel.guild
        guild_id = guild.id if guild else None
        intent = message_intent(guild_id)
        for account in self.bots_in(message.channel):
            payload = gateway_payload(message, account)
            bare = None if account.is_shown(message) else gateway_payload(message, account, bare=True)
            self.dispatch(Event(name, payload, [account], intent, guild_id, bare))

    def _announce_reaction(self, name: str, message: Message, user: User, emoji: str) -> None:
        payload = _place(message) | {
            "message_id": str(message.id),
            "user_id": str(user.id),
            "emoji": emoji_payload(emoji),
            "burst": False,
            "type": 0,
            "message_author_id": str(message.author.id),
        }
        guild = message.channel.guild
        if guild is not None and user.id in guild.members:
            payload["member"] = guild.members[user.id].payload()
        self._dispatch_in(message.channel, name, payload, reaction_intent)

    def _dispatch_in(
        self,
        channel: Channel,
        name: str,
        payload: Json,
        intent: Callable[[int | None], Intent],
        *,
        unseen_by: User | None = None,
    ) -> None:
        guild_id = channel.guild.id if channel.guild else None
        bots = [each for each in self.bots_in(channel) if each.user is not unseen_by]
        self.dispatch(Event(name, payload, bots, intent(guild_id), guild_id))
        self.changed()


def _replied_to(original: Message | None) -> int | None:
    if original is None or original.deleted or original.webhook is not None:
        return None  # behind a webhook there is nobody who could be pinged
    return original.author.id


def _guild_of(channel: Channel) -> Json:
    return {"guild_id": str(channel.guild.id)} if channel.guild else {}


def _place(message: Message) -> Json:
    return {"channel_id": str(message.channel.id)} | _guild_of(message.channel)
