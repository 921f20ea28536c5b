"""Messages, and the webhooks that may have written them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.world.discord_enclosures import Poll, Sticker
from tests.world.discord_files import Attachment
from tests.world.discord_mentions import Mentions
from tests.world.discord_objects import Channel, Json, User

if TYPE_CHECKING:
    from tests.world.discord_accounts import BotAccount

EPHEMERAL = 64


@dataclass(eq=False)
class Webhook:
    """A webhook of a channel; `application_id` is None for one that no bot made."""

    id: int
    name: str
    token: str
    channel: Channel
    user: User
    application_id: int | None = None

    def payload(self, viewer: BotAccount | None = None) -> Json:
        """Return Discord's webhook object; only its maker is shown the token of a bot's webhook."""
        guild = self.channel.guild
        url = f"{self.channel.world.base_url}/api/v10/webhooks/{self.id}/{self.token}"
        is_foreign = viewer is not None and self.application_id not in (None, viewer.application_id)
        return {
            "id": str(self.id),
            "type": 1,
            "name": self.name,
            "avatar": None,
            "channel_id": str(self.channel.id),
            "guild_id": str(guild.id) if guild else None,
            "application_id": str(self.application_id) if self.application_id else None,
            "user": self.user.payload(),
        } | ({} if is_foreign else {"token": self.token, "url": url})


@dataclass(eq=False)
class Message:
    """A message; `pinged` is whom it would ping after allowed_mentions, `author` is shown as `alias`
    when a webhook wrote it under another name, `further` are fields of the payload that nothing here knows.

    `forwarded` is the message inside a forward as it was then, `original` the one that it was taken from.
    A reply that does not say `quotes` comes without the message replied to, as if Discord had not looked.
    """

    id: int
    channel: Channel = field(repr=False)
    author: User
    content: str
    sent_at: float
    mentions: Mentions = field(default_factory=Mentions)
    attachments: tuple[Attachment, ...] = ()
    embeds: list[Json] = field(default_factory=list)
    stickers: tuple[Sticker, ...] = ()
    poll: Poll | None = None
    forwarded: Message | None = field(default=None, repr=False)
    original: Message | None = field(default=None, repr=False)
    components: list[Json] = field(default_factory=list)
    reference: Message | None = field(default=None, repr=False)
    reference_id: int | None = None
    quotes: bool = True
    nonce: str | int | None = None
    flags: int = 0
    tts: bool = False
    edited_at: float | None = None
    edits: list[str] = field(default_factory=list)
    webhook: Webhook | None = field(default=None, repr=False)
    alias: str | None = None
    alias_avatar: str | None = None
    interaction: Json | None = field(default=None, repr=False)
    reactions: dict[str, list[User]] = field(default_factory=dict)
    deleted: bool = False
    allowed_mentions: Json | None = None
    only_for: User | None = field(default=None, repr=False)
    further: Json = field(default_factory=dict, repr=False)

    @property
    def pinged(self) -> frozenset[int]:
        """Return the ids of the users whom this message pings; everyone and roles not counted."""
        return frozenset(self.mentions.users)

    @property
    def sender_id(self) -> int:
        """Return the id of the author, or of the application whose webhook wrote this."""
        by_webhook = self.webhook.application_id if self.webhook is not None else None
        return by_webhook or self.author.id

    @property
    def is_ephemeral(self) -> bool:
        """Say whether only one user sees this."""
        return bool(self.flags & EPHEMERAL)

    def is_shown_to(self, user: User) -> bool:
        """Say whether somebody in the channel sees this: of ephemeral messages only the one they are for."""
        return not self.is_ephemeral or self.only_for is user

    def as_it_is(self) -> Message:
        """Return this message as a forward keeps it: later edits are not in it."""
        return replace(self.forwarded or self)
